//go:build unix

package testenv

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mailstamp/mailstamp/db/seal"
)

// buildOnce builds cmd/mailstamp once per process, with the race detector when
// the tests have it.
var buildOnce = sync.OnceValues(func() (path string, err error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	dir, err := stateDir()
	if err != nil {
		return "", err
	}
	// One place per clone and kind, so that an unchanged program is not linked
	// again by every package's tests.
	sum := sha256.Sum256([]byte(root))
	name := "mailstamp-" + hex.EncodeToString(sum[:4])
	args := []string{"build"}
	if RaceDetector {
		name += "-race"
		args = append(args, "-race")
	}
	path = filepath.Join(dir, name)
	release, err := lock(dir, name+".lock", buildTime)
	if err != nil {
		return "", err
	}
	defer release()
	ctx, cancel := context.WithTimeout(context.Background(), buildTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append(args, "-o", path, "./cmd/mailstamp")...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, lastBytes(out))
	}
	return path, nil
})

// Binary is the path of the built program.
func Binary(tb testing.TB) string {
	tb.Helper()
	path, err := buildOnce()
	if err != nil {
		tb.Fatalf("testenv: %v", err)
	}
	return path
}

// Program is an installation: the binary with a database, keys and further
// environment of its own. It is used as from outside.
type Program struct {
	DatabaseURL string

	path string
	env  []string
}

// NewProgram is an installation on a fresh database that is not migrated. env
// are further NAME=value, like MAILSTAMP_ALLOW_PRIVATE_IMAP=127.0.0.1.
func NewProgram(tb testing.TB, env ...string) *Program {
	tb.Helper()
	return NewProgramOn(tb, EmptyPostgresURL(tb), env...)
}

// NewProgramOn is an installation on a database of choice.
func NewProgramOn(tb testing.TB, databaseURL string, env ...string) *Program {
	tb.Helper()
	keyset, err := seal.NewKeyset()
	if err != nil {
		tb.Fatalf("testenv: make a key set: %v", err)
	}
	keys := filepath.Join(tb.TempDir(), "keyset.json")
	if err := os.WriteFile(keys, keyset, 0o600); err != nil {
		tb.Fatalf("testenv: write the key set: %v", err)
	}
	env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + tb.TempDir(), "TMPDIR=" + os.TempDir(),
		"MAILSTAMP_DATABASE_URL=" + databaseURL, "MAILSTAMP_KEYSET=" + keys,
		"GORACE=halt_on_error=1 exitcode=66",
	}, env...)
	return &Program{DatabaseURL: databaseURL, path: Binary(tb), env: env}
}

// TrustCA makes the program trust a mail server's authority.
func (p *Program) TrustCA(tb testing.TB, ca []byte) {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "ca.pem")
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		tb.Fatalf("testenv: write the authority: %v", err)
	}
	p.env = append(p.env, "SSL_CERT_FILE="+file)
}

// Run runs a subcommand to its end and returns its standard output.
func (p *Program) Run(tb testing.TB, args ...string) []byte {
	tb.Helper()
	out, err := p.Try(tb, args...)
	if err != nil {
		tb.Fatalf("testenv: %v", err)
	}
	return out
}

// Try is Run for what may fail.
func (p *Program) Try(tb testing.TB, args ...string) ([]byte, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Env = p.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("mailstamp %v: %w\n%s%s", args, err, lastBytes(out), lastBytes(stderr.Bytes()))
	}
	return out, nil
}

// Migrate brings the database to the program's schema.
func (p *Program) Migrate(tb testing.TB) {
	tb.Helper()
	p.Run(tb, "migrate")
}

// AddAccount makes an account.
func (p *Program) AddAccount(tb testing.TB, name string) Credentials {
	tb.Helper()
	out := p.Run(tb, "account", "add", name)
	var c Credentials
	if err := json.Unmarshal(out, &c); err != nil || c.Account == "" || c.WebhookSecret == "" || c.TokenKey == "" {
		tb.Fatalf("testenv: account add printed %q (%v)", out, err)
	}
	return c
}

// Worker is a running `mailstamp worker`.
type Worker struct {
	URL      string // public listener
	AdminURL string // private listener

	program *Program
	args    []string
	ports   []int
	cmd     *exec.Cmd
	done    chan struct{} // closed when the process is gone
	waitErr error         // read after done
	log     logBuffer
}

