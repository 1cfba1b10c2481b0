//go:build unix

package testenv

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// The ports of servers that keep theirs when they are killed and started again.
// They lie below the range from which kernels take ports for connections and
// for listeners without a choice (Linux from 32768, the others from 49152):
// nobody gets one by chance while its server is down or not yet up.
const (
	firstPort = 20_000
	lastPort  = 29_999
)

// portsTime bounds waiting for another process to take its ports.
const portsTime = 10 * time.Second

// freePorts are n loopback ports that nobody listens on. All test processes of
// the user take theirs in one order, so that a port comes again only after
// thousands of others.
func freePorts(n int) (ports []int, err error) {
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	release, err := lock(dir, "ports.lock", portsTime)
	if err != nil {
		return nil, err
	}
	defer release()
	file := filepath.Join(dir, "ports")
	port := 0 // to try next
	switch next, err := os.ReadFile(file); {
	case err == nil:
		port, _ = strconv.Atoi(string(next)) // a file that was cut short means the first
	case !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("read the port to try next: %w", err)
	}
	for tried := firstPort; len(ports) < n; tried, port = tried+1, port+1 {
		if tried > lastPort {
			return nil, fmt.Errorf("no free port from %d to %d", firstPort, lastPort)
		}
		if port < firstPort || port > lastPort {
			port = firstPort
		}
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue // a server that was not started here
		}
		if err := l.Close(); err != nil {
			return nil, fmt.Errorf("give port %d free: %w", port, err)
		}
		ports = append(ports, port)
	}
	if err := os.WriteFile(file, []byte(strconv.Itoa(port)), 0o600); err != nil {
		return nil, fmt.Errorf("write the port to try next: %w", err)
	}
	return ports, nil
}
