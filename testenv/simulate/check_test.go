package simulate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/jobs"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/naive"
)

const (
	// settling is how long the system may take to be in step once the faults have ended: a takeover, some passes, the sweep
	// that finds jobs killed while they ran (half a minute), and the machine's other work.
	settling = 2 * time.Minute
	// slow is what a log is worth when it takes longer.
	slow = 20 * time.Second
	// retried is when every event that failed was tried again: the longest pauses of one and of its CRM, and the end of a turn.
	retried = 40 * time.Minute
	// sweepAfter is when a short run does the sweep's part itself.
	sweepAfter = 2 * time.Second
)

// checkLeaks asks the second evaluator whether readers are shown what they must not be (G1).
func (w *world) checkLeaks() {
	w.t.Helper()
	w.reading(func(ctx context.Context, tx *db.Tx) error {
		facts, err := naive.Load(ctx, tx)
		if err == nil {
			for _, d := range facts.Leaks() {
				w.t.Errorf("shown and must not be: %s", d)
			}
		}
		return err
	})
}

func (w *world) reading(fn func(context.Context, *db.Tx) error) {
	w.t.Helper()
	w.must(w.db.ReadTx(w.t.Context(), w.acc.ID, func(tx *db.Tx) error { return fn(w.t.Context(), tx) }))
}

// settle ends all faults, waits until the system is in step with the truth, and expects it to stay so. A long run waits for
// the sweep too.
func (w *world) settle(long bool) {
	w.mu.Lock()
	w.calm = true
	w.mu.Unlock()
	w.wire.setCalm(true)
	w.crm.set(func(c *receiver) { c.calm = true })
	w.paused.Wait()
	w.clock.Set(w.t, 0)
	w.awaitTruth(long) // what was left behind is not hidden by anything new
	// The server keeps no mod-sequences: flags are compared when a folder changed.
	for _, b := range w.boxes {
		for _, name := range b.names() {
			if b.folders[name].synced {
				w.append(b, name, newLetter(w.writer.Letter(testenv.Party{Address: customers[len(customers)-1]}, testenv.Party{Address: address(b.user)})), false)
			}
		}
	}
	w.flags = true
	w.awaitTruth(long)
	w.checkQuiet()
	if wrong := w.differences(); len(wrong) > 0 {
		w.t.Fatalf("a further sync changed the state:\n  %s", strings.Join(wrong, "\n  "))
	}
}

// awaitTruth waits until all that is held is true. What failed is tried again when its own time has come, nobody is asked to
// hurry; a mailbox is saved anew only where its health asks a person for that.
func (w *world) awaitTruth(long bool) {
	w.t.Helper()
	var wrong []string
	hurry := retried
	for began := time.Now(); time.Since(began) < settling; time.Sleep(50 * time.Millisecond) {
		last := wrong
		if wrong = w.differences(); len(wrong) == 0 {
			if took := time.Since(began); took > slow {
				w.t.Logf("in step after %s only; the last differences:\n  %s", took, strings.Join(last[:min(len(last), tail)], "\n  "))
			}
			return
		}
		for _, b := range w.boxes {
			if h := w.health(b); h.State == "held" || slices.ContainsFunc(h.Folders, func(f ingest.FolderHealth) bool { return f.Quarantined > 0 }) {
				w.configure(b) // much was deleted, and really so; or a mail met one cut after the other
			}
		}
		if hurry > 0 { // events that failed are due again
			w.ahead.Add(int64(time.Minute))
			hurry -= time.Minute
		}
		if !long && time.Since(began) > sweepAfter {
			w.sweep()
		}
	}
	w.t.Fatalf("%d differences %s after the faults ended:\n  %s\nthe last warnings:\n  %s", len(wrong), settling,
		strings.Join(wrong[:min(len(wrong), tail)], "\n  "), strings.Join(w.passes.lastWarnings(), "\n  "))
}

func (w *world) health(b *box) ingest.Health {
	w.t.Helper()
	h, err := w.asked.Get(w.t.Context(), w.acc, b.id)
	w.must(err)
	return h
}

