package main

import (
	"errors"
	"fmt"

	"github.com/mailstamp/mailstamp/db/seal"
)

type keysetCommand struct {
	Rotate rotateCommand `cmd:"" help:"Add a fresh key to the key set's file and seal with it from now on; what the older keys sealed still opens."`
}

type rotateCommand struct{}

// Run rotates the keys of the file. Workers that share it notice by themselves, when they meet what the new key sealed.
func (*rotateCommand) Run(p *program) error {
	set, err := p.KeysetOrDefault()
	if err != nil {
		return err
	}
	path, exists := set.Path()
	if path == "" {
		return errors.New("MAILSTAMP_KEYSET holds the key set itself, which only you can change: keep it in a file to rotate its keys")
	}
	if !exists {
		return fmt.Errorf("there is no key set at %s", path)
	}
	if err := seal.Rotate(path); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(p.out, "a fresh key seals from now on: keep a copy of %s, older copies lack it\n", path); err != nil {
		return fmt.Errorf("print what was done: %w", err)
	}
	return nil
}