// StartWorker starts a worker on ports of its own and waits until it is ready.
// It is ended with the test.
func (p *Program) StartWorker(tb testing.TB, args ...string) *Worker {
	tb.Helper()
	ports, err := freePorts(2)
	if err != nil {
		tb.Fatalf("testenv: %v", err)
	}
	w := &Worker{
		URL:      fmt.Sprintf("http://127.0.0.1:%d", ports[0]),
		AdminURL: fmt.Sprintf("http://127.0.0.1:%d", ports[1]),
		program:  p, args: args, ports: ports,
	}
	tb.Cleanup(func() {
		w.end(syscall.SIGKILL)
		if tb.Failed() {
			tb.Logf("the worker's log:\n%s", lastBytes(w.log.bytes()))
		}
	})
	w.Start(tb)
	return w
}

// Start starts a worker that was killed or stopped, on the same ports.
func (w *Worker) Start(tb testing.TB) {
	tb.Helper()
	cmd := exec.Command(w.program.path, append([]string{"worker"}, w.args...)...)
	cmd.Env = append(append([]string{}, w.program.env...),
		fmt.Sprintf("MAILSTAMP_LISTEN=127.0.0.1:%d", w.ports[0]), fmt.Sprintf("MAILSTAMP_ADMIN_LISTEN=127.0.0.1:%d", w.ports[1]))
	cmd.Stdout, cmd.Stderr = &w.log, &w.log
	cmd.SysProcAttr = dieWithParent()
	started, done := make(chan error), make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the child is tied to the thread
		err := cmd.Start()
		started <- err
		if err == nil {
			w.waitErr = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		tb.Fatalf("testenv: start the worker: %v", err)
	}
	w.cmd, w.done = cmd, done
	w.awaitReady(tb)
}

func (w *Worker) awaitReady(tb testing.TB) {
	tb.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: commandTime}
	var last error
	for deadline := time.Now().Add(readyTime); time.Now().Before(deadline); time.Sleep(pollInterval) {
		select {
		case <-w.done:
			tb.Fatalf("testenv: the worker ended while it started: %v\n%s", w.waitErr, lastBytes(w.log.bytes()))
		default:
		}
		res, err := client.Get(w.AdminURL + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
			err = fmt.Errorf("/readyz answers %d", res.StatusCode)
		}
		last = err
	}
	tb.Fatalf("testenv: the worker is not ready within %s: %v\n%s", readyTime, last, lastBytes(w.log.bytes()))
}

// Kill ends the worker with SIGKILL.
func (w *Worker) Kill(tb testing.TB) {
	tb.Helper()
	w.end(syscall.SIGKILL)
}

// Stop ends the worker as an operator does and expects a clean exit.
func (w *Worker) Stop(tb testing.TB) {
	tb.Helper()
	if w.end(syscall.SIGTERM); w.waitErr != nil {
		tb.Fatalf("testenv: the worker did not stop cleanly: %v\n%s", w.waitErr, lastBytes(w.log.bytes()))
	}
}

// end signals the process and returns when it is gone.
func (w *Worker) end(sig syscall.Signal) {
	if w.cmd == nil {
		return
	}
	if err := w.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		w.cmd.Process.Kill()
	}
	select {
	case <-w.done:
	case <-time.After(commandTime):
		w.cmd.Process.Kill()
		<-w.done
	}
}

// Signal sends a signal and does not wait for what comes of it.
func (w *Worker) Signal(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	if err := w.cmd.Process.Signal(sig); err != nil {
		tb.Fatalf("testenv: signal the worker: %v", err)
	}
}

// Ended waits until the worker has ended by itself and says how, like
// exec.Cmd.Wait.
func (w *Worker) Ended(tb testing.TB, within time.Duration) error {
	tb.Helper()
	select {
	case <-w.done:
		return w.waitErr
	case <-time.After(within):
		tb.Fatalf("testenv: the worker has not ended within %s\n%s", within, lastBytes(w.log.bytes()))
		return nil
	}
}

// Pid is the process's id, for a test that measures it.
func (w *Worker) Pid() int { return w.cmd.Process.Pid }

// Log is all that the worker wrote since its first start.
func (w *Worker) Log() string { return string(w.log.bytes()) }

// logBuffer takes the output of a process and its successors.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.buf.Bytes())
}