// sweep queues what is behind, as the sweep does.
func (w *world) sweep() {
	w.must(w.db.Tx(w.t.Context(), w.acc.ID, func(tx *db.Tx) error {
		work, err := visibility.Pending(w.t.Context(), tx)
		if err != nil {
			return err
		}
		return jobs.Enqueue(w.t.Context(), tx, work)
	}))
}

// checkQuiet expects a further pass of every mailbox to write nothing (I4).
func (w *world) checkQuiet() {
	w.t.Helper()
	w.awaitPasses()
	_, before := w.passes.totals()
	w.awaitPasses()
	if _, after := w.passes.totals(); after != before {
		w.t.Errorf("a sync of unchanged mailboxes wrote in %d transactions", after-before)
	}
}

// awaitPasses waits for two passes that each mailbox ends: one may have begun before.
func (w *world) awaitPasses() {
	w.t.Helper()
	before, _ := w.passes.totals()
	testenv.Eventually(w.t, settling, func() error {
		now, _ := w.passes.totals()
		for _, b := range w.boxes {
			if now[b.number] < before[b.number]+2 {
				w.tell("sync.requested", map[string]any{"mailbox": b.id})
				return fmt.Errorf("%s made no pass", b.id)
			}
		}
		return nil
	})
}

// differences of what is held from what is true.
func (w *world) differences() []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	w.compareServer(add)
	w.reading(func(ctx context.Context, tx *db.Tx) error {
		held, err := load(ctx, tx)
		if err != nil {
			return err
		}
		w.compareLedger(held, add)
		w.compareMessages(held, add)
		w.compareThreads(held, add)
		w.compareDeliveries(held, add)
		if err := w.compareEvents(ctx, tx, held, add); err != nil {
			return err
		}
		facts, err := naive.Load(ctx, tx)
		if err != nil {
			return err
		}
		for _, d := range facts.Compare() {
			add("stamp: %s", d)
		}
		work, stamps, err := visibility.Behind(ctx, tx)
		if len(work) > 0 || stamps > 0 {
			add("stamps: %d inputs and %d stamps are behind", len(work), stamps)
		}
		return err
	})
	for _, b := range w.boxes {
		h := w.health(b)
		if h.State != "live" || h.Problem != nil || h.Progress.Done != h.Progress.Total {
			add("%s: state %s, problem %v, %d of %d done", b.id, h.State, h.Problem, h.Progress.Done, h.Progress.Total)
		}
		for _, f := range h.Folders {
			if of := b.folders[f.Name]; of == nil || !of.synced || int(f.OnServer) != len(of.mails) {
				add("%s: health says %d mails in %s", b.id, f.OnServer, f.Name)
			}
		}
	}
	return out
}

// compareServer holds the truth against what the server has: the simulation's own book-keeping.
func (w *world) compareServer(add func(string, ...any)) {
	for _, b := range w.boxes {
		shown, err := w.server.Messages(b.id)
		w.must(err)
		n := 0
		for _, f := range b.folders {
			n += len(f.mails)
		}
		if n != len(shown) {
			add("the simulation lost count: %d mails of %s, the server has %d", n, b.id, len(shown))
		}
		for _, m := range shown {
			f := b.folders[m.Folder]
			if f == nil || f.validity != m.UIDValidity || f.mails[m.UID] == nil || f.mails[m.UID].sum != m.SHA256 {
				add("the simulation lost count: %s/%s/%d", b.id, m.Folder, m.UID)
			}
		}
	}
}

// row of the ledger with its message.
type row struct {
	box, folder         string
	validity, uid       int64
	disposition, reason string
	seen, gone, present bool
	message, thread     int64
	author, id, subject string
	matched             bool // with the truth
}

func (r row) String() string {
	return fmt.Sprintf("%s/%s/%d/%d %s %s", r.box, r.folder, r.validity, r.uid, r.disposition, r.reason)
}

type held struct {
	rows       []*row
	messages   int64 // in all
	deliveries map[int64]map[string]string
}

