//go:build unix

package testenv

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mailstamp/mailstamp/db/embedpg"
)

// All test processes of one user share one PostgreSQL. It belongs to a keeper:
// a copy of the first test binary that asked, in a session of its own, which
// every user holds a connection to. When the last connection has been gone for
// a while the keeper stops the server and goes; nothing is left.
//
// Who connects, starts or ends a keeper holds the lock "keeper.lock", so none
// connects to one that is going.

// keeperEnv turns a test binary into the keeper of the directory it names.
const keeperEnv = "MAILSTAMP_TESTENV_KEEPER"

func init() {
	if dir := os.Getenv(keeperEnv); dir != "" {
		if err := keep(dir); err != nil {
			fmt.Fprintln(os.Stderr, "keeper:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// keeperHello is the one line a keeper writes to whoever connects.
type keeperHello struct {
	URL string `json:"url"` // of the database "postgres", as the ordinary role
}

// keeperConn is a hold on the shared server: it lives at least as long.
type keeperConn struct {
	conn  net.Conn
	hello keeperHello
}

// holdKeeper connects to the keeper, starting one when there is none.
func holdKeeper() (*keeperConn, error) {
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	release, err := lock(dir, "keeper.lock", keeperStart)
	if err != nil {
		return nil, err
	}
	defer release()
	if k, err := dialKeeper(dir); err == nil {
		return k, nil
	}
	if err := spawnKeeper(dir); err != nil {
		return nil, err
	}
	return dialKeeper(dir)
}

func dialKeeper(dir string) (*keeperConn, error) {
	conn, err := net.Dial("unix", filepath.Join(dir, "keeper.sock"))
	if err != nil {
		return nil, fmt.Errorf("connect to the keeper: %w", err)
	}
	k := &keeperConn{conn: conn}
	line, err := bufio.NewReader(conn).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &k.hello)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the keeper's greeting: %w", err), conn.Close())
	}
	return k, nil
}

// end asks the keeper to go if nobody else holds it, and waits for its answer.
func (k *keeperConn) end() error {
	if _, err := io.WriteString(k.conn, "end\n"); err != nil {
		return fmt.Errorf("end the keeper: %w", err)
	}
	if _, err := io.Copy(io.Discard, k.conn); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("wait for the keeper's end: %w", err)
	}
	return k.conn.Close()
}

// spawnKeeper starts a keeper and returns when it can be connected to.
func spawnKeeper(dir string) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this binary: %w", err)
	}
	logFile, err := os.Create(filepath.Join(dir, "keeper.log"))
	if err != nil {
		return fmt.Errorf("make the keeper's log: %w", err)
	}
	defer logFile.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	defer r.Close()
	cmd := exec.Command(exe)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), keeperEnv+"="+dir)
	cmd.Stdout, cmd.Stderr = logFile, logFile // go test waits for whoever holds its own
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		w.Close()
		return fmt.Errorf("start the keeper: %w", err)
	}
	w.Close()
	if err := r.SetReadDeadline(time.Now().Add(keeperStart)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	said, err := io.ReadAll(r)
	if err == nil && strings.TrimSpace(string(said)) == "ready" {
		return cmd.Process.Release()
	}
	killErr := cmd.Process.Kill()
	if waitErr := cmd.Wait(); err == nil && killErr == nil {
		err = waitErr
	}
	return fmt.Errorf("the shared PostgreSQL did not start (%w): %s", errors.Join(err, killErr), strings.TrimSpace(string(said)))
}

// keep is the keeper's life.
func keep(dir string) (err error) {
	leave := func() {}
	defer func() { leave() }() // after the server's end
	ready := os.NewFile(3, "ready")
	syscall.CloseOnExec(3) // or PostgreSQL would hold it open
	defer func() {
		if err != nil && ready != nil {
			fmt.Fprintln(ready, err)
		}
	}()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)

	socket := filepath.Join(dir, "keeper.sock")
	data := filepath.Join(dir, "postgres") // fresh each time: without fsync nothing old can be trusted
	for _, stale := range []string{socket, data} {
		if err := os.RemoveAll(stale); err != nil {
			return fmt.Errorf("clear what an earlier keeper left: %w", err)
		}
	}
	server, err := embedpg.Start(context.Background(), embedpg.Options{Dir: data, Logger: slog.Default()})
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, server.Stop(), os.RemoveAll(server.Dir()), os.RemoveAll(data))
	}()
	// A test's database is dropped with force, which an autovacuum worker in it refuses to all but such a role.
	if err := execute(context.Background(), server.AdminURL("postgres"), "GRANT pg_signal_backend TO "+embedpg.Role); err != nil {
		return fmt.Errorf("let the role drop databases in use: %w", err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer listener.Close() // removes the socket
	hello, err := json.Marshal(keeperHello{URL: server.URL("postgres")})
	if err != nil {
		return fmt.Errorf("encode the greeting: %w", err)
	}
	k := &keeper{hello: append(hello, '\n'), changed: make(chan struct{}, 1), ends: make(chan net.Conn)}
	go k.accept(listener)
	fmt.Fprintln(ready, "ready")
	ready.Close()
	ready = nil
	release, err := k.wait(dir, stop, server.Done())
	if err != nil {
		return err
	}
	leave = release
	return nil
}

// keeper counts who holds it.
type keeper struct {
	hello   []byte
	changed chan struct{}
	ends    chan net.Conn // connections that asked for the end

	mu      sync.Mutex
	holders int
}

func (k *keeper) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return // the listener is closed: the end
		}
		k.count(+1)
		go k.serve(conn)
	}
}

func (k *keeper) count(by int) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.holders += by
	select {
	case k.changed <- struct{}{}:
	default:
	}
	return k.holders
}

// serve holds a connection until its other side ends.
func (k *keeper) serve(conn net.Conn) {
	_, err := conn.Write(k.hello)
	line := ""
	if err == nil {
		line, _ = bufio.NewReader(conn).ReadString('\n') // an error is the other side's end
	}
	k.count(-1)
	if line == "end\n" {
		k.ends <- conn // its end tells the other side that we are gone
		return
	}
	conn.Close()
}

// wait returns when the keeper is to go, with the lock's release when it goes
// of its own accord.
func (k *keeper) wait(dir string, stop <-chan os.Signal, gone <-chan struct{}) (release func(), err error) {
	idle := time.NewTimer(keeperIdle)
	defer idle.Stop()
	for {
		var asker net.Conn
		select {
		case s := <-stop:
			return nil, fmt.Errorf("ended by %s", s)
		case <-gone:
			return nil, errors.New("PostgreSQL ended by itself")
		case <-k.changed:
			idle.Reset(keeperIdle)
			continue
		case asker = <-k.ends:
		case <-idle.C:
		}
		if release, err := lock(dir, "keeper.lock", 0); err == nil {
			if k.count(0) == 0 {
				return release, nil
			}
			release()
		}
		idle.Reset(keeperIdle)
		if asker != nil {
			asker.Close()
		}
	}
}
