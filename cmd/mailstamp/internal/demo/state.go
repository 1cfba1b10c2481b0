package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// state is what the demo remembers between starts, beside the database and the mail.
type state struct {
	FirstStart time.Time `json:"first_start"` // to which the sample mail's dates relate
	Account    string    `json:"account"`
	IMAP       string    `json:"imap"`      // where the mailboxes listened last: people have it in their shell's history
	Delivered  bool      `json:"delivered"` // the sample mail lies in the mailboxes, all of it

	path string
}

// loadState reads the state of dir, which is made where it is missing.
func loadState(dir string) (*state, error) {
	// Not secret itself, and root's PostgreSQL, which runs as another user, must get through it; what is secret in it is
	// readable by its owner alone.
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return nil, fmt.Errorf("make the demo's directory: %w", err)
	}
	s := &state{path: filepath.Join(dir, "demo.json")}
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		s.FirstStart = time.Now().Truncate(time.Second)
		return s, s.save()
	}
	if err != nil {
		return nil, fmt.Errorf("read what the demo remembers: %w", err)
	}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("read %s (delete it to begin anew): %w", s.path, err)
	}
	return s, nil
}

func (s *state) save() error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write what the demo remembers: %w", err)
	}
	return writeFile(s.path, append(text, '\n'))
}

// writeFile writes a file that is whole or not there, readable by its owner alone.
func writeFile(path string, data []byte) error {
	temp := path + ".new"
	err := os.WriteFile(temp, data, 0o600)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