func load(ctx context.Context, tx *db.Tx) (held, error) {
	h := held{deliveries: map[int64]map[string]string{}}
	rows, err := tx.Query(ctx, `
		select x.crm_id, f.name, l.uid_validity, l.uid, l.disposition, coalesce(l.reason, ''), l.seen, f.gone_at is not null,
		       f.uid_validity = l.uid_validity, coalesce(m.id, 0), coalesce(m.thread_id, 0), u.crm_id, coalesce(m.header_id, ''), coalesce(m.subject, '')
		from ledger l
		join folders f on f.account_id = l.account_id and f.id = l.folder_id
		join mailboxes x on x.account_id = f.account_id and x.id = f.mailbox_id
		join users u on u.account_id = x.account_id and u.id = x.user_id
		left join messages m on m.account_id = l.account_id and m.id = l.message_id
		where l.disposition <> 'expunged'`)
	if err != nil {
		return h, err
	}
	h.rows, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (*row, error) {
		var o row
		err := r.Scan(&o.box, &o.folder, &o.validity, &o.uid, &o.disposition, &o.reason, &o.seen, &o.gone, &o.present, &o.message, &o.thread,
			&o.author, &o.id, &o.subject)
		return &o, err
	})
	if err != nil {
		return h, err
	}
	if err := tx.QueryRow(ctx, `select count(*) from messages`).Scan(&h.messages); err != nil {
		return h, err
	}
	if rows, err = tx.Query(ctx, `select message_id, address, status from deliveries`); err != nil {
		return h, err
	}
	var message int64
	var to, status string
	_, err = pgx.ForEachRow(rows, []any{&message, &to, &status}, func() error {
		if h.deliveries[message] == nil {
			h.deliveries[message] = map[string]string{}
		}
		h.deliveries[message][to] = status
		return nil
	})
	return h, err
}

// compareLedger: each mail on the server has exactly one row, with the disposition that it must have (I1), and each row
// its mail.
func (w *world) compareLedger(h held, add func(string, ...any)) {
	at := map[string]*row{}
	for _, r := range h.rows {
		if r.gone || !r.present {
			add("ledger: a row of what is no more: %s", r)
			continue
		}
		at[fmt.Sprintf("%s/%s/%d/%d", r.box, r.folder, r.validity, r.uid)] = r
	}
	for _, b := range w.boxes {
		for _, name := range b.names() {
			f := b.folders[name]
			for _, uid := range f.uids() {
				key, p := fmt.Sprintf("%s/%s/%d/%d", b.id, name, f.validity, uid), f.mails[uid]
				r := at[key]
				delete(at, key)
				fate := w.fate(p.letter, b.user)
				switch {
				case !f.synced && r == nil:
				case !f.synced:
					add("ledger: %s is in a folder that is not read", r)
				case r == nil:
					add("ledger: %s is missing (%v)", key, p.parties)
				case !slices.Contains(fate, r.disposition):
					add("ledger: %s, want %v (%v)", r, fate, p.parties)
				case r.disposition == "stored" && (r.id != p.id || r.subject != p.subject):
					add("ledger: %s holds %q, the mail is %q", r, r.id, p.id)
				case w.flags && r.disposition == "stored" && r.seen != p.seen:
					add("ledger: %s seen %t, want %t", r, r.seen, p.seen)
				}
				if r != nil {
					r.matched = true
				}
			}
		}
	}
	for _, r := range at {
		add("ledger: %s is not on the server", r)
	}
}

// compareMessages: one message per author and content, and none without a place (I2).
func (w *world) compareMessages(h held, add func(string, ...any)) {
	bySum, byMessage := map[string]int64{}, map[int64]string{}
	for _, r := range h.rows {
		if !r.matched || r.message == 0 {
			continue
		}
		p := w.at(r)
		content := fmt.Sprintf("%s %x", r.author, p.sum)
		if other, known := bySum[content]; known && other != r.message {
			add("messages: %s is two messages", r)
		}
		if other, known := byMessage[r.message]; known && other != content {
			add("messages: %s shares its message with another mail", r)
		}
		bySum[content], byMessage[r.message] = r.message, content
	}
	if int(h.messages) != len(byMessage) {
		add("messages: %d are held, %d are on the server", h.messages, len(byMessage))
	}
}

