//go:build unix

package embedpg

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clearOrphan makes the cluster free to start: a server that survived its
// launcher is ended, the pid file of a dead one is removed. PostgreSQL itself
// refuses to start when the pid in the file lives, even as another program.
// The caller holds the directory's lock.
func clearOrphan(data string) error {
	file := filepath.Join(data, "postmaster.pid")
	pid, err := readPid(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the pid file of an earlier server: %w", err)
	}
	if pid > 1 && isServerOf(pid, data) {
		if err := end(pid, data); err != nil {
			return err
		}
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the pid file of an earlier server: %w", err)
	}
	return nil
}

// end stops a server that is not our child: fast, then at once.
func end(pid int, data string) error {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end an earlier server (pid %d): %w", pid, err)
		}
		for deadline := time.Now().Add(stopTimeout); time.Now().Before(deadline); time.Sleep(pollInterval) {
			if !isServerOf(pid, data) {
				return nil
			}
		}
	}
	return fmt.Errorf("an earlier server (pid %d) does not end", pid)
}

// readPid reads the first line of postmaster.pid; 0 when there is no number.
func readPid(file string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil && line == "" {
		return 0, nil
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0, nil
	}
	return pid, nil
}

// isServerOf says whether pid is a PostgreSQL on the cluster data and no
// stranger to whom the pid went. A server's working directory is its cluster.
func isServerOf(pid int, data string) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	if _, err := os.Stat(proc); err == nil {
		cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
		return err == nil && cwd == data
	}
	out, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "postgres") && strings.Contains(string(out), data)
}
