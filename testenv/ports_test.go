//go:build unix

package testenv

import (
	"fmt"
	"net"
	"sync"
	"testing"
)

// TestPortsAreOnesOwn: what many ask for at once is nobody else's, and is not
// a port that a kernel gives to whoever does not choose.
func TestPortsAreOnesOwn(t *testing.T) {
	const askers, each = 8, 5
	var mu sync.Mutex
	seen := map[int]bool{}
	var wg sync.WaitGroup
	for range askers {
		wg.Go(func() {
			ports, err := freePorts(each)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, p := range ports {
				if seen[p] || p < firstPort || p > lastPort {
					t.Errorf("port %d was given twice or is out of the range", p)
				}
				seen[p] = true
			}
		})
	}
	wg.Wait()
	if len(seen) != askers*each {
		t.Errorf("%d ports for %d", len(seen), askers*each)
	}
	for p := range seen {
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", p))
		if err != nil {
			t.Error(err)
			continue
		}
		l.Close()
	}
}