func (w *world) at(r *row) *place {
	for _, b := range w.boxes {
		if b.id == r.box {
			return b.folders[r.folder].mails[uint32(r.uid)]
		}
	}
	return nil
}

// compareThreads: what is linked by what lies there is one thread, and nothing else but what was ever linked (SPEC 6).
func (w *world) compareThreads(h held, add func(string, ...any)) {
	for _, user := range users {
		now, ever := newUnion(), newUnion()
		for _, l := range w.ever[user] {
			ever.join(l.links...)
		}
		var stored []*row
		for _, r := range h.rows {
			if r.matched && r.author == user {
				now.join(w.at(r).links...)
				if r.message != 0 {
					stored = append(stored, r)
				}
			}
		}
		threadOf, rootOf := map[string]int64{}, map[int64]string{}
		for _, r := range stored {
			root := now.root(r.id)
			if t, known := threadOf[root]; known && t != r.thread {
				add("threads: %s is not with what it answers", r)
			}
			threadOf[root] = r.thread
			all := ever.root(r.id)
			if other, known := rootOf[r.thread]; known && other != all {
				add("threads: %s is in a stranger's thread", r)
			}
			rootOf[r.thread] = all
		}
	}
}

// compareDeliveries: a mail that was answered says so, else one that bounced, else it was sent; what came back and was
// deleted since may be remembered (SPEC 7).
func (w *world) compareDeliveries(h held, add func(string, ...any)) {
	for _, user := range users {
		var there, stored []*letter
		for _, r := range h.rows {
			if r.matched && r.author == user {
				there = append(there, w.at(r).letter)
				if r.message != 0 {
					stored = append(stored, w.at(r).letter)
				}
			}
		}
		now, ever := newReturns(there, stored), newReturns(w.ever[user], w.ever[user])
		for _, r := range h.rows {
			if !r.matched || r.message == 0 || r.author != user {
				continue
			}
			l := w.at(r).letter
			for to, status := range h.deliveries[r.message] {
				must, may := now.of(l, to), ever.of(l, to)
				if status != must && status != may && !(status == "bounced" && ever.bounced[l.id+" "+to]) {
					add("deliveries: %s to %s is %s, want %s or %s", r, to, status, must, may)
				}
			}
		}
	}
}

// returns are what came back on sent mail.
type returns struct {
	threads union
	answers []*letter // perhaps
	bounced map[string]bool
}

// newReturns: reports and links count of all mail, answers only of stored mail.
func newReturns(letters, answers []*letter) returns {
	r := returns{newUnion(), answers, map[string]bool{}}
	for _, l := range letters {
		r.threads.join(l.links...)
		if l.bounced != "" {
			r.bounced[l.bounced+" "+l.recipient] = true
		}
	}
	return r
}

func (r returns) of(l *letter, to string) string {
	for _, answer := range r.answers {
		if answer.bounced == "" && answer.answered.From.Address == to && answer.answered.Date.After(l.answered.Date) &&
			r.threads.root(answer.id) == r.threads.root(l.id) {
			return "replied"
		}
	}
	if r.bounced[l.id+" "+to] {
		return "bounced"
	}
	return "sent"
}

// union joins names into sets.
type union struct{ of map[string]string }

func newUnion() union { return union{map[string]string{}} }

func (u union) root(name string) string {
	for u.of[name] != "" && u.of[name] != name {
		name = u.of[name]
	}
	return name
}

func (u union) join(names ...string) {
	for _, n := range names {
		if a, b := u.root(names[0]), u.root(n); a != b {
			u.of[b] = a
		}
	}
}

// numberOf is our own number of a mailbox, by which the log names it.
func (w *world) numberOf(b *box) (id int64) {
	w.reading(func(ctx context.Context, tx *db.Tx) error {
		return tx.QueryRow(ctx, `select id from mailboxes where crm_id = $1`, b.id).Scan(&id)
	})
	return id
}
