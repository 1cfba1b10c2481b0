package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/api"
	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/config"
	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/console"
	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/httpserve"
	"github.com/mailstamp/mailstamp/cmd/mailstamp/internal/tracing"
	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/jobs"
	"github.com/mailstamp/mailstamp/jobs/notify"
	"github.com/mailstamp/mailstamp/jobs/webhook"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/feed"
)

// drainTimeout is how long everything may take to stop; then it is cut off. Supervisors of processes wait longer before
// they kill.
const drainTimeout = 15 * time.Second

// closeTimeout is how long each of what comes after that may take: closing the last connections to the database, sending the
// last spans.
const closeTimeout = 2 * time.Second

type workerCommand struct {
	Roles config.Roles `default:"sync,jobs,http" placeholder:"ROLE,…" help:"Parts to run: sync (mailboxes), jobs (re-stamping, events to the CRM), http (webhooks and /v1). Default: all."`
}

func (c *workerCommand) Run(ctx context.Context, p *program) error {
	return p.work(ctx, c.Roles, nil)
}

// work runs the roles until ctx ends or one of them fails. Started, when not nil, is called once all of them run.
func (p *program) work(ctx context.Context, roles config.Roles, started func()) error {
	stopTracing, err := tracing.Start(ctx, string(p.OTLPEndpoint), p.log.With("part", "tracing"))
	if err != nil {
		return err
	}
	defer func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = stopTracing(last) // what could not be sent was logged
	}()
	d, err := p.openDB(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer closeDB(d)
	defer cancel() // ends what asks the database beside the parts
	w, err := p.assemble(ctx, d, roles)
	if err != nil {
		return err
	}
	return w.supervise(ctx, p.log, started)
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

// worker is what the roles need. The front is the private listener, which tells how the others are: it is the first to start
// and the last to stop.
type worker struct {
	front namedPart
	parts []namedPart
	stage *stage
}

// assemble makes a worker; nothing of it runs yet.
func (p *program) assemble(ctx context.Context, d *db.DB, roles config.Roles) (*worker, error) {
	metrics := newMetrics(d.Pool)
	mail := ingest.Options{
		DB:      d,
		Stamper: ingest.StamperFunc(visibility.Correspond),
		Dialer:  &safedial.Dialer{Allow: p.AllowPrivateIMAP.List},
		Logger:  p.log.With("part", "sync"),
		Removal: jobs.EnqueueRemoval,
	}
	w := &worker{stage: &stage{}}
	if roles.Has(config.Jobs) {
		client, err := jobs.New(d, p.log.With("part", "jobs"), metrics)
		if err != nil {
			return nil, err
		}
		events, err := notify.New(notify.Options{DB: d, Dialer: &safedial.Dialer{Allow: p.AllowPrivateCRM.List},
			Log: p.log.With("part", "events"), Registry: metrics})
		if err != nil {
			return nil, err
		}
		w.parts = append(w.parts, namedPart{"jobs", client}, namedPart{"events", events})
	}
	if roles.Has(config.Sync) {
		supervisor := ingest.NewSupervisor(mail)
		metrics.MustRegister(supervisor)
		w.parts = append(w.parts, namedPart{"sync", supervisor})
	}
	if err := p.addListeners(ctx, w, d, roles, mail, metrics); err != nil {
		return nil, err
	}
	return w, nil
}

func (p *program) addListeners(ctx context.Context, w *worker, d *db.DB, roles config.Roles, mail ingest.Options, metrics *prometheus.Registry) error {
	log := p.log.With("part", "http")
	observer, err := httpserve.NewObserver(log, metrics)
	if err != nil {
		return err
	}
	jobsPage, err := jobs.Page(ctx, d, "/jobs", log)
	if err != nil {
		return err
	}
	views := &feed.Service{DB: d, SanitizeHTML: message.SanitizeHTML, Enqueue: jobs.Enqueue}
	mailboxes := ingest.NewMailboxes(mail)

	if roles.Has(config.HTTP) {
		door := api.New(api.Deps{DB: d, Feed: views, Mailboxes: mailboxes, Erasures: jobs.Erasures{DB: d}, Receive: webhook.New(d).Receive, Log: log})
		public := httpserve.New(string(p.Listen), observer.Wrap(httpserve.Public, door), log)
		w.parts = append(w.parts, namedPart{"public listener", public})
	}
	pages := httpserve.NewPrivate(string(p.AdminListen), p.AdminHosts, httpserve.PrivateHandlers{
		Console: console.New(console.Deps{Accounts: d.Accounts, Feed: views, Mailboxes: mailboxes, Events: notify.Outbox{DB: d}, VerifyTrail: d.VerifyTrail, Log: log}),
		Jobs:    jobsPage,
		Metrics: metrics,
		Alive:   aliveChecks(w.parts),
		Ready:   readyChecks(d, w.stage),
	})
	w.front = namedPart{"private listener", httpserve.New(string(p.AdminListen), observer.Wrap(httpserve.Private, pages), log)}
	return nil
}

// supervise starts the parts in order, waits until ctx ends or one of them fails, and stops all within drainTimeout.
func (w *worker) supervise(ctx context.Context, log *slog.Logger, started func()) (err error) {
	background := context.WithoutCancel(ctx) // parts end by Stop, so that they drain
	failed := make(chan error, 1+len(w.parts))
	var up []namedPart
	defer func() {
		log.Info("stopping")
		w.stage.Store(draining)
		err = errors.Join(err, stopAll(background, up))
		log.Info("stopped")
	}()
	for _, part := range append([]namedPart{w.front}, w.parts...) {
		if err := part.Start(background); err != nil {
			return fmt.Errorf("start the %s: %w", part.name, err)
		}
		up = append(up, part)
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
	w.stage.Store(running)
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

// stopAll stops the parts side by side, so that a slow one costs the others nothing, and after them the front.
func stopAll(ctx context.Context, parts []namedPart) error {
	if len(parts) == 0 {
		return nil
	}
	drain, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	stop := func(part namedPart) error {
		if err := part.Stop(drain); err != nil {
			return fmt.Errorf("stop the %s: %w", part.name, err)
		}
		return nil
	}
	results := make(chan error)
	for _, part := range parts[1:] {
		go func() { results <- stop(part) }()
	}
	var err error
	for range parts[1:] {
		err = errors.Join(err, <-results)
	}
	return errors.Join(err, stop(parts[0]))
}
