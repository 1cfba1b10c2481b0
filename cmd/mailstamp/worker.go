package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/api"
	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/config"
	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/console"
	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/httpserve"
	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/jobs"
	"github.com/mailstamp/mailstamp/jobs/webhook"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

// drainTimeout is how long everything may take to stop; then it is cut off. Supervisors of processes wait longer before
// they kill.
const drainTimeout = 15 * time.Second

// closeTimeout is how long the last connections to the database may take to close after that.
const closeTimeout = 2 * time.Second

type workerCommand struct {
	Roles config.Roles `default:"sync,jobs,http" placeholder:"ROLE,…" help:"Parts to run: sync (mailboxes), jobs (re-stamping), http (webhooks and /v1). Default: all."`
}

func (c *workerCommand) Run(ctx context.Context, p *program) error {
	return p.work(ctx, c.Roles, nil)
}

// work runs the roles until ctx ends or one of them fails. Started, when not nil, is called once all of them run.
func (p *program) work(ctx context.Context, roles config.Roles, started func()) error {
	d, err := p.openDB(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer closeDB(d)
	defer cancel() // ends what asks the database beside the parts
	parts, err := p.parts(ctx, d, roles)
	if err != nil {
		return err
	}
	return supervise(ctx, p.log, parts, started)
}

// closeDB closes the pool, but does not wait for a connection that a part which could not be stopped still holds.
func closeDB(d *db.DB) {
	closed := make(chan struct{})
	go func() {
		d.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(closeTimeout):
	}
}

// part is a piece of the worker. Start returns once it works; Stop returns once it has stopped, or soon after its context
// ended.
type part interface {
	Start(context.Context) error
	Stop(context.Context) error
}

type namedPart struct {
	name string
	part
}

// failing is a part that may end by itself.
type failing interface{ Failed() <-chan error }

// parts makes what the roles need; nothing of it runs yet.
func (p *program) parts(ctx context.Context, d *db.DB, roles config.Roles) ([]namedPart, error) {
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	mail := ingest.Options{
		DB:      d,
		Stamper: ingest.StamperFunc(visibility.Correspond),
		Dialer:  &safedial.Dialer{Allow: p.AllowPrivateIMAP.List},
		Logger:  p.log.With("part", "sync"),
	}
	var parts []namedPart
	if roles.Has(config.Jobs) {
		client, err := jobs.New(d, p.log.With("part", "jobs"), metrics)
		if err != nil {
			return nil, err
		}
		parts = append(parts, namedPart{"jobs", client})
	}
	if roles.Has(config.Sync) {
		parts = append(parts, namedPart{"sync", ingest.NewSupervisor(mail)})
	}
	listeners, err := p.listeners(ctx, d, roles, mail, metrics)
	if err != nil {
		return nil, err
	}
	return append(parts, listeners...), nil
}

func (p *program) listeners(ctx context.Context, d *db.DB, roles config.Roles, mail ingest.Options, metrics *prometheus.Registry) ([]namedPart, error) {
	log := p.log.With("part", "http")
	observer, err := httpserve.NewObserver(log, metrics)
	if err != nil {
		return nil, err
	}
	jobsPage, err := jobs.Page(ctx, d, "/jobs", log)
	if err != nil {
		return nil, err
	}
	views := &feed.Service{DB: d, SanitizeHTML: message.SanitizeHTML, Enqueue: jobs.Enqueue}
	mailboxes := ingest.NewMailboxes(mail)

	var listeners []namedPart
	if roles.Has(config.HTTP) {
		door := api.New(api.Deps{DB: d, Feed: views, Mailboxes: mailboxes, Receive: webhook.New(d).Receive, Log: log})
		public := httpserve.New(string(p.Listen), observer.Wrap(httpserve.Public, door), log)
		listeners = append(listeners, namedPart{"public listener", public})
	}
	pages := httpserve.NewPrivate(string(p.AdminListen), httpserve.PrivateHandlers{
		Console: console.New(console.Deps{Accounts: d.Accounts, Feed: views, Mailboxes: mailboxes, Log: log}),
		Jobs:    jobsPage,
		Metrics: metrics,
		Ready:   readyChecks(d),
	})
	private := httpserve.New(string(p.AdminListen), observer.Wrap(httpserve.Private, pages), log)
	return append(listeners, namedPart{"private listener", private}), nil // last: once it answers, all the others do
}

// readyChecks tell whether this process can work. That its schema is current and its roles run needs no check: without
// the one the worker does not start, and the private listener, which answers, is started after the others.
func readyChecks(d *db.DB) []httpserve.Check {
	return []httpserve.Check{{Name: "database", Run: func(ctx context.Context) error {
		if d.Pool.Ping(ctx) != nil {
			return errors.New("it does not answer") // the cause may name hosts and users
		}
		return nil
	}}}
}

// supervise starts the parts in order, waits until ctx ends or one of them fails, and stops all at once, within
// drainTimeout.
func supervise(ctx context.Context, log *slog.Logger, parts []namedPart, started func()) (err error) {
	background := context.WithoutCancel(ctx) // parts end by Stop, so that they drain
	failed := make(chan error, len(parts))
	var running []namedPart
	defer func() {
		log.Info("stopping")
		err = errors.Join(err, stopAll(background, running))
		log.Info("stopped")
	}()
	for _, part := range parts {
		if err := part.Start(background); err != nil {
			return fmt.Errorf("start the %s: %w", part.name, err)
		}
		running = append(running, part)
		if f, ok := part.part.(failing); ok {
			go func() {
				if err, failedItself := <-f.Failed(); failedItself {
					failed <- fmt.Errorf("the %s failed: %w", part.name, err)
				}
			}()
		}
		if listener, ok := part.part.(interface{ Address() string }); ok {
			log.Info("listening", "listener", part.name, "address", listener.Address())
		}
	}
	log.Info("started")
	if started != nil {
		started()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// stopAll stops the parts side by side, so that a slow one costs the others nothing.
func stopAll(ctx context.Context, parts []namedPart) error {
	drain, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	results := make(chan error)
	for _, part := range parts {
		go func() {
			err := part.Stop(drain)
			if err != nil {
				err = fmt.Errorf("stop the %s: %w", part.name, err)
			}
			results <- err
		}()
	}
	var err error
	for range parts {
		err = errors.Join(err, <-results)
	}
	return err
}
