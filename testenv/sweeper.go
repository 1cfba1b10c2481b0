//go:build unix

package testenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// Containers outlive the process that started them. So each process that
// starts one has a sweeper: a copy of itself that waits for the end of a pipe,
// which is the process's own end however it comes, and removes the containers.

const (
	// sweeperEnv turns a test binary into the sweeper of the session it names.
	sweeperEnv = "MAILSTAMP_TESTENV_SWEEPER"

	sessionLabel = "mailstamp.testenv.session"
	ownerLabel   = "mailstamp.testenv.pid"
)

func init() {
	if session := os.Getenv(sweeperEnv); session != "" {
		if err := sweep(session); err != nil {
			fmt.Fprintln(os.Stderr, "sweeper:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

func (e *engine) labels() map[string]string {
	return map[string]string{sessionLabel: e.session, ownerLabel: strconv.Itoa(os.Getpid())}
}

var (
	sweeperOnce sync.Once
	sweeperErr  error
	sweeperPipe *os.File // never closed: it ends with us
)

func (e *engine) startSweeper() error {
	sweeperOnce.Do(func() { sweeperErr = e.spawnSweeper() })
	return sweeperErr
}

func (e *engine) spawnSweeper() error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this binary: %w", err)
	}
	dir, err := stateDir()
	if err != nil {
		return err
	}
	logFile, err := os.Create(filepath.Join(dir, "sweeper.log"))
	if err != nil {
		return fmt.Errorf("make the sweeper's log: %w", err)
	}
	defer logFile.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	defer r.Close()
	cmd := exec.Command(exe)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), sweeperEnv+"="+e.session)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r, logFile, logFile
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		w.Close()
		return fmt.Errorf("start the sweeper: %w", err)
	}
	sweeperPipe = w
	return cmd.Process.Release()
}

// sweep is the sweeper's life: first what others failed to remove, then, when
// its process is gone, the session's own.
func sweep(session string) error {
	e, err := engineOnce()
	if err != nil {
		return err
	}
	first := e.sweepOwnerless()
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return errors.Join(first, fmt.Errorf("wait for the process: %w", err))
	}
	return errors.Join(first, e.removeLabelled(sessionLabel+"="+session, func(map[string]string) bool { return true }))
}

// sweepOwnerless removes containers whose process, and whose sweeper, are gone.
func (e *engine) sweepOwnerless() error {
	return e.removeLabelled(ownerLabel, func(labels map[string]string) bool {
		pid, err := strconv.Atoi(labels[ownerLabel])
		return err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
	})
}

func (e *engine) removeLabelled(label string, want func(labels map[string]string) bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	list, err := e.api().ContainerList(ctx, client.ContainerListOptions{All: true, Filters: make(client.Filters).Add("label", label)})
	if err != nil {
		return fmt.Errorf("list containers: %w", err)
	}
	for _, c := range list.Items {
		if want(c.Labels) {
			err = errors.Join(err, e.remove(ctx, c.ID))
		}
	}
	return err
}

func (e *engine) remove(ctx context.Context, id string) error {
	defer e.provider.Close()
	_, err := e.api().ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) { // gone, or going already
		return fmt.Errorf("remove a container: %w", err)
	}
	return nil
}
