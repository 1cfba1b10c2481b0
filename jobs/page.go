package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"riverqueue.com/riverui"

	"github.com/mailstamp/mailstamp/db"
)

// Page is River's own page on the jobs, for the private listener: it asks nobody who they are. It works in a process
// that works on no jobs, until ctx ends.
func Page(ctx context.Context, d *db.DB, prefix string, log *slog.Logger) (http.Handler, error) {
	log = slog.New(newCalm(log.Handler()))
	client, err := river.NewClient(riverpgxv5.New(d.Pool), &river.Config{Logger: log})
	if err != nil {
		return nil, fmt.Errorf("make the client of the jobs page: %w", err)
	}
	handler, err := riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints:                riverui.NewEndpoints(client, nil),
		JobListHideArgsByDefault: true,
		Logger:                   log,
		Prefix:                   prefix,
	})
	if err != nil {
		return nil, fmt.Errorf("make the jobs page: %w", err)
	}
	if err := handler.Start(ctx); err != nil {
		return nil, fmt.Errorf("start the jobs page: %w", err)
	}
	return handler, nil
}
