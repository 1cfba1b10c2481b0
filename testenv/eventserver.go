package testenv

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// EventServer is where a CRM takes events: it verifies every delivery by the library
// that defines how they are signed, and keeps what it took.
type EventServer struct {
	URL string

	tb      testing.TB
	address string
	server  *http.Server

	mu      sync.Mutex
	secrets []string
	answer  func(w http.ResponseWriter, e ReceivedEvent)
	taken   []ReceivedEvent
	tries   int
}

// ReceivedEvent is one verified delivery.
type ReceivedEvent struct {
	ID   string         `json:"-"` // webhook-id
	Type string         `json:"type"`
	At   time.Time      `json:"timestamp"`
	Data map[string]any `json:"data"`
}

// NewEventServer starts one on loopback. It refuses everything until it knows a secret
// (Trust).
func NewEventServer(tb testing.TB) *EventServer {
	tb.Helper()
	s := &EventServer{tb: tb, address: "127.0.0.1:0"}
	s.Start()
	s.URL = "http://" + s.address + "/events"
	tb.Cleanup(s.Stop)
	return s
}

// Start listens again, after Stop, where it listened before.
func (s *EventServer) Start() {
	s.tb.Helper()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		s.tb.Fatalf("testenv: start the CRM's server of events: %v", err)
	}
	s.address = listener.Addr().String()
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve)}
	go s.server.Serve(listener)
}

// Stop closes the listener and all connections.
func (s *EventServer) Stop() { s.server.Close() }

// Trust says by what secrets deliveries may be signed from now on.
func (s *EventServer) Trust(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = secrets
}

// AnswerBy makes answers to verified deliveries; nil takes them with 204. A delivery
// is kept when the answer is a success.
func (s *EventServer) AnswerBy(answer func(w http.ResponseWriter, e ReceivedEvent)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// AnswerStatus answers every delivery with a status.
func (s *EventServer) AnswerStatus(status int) {
	s.AnswerBy(func(w http.ResponseWriter, _ ReceivedEvent) { w.WriteHeader(status) })
}

func (s *EventServer) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	s.mu.Lock()
	s.tries++
	secrets, answer := s.secrets, s.answer
	s.mu.Unlock()
	e := ReceivedEvent{ID: r.Header.Get(standardwebhooks.HeaderWebhookID)}
	err = fmt.Errorf("no secret")
	for _, secret := range secrets {
		wh, bad := standardwebhooks.NewWebhook(secret)
		if bad != nil {
			s.tb.Errorf("testenv: %v", bad)
			return
		}
		if err = wh.Verify(body, r.Header); err == nil {
			break
		}
	}
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	if answer != nil {
		answer(status, e)
	} else {
		status.WriteHeader(http.StatusNoContent)
	}
	if status.status/100 == 2 {
		s.mu.Lock()
		s.taken = append(s.taken, e)
		s.mu.Unlock()
	}
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Taken are the events taken so far, of a type, or all for "".
func (s *EventServer) Taken(kind string) []ReceivedEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.taken), func(e ReceivedEvent) bool { return kind != "" && e.Type != kind })
}

// Tries counts the deliveries tried so far, refused ones too.
func (s *EventServer) Tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}
