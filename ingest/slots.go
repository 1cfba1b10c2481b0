package ingest

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/mailstamp/mailstamp/db/queries"
)

// connections are those of this process, whoever opened them.
var connections = newSlots()

// seat is what a connection counts for: its host, the account, the login.
type seat struct {
	host    string
	account int64
	login   string
}

func seatOf(m queries.Mailbox) seat {
	host := strings.ToLower(strings.TrimSuffix(m.Host, "."))
	return seat{host: host, account: m.AccountID, login: net.JoinHostPort(host, strconv.Itoa(int(m.Port))) + " " + m.Username}
}

// slots count connections by host, by account and by login (F30): a user's own programs share the login with us.
type slots struct {
	mu      sync.Mutex
	host    map[string]int
	account map[int64]int
	login   map[string]int
	freed   chan struct{} // closed when one ends
}

func newSlots() *slots {
	return &slots{host: map[string]int{}, account: map[int64]int{}, login: map[string]int{}, freed: make(chan struct{})}
}

// take reports whether one more connection is allowed, and counts it.
func (s *slots) take(p seat) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host[p.host] >= maxPerHost || s.account[p.account] >= maxPerAccount || s.login[p.login] >= maxPerLogin {
		return false
	}
	s.host[p.host]++
	s.account[p.account]++
	s.login[p.login]++
	return true
}

// wait takes a seat as soon as there is one.
func (s *slots) wait(ctx context.Context, p seat) error {
	for {
		s.mu.Lock()
		freed := s.freed
		s.mu.Unlock()
		if s.take(p) {
			return nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return fmt.Errorf("wait for a connection: %w", ctx.Err())
		}
	}
}

func (s *slots) give(p seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.host[p.host]--; s.host[p.host] == 0 {
		delete(s.host, p.host)
	}
	if s.account[p.account]--; s.account[p.account] == 0 {
		delete(s.account, p.account)
	}
	if s.login[p.login]--; s.login[p.login] == 0 {
		delete(s.login, p.login)
	}
	close(s.freed)
	s.freed = make(chan struct{})
}
