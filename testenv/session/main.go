//go:build unix

// Command session runs a command, like go test, while the servers that tests
// share are up, and leaves nothing running: `make test` uses it. It ends with
// the command's exit status.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/mailstamp/mailstamp/testenv"
)

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "session:", err)
		status = max(status, 1)
	}
	os.Exit(status)
}

func run(command []string) (status int, err error) {
	if len(command) == 0 {
		return 2, errors.New("give the command to run")
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM) // we clean up after the command
	session, err := testenv.OpenSession()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("start %s: %w", command[0], err)
	}
	go func() {
		for s := range signals {
			if s == syscall.SIGTERM { // a terminal's interrupt reaches the command by itself
				cmd.Process.Signal(s) // already gone is as good
			}
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}
