//go:build unix

package embedpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// Database is the database that Start makes sure exists, owned by Role.
	Database = "mailstamp"

	// Role is the ordinary role: it may make databases and roles, and
	// row-level security binds it.
	Role = "mailstamp"

	superuser = "postgres"
)

var (
	// ErrNoPostgreSQL says that a package must be installed; the text says which.
	ErrNoPostgreSQL = errors.New("PostgreSQL not found")

	// ErrInUse says that another process runs a server on the directory.
	ErrInUse = errors.New("another process uses this data directory")
)

// fallbackDir holds root's clusters whose wished place the server cannot reach.
const fallbackDir = "/var/lib/mailstamp"

// Options say where a server keeps its data and how it runs.
type Options struct {
	Dir     string       // absolute or relative; made when missing, kept between starts
	Port    int          // loopback TCP port; 0 picks a free one
	Durable bool         // false turns fsync off: fast, and lost with the machine. For tests
	Buffers string       // shared_buffers, like "1GB"; empty leaves PostgreSQL's own 128 MB
	Logger  *slog.Logger // nil discards
}

// Server is a running PostgreSQL that ends with this process.
type Server struct {
	cluster  *cluster
	port     int
	password string
	log      *slog.Logger

	process *os.Process
	done    chan struct{} // closed when the process is gone
	waitErr error         // how it went; read after done

	stop    sync.Once
	stopErr error
}

// Start finds PostgreSQL on this machine, makes a cluster in o.Dir when there
// is none, starts it and returns when it answers. ctx bounds the start, not the
// server's life.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	c, err := openCluster(o.Dir, fallbackDir)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, c, o, find(ctx, places, os.Getenv("PATH")))
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return s, nil
}

func start(ctx context.Context, c *cluster, o Options, found []binaries) (*Server, error) {
	have, err := c.major()
	if err != nil {
		return nil, err
	}
	bin, err := choose(found, have)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if have == 0 {
		if err := c.init(ctx, bin, o.Durable); err != nil {
			return nil, err
		}
	}
	if err := clearOrphan(c.data()); err != nil {
		return nil, err
	}
	s := &Server{cluster: c, log: o.Logger}
	if s.password, err = c.readPassword(); err != nil {
		return nil, err
	}
	if err := s.bindAndRun(ctx, bin, o); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.halt())
	}
	s.log.Info("postgresql started", "version", bin.major, "dir", c.dir, "port", s.port,
		"new", have == 0, "took_ms", time.Since(began).Milliseconds())
	return s, nil
}

// bindAndRun starts the server on its port, or on a free one, trying again
// when somebody else took that port meanwhile.
func (s *Server) bindAndRun(ctx context.Context, bin binaries, o Options) error {
	for attempt := 1; ; attempt++ {
		s.port = o.Port
		if s.port == 0 {
			var err error
			if s.port, err = freePort(); err != nil {
				return err
			}
		}
		if err := s.run(bin, o); err != nil {
			return err
		}
		err := s.await(ctx)
		if err == nil {
			return nil
		}
		err = errors.Join(err, s.halt())
		if o.Port != 0 || attempt == portAttempts || !strings.Contains(err.Error(), "could not bind") {
			return err
		}
	}
}

