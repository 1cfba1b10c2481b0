//go:build unix

package embedpg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// cluster is the directory of one server: lock, password, log and data.
type cluster struct {
	dir  string
	acct account
	lock *os.File
}

func (c *cluster) data() string     { return filepath.Join(c.dir, "data") }
func (c *cluster) log() string      { return filepath.Join(c.dir, "postgres.log") }
func (c *cluster) password() string { return filepath.Join(c.dir, "password") }

// openCluster takes the directory for this process.
func openCluster(dir, fallback string) (*cluster, error) {
	acct, err := serverAccount()
	if err != nil {
		return nil, err
	}
	dir, err = acct.place(dir, fallback)
	if err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data directory: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s", ErrInUse, dir)
		}
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	return &cluster{dir: dir, acct: acct, lock: lock}, nil
}

func (c *cluster) close() error { return c.lock.Close() }

// major is the version that made the cluster, 0 when there is none.
func (c *cluster) major() (int, error) {
	b, err := os.ReadFile(filepath.Join(c.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the data's version: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, fmt.Errorf("read the data's version: %w", err)
	}
	return major, nil
}

// init makes the cluster. A run that was cut off leaves only data.new, which
// the next one throws away.
func (c *cluster) init(ctx context.Context, bin binaries, durable bool) error {
	fresh := c.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("remove an unfinished cluster: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("make the cluster's directory: %w", err)
	}
	if err := os.WriteFile(c.password(), []byte(rand.Text()+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the password: %w", err)
	}
	for _, path := range []string{fresh, c.password()} {
		if err := c.acct.own(path); err != nil {
			return err
		}
	}
	args := []string{"--pgdata=" + fresh, "--username=" + superuser, "--auth=scram-sha-256",
		"--pwfile=" + c.password(), "--encoding=UTF8", "--locale=C", "--no-instructions"}
	if !durable {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, bin.path("initdb"), args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = c.dir, environment(), c.acct.attr()
	if out, err := output(cmd); err != nil {
		return fmt.Errorf("make a PostgreSQL cluster in %s: %w\n%s", fresh, err, tail(out))
	}
	if err := os.Rename(fresh, c.data()); err != nil {
		return fmt.Errorf("put the cluster in place: %w", err)
	}
	return nil
}

func (c *cluster) readPassword() (string, error) {
	b, err := os.ReadFile(c.password())
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// openLog is the file the server writes its log to.
func (c *cluster) openLog() (*os.File, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if fi, err := os.Stat(c.log()); err == nil && fi.Size() > logKeepBytes {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(c.log(), flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	return f, nil
}

// environment of initdb and postgres: nothing of ours that could steer them.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}

func tail(b []byte) string {
	if len(b) > logTailBytes {
		b = b[len(b)-logTailBytes:]
	}
	return strings.TrimSpace(string(b))
}
