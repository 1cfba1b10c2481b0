package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/config"
	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/demo"
)

// maxLogBytes of the demo's log: a start begins it anew when it is larger.
const maxLogBytes = 16 << 20

type demoCommand struct {
	Dir string `default:".mailstamp" placeholder:"DIR" help:"Where the demo keeps its data between starts. Default: ${default}."`
}

// Run runs the demo. The log goes to a file, so that the terminal has what a person is to read.
func (c *demoCommand) Run(ctx context.Context, p *program) (err error) {
	if err := os.MkdirAll(c.Dir, 0o711); err != nil {
		return fmt.Errorf("make the demo's directory: %w", err)
	}
	log, err := openLog(filepath.Join(c.Dir, "mailstamp.log"))
	if err != nil {
		return fmt.Errorf("open the demo's log: %w", err)
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	logger := p.Log.Logger(log)
	return demo.Run(ctx, demo.Options{
		Dir: c.Dir, DatabaseURL: p.DatabaseURL, Listen: string(p.Listen), AdminListen: string(p.AdminListen),
		Out: p.out, Log: logger,
		Work: func(ctx context.Context, w demo.Worker, started func()) error {
			worker := &program{Config: p.Config, out: p.out, log: logger}
			worker.DatabaseURL, worker.Keyset = w.DatabaseURL, config.Keyset(w.Keyset)
			worker.Listen, worker.AdminListen = config.Address(w.Listen), config.Address(w.AdminListen)
			if err := worker.AllowPrivateIMAP.UnmarshalText([]byte(w.AllowPrivateIMAP)); err != nil {
				return err
			}
			return worker.work(ctx, config.AllRoles, started)
		},
	})
}

// openLog appends, so that a start beside a running demo takes nothing away from it.
func openLog(path string) (*os.File, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if info, err := os.Stat(path); err == nil && info.Size() > maxLogBytes {
		flags |= os.O_TRUNC
	}
	return os.OpenFile(path, flags, 0o600)
}