// run starts the process. The kernel ties a child to the thread that made it,
// so one goroutine keeps that thread for as long as the server lives.
func (s *Server) run(bin binaries, o Options) error {
	logFile, err := s.cluster.openLog()
	if err != nil {
		return err
	}
	defer logFile.Close()
	cmd := exec.Command(bin.path("postgres"), arguments(s.cluster.data(), s.port, o)...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = s.cluster.dir, environment(), s.cluster.acct.attr()
	cmd.Stdout, cmd.Stderr = logFile, logFile

	started := make(chan error)
	s.done = make(chan struct{})
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := cmd.Start()
		started <- err
		if err == nil {
			s.waitErr = cmd.Wait()
		}
		close(s.done)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	s.process = cmd.Process
	return nil
}

func arguments(data string, port int, o Options) []string {
	settings := []string{
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(port),
		"unix_socket_directories=",
		"max_connections=" + strconv.Itoa(maxConnections),
		"default_toast_compression=lz4",
		"timezone=UTC",
		"log_timezone=UTC",
	}
	if o.Buffers != "" {
		settings = append(settings, "shared_buffers="+o.Buffers)
	}
	if !o.Durable {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	args := []string{"-D", data}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	return args
}

// await returns when the server answers as the superuser.
func (s *Server) await(ctx context.Context) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.AdminURL(superuser))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.done:
			return fmt.Errorf("PostgreSQL ended while it started (%w): %s", exitError(s.waitErr), s.logTail())
		case <-ctx.Done():
			return fmt.Errorf("wait for PostgreSQL: %w; it says: %s", errors.Join(ctx.Err(), err), s.logTail())
		case <-tick.C:
		}
	}
}

// prepare makes the role and the database. Every start does it, so a first
// start that was cut off is made good.
func (s *Server) prepare(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.AdminURL(superuser))
	if err != nil {
		return fmt.Errorf("connect as superuser: %w", err)
	}
	defer conn.Close(ctx)
	for _, step := range []struct{ have, make string }{
		{"SELECT FROM pg_roles WHERE rolname = $1", "CREATE ROLE " + Role + " LOGIN CREATEDB CREATEROLE PASSWORD '" + s.password + "'"},
		{"SELECT FROM pg_database WHERE datname = $1", "CREATE DATABASE " + Database + " OWNER " + Role},
	} {
		tag, err := conn.Exec(ctx, step.have, Role) // Role and Database have one name
		if err != nil {
			return fmt.Errorf("look for role and database: %w", err)
		}
		if tag.RowsAffected() == 0 {
			if _, err := conn.Exec(ctx, step.make); err != nil {
				return fmt.Errorf("make role and database: %w", err)
			}
		}
	}
	return nil
}

// Dir is where the cluster really lies; see the package comment on root.
func (s *Server) Dir() string { return s.cluster.dir }

// URL is the connection URL of a database, as Role.
func (s *Server) URL(database string) string { return s.url(Role, database) }

// AdminURL is the connection URL of a database, as the superuser.
func (s *Server) AdminURL(database string) string { return s.url(superuser, database) }

func (s *Server) url(role, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Done is closed when the server is gone, asked to or not.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop ends the server cleanly, whoever is connected, and returns when it is
// gone. A second call returns the first one's result.
func (s *Server) Stop() error {
	s.stop.Do(func() {
		s.stopErr = errors.Join(s.halt(), s.cluster.close())
		s.log.Info("postgresql stopped", "dir", s.cluster.dir)
	})
	return s.stopErr
}

// halt asks for a fast shutdown and, should that take too long, ends the
// server without its last checkpoint.
func (s *Server) halt() error {
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := s.process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop PostgreSQL: %w", err)
		}
		select {
		case <-s.done:
			if sig != syscall.SIGINT {
				return fmt.Errorf("PostgreSQL did not stop within %s and was ended by %s: %s", stopTimeout, sig, s.logTail())
			}
			return nil
		case <-time.After(stopTimeout):
		}
	}
	return errors.New("PostgreSQL does not end")
}

func (s *Server) logTail() string {
	f, err := os.Open(s.cluster.log())
	if err != nil {
		return "its log cannot be read: " + err.Error()
	}
	defer f.Close()
	if fi, err := f.Stat(); err == nil && fi.Size() > logTailBytes {
		if _, err := f.Seek(-logTailBytes, io.SeekEnd); err != nil {
			return "its log cannot be read: " + err.Error()
		}
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return "its log cannot be read: " + err.Error()
	}
	return tail(b)
}

// exitError is why the process ended; a clean exit is an error too here.
func exitError(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// output runs a command on a thread that outlives it, see run.
func output(cmd *exec.Cmd) ([]byte, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return cmd.CombinedOutput()
}

// freePort is a loopback port that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return port, nil
}
