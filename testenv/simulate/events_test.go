package simulate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/jobs/notify"
	"github.com/mailstamp/mailstamp/testenv"
)

// maxHang is how long the CRM leaves an event without an answer before the connection ends.
const maxHang = 300 * time.Millisecond

// receiver is where the CRM takes events, and what it took.
type receiver struct {
	server *testenv.EventServer

	mu    sync.Mutex
	r     *rand.Rand
	calm  bool
	away  bool
	taken map[string]testenv.ReceivedEvent // by webhook-id
	// what a message was when the CRM was told of it, if it was there still: its Message-ID
	letters map[string]string
	wrong   []string
}

func newReceiver(w *world) *receiver {
	c := &receiver{server: testenv.NewEventServer(w.t), r: rand.New(rand.NewPCG(w.seed, 3)),
		taken: map[string]testenv.ReceivedEvent{}, letters: map[string]string{}}
	c.server.Trust(w.acc.WebhookSecret)
	c.server.AnswerBy(func(answer http.ResponseWriter, e testenv.ReceivedEvent) { w.receive(answer, e) })
	w.must(notify.SetURL(w.t.Context(), w.db, w.acc, c.server.URL))
	return c
}

// receive takes an event or fails in one of the ways a CRM has: it refuses, hangs, is gone, or takes the event and its answer is lost.
func (w *world) receive(answer http.ResponseWriter, e testenv.ReceivedEvent) {
	fault, hang := w.crm.draw()
	switch fault {
	case "hangs":
		time.Sleep(hang)
		panic(http.ErrAbortHandler)
	case "away":
		panic(http.ErrAbortHandler)
	case "refuses":
		answer.WriteHeader(http.StatusInternalServerError)
		return
	case "busy":
		answer.Header().Set("Retry-After", "1")
		answer.WriteHeader(http.StatusTooManyRequests)
		return
	}
	w.crm.take(e, w.headerID(e))
	if fault == "answer lost" {
		panic(http.ErrAbortHandler)
	}
	answer.WriteHeader(http.StatusNoContent)
}

func (c *receiver) draw() (fault string, hang time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calm {
		return "", 0
	}
	if c.away {
		return "away", 0
	}
	switch c.r.IntN(40) {
	case 0, 1:
		return "refuses", 0
	case 2:
		return "busy", 0
	case 3:
		return "hangs", time.Duration(c.r.Int64N(int64(maxHang)))
	case 4, 5:
		return "answer lost", 0
	}
	return "", 0
}

func (c *receiver) take(e testenv.ReceivedEvent, letter string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if before, known := c.taken[e.ID]; known && (before.Type != e.Type || before.Data["version"] != e.Data["version"]) {
		c.wrong = append(c.wrong, fmt.Sprintf("event %s is %s %v, and was %s %v", e.ID, e.Type, e.Data, before.Type, before.Data))
	}
	c.taken[e.ID] = e
	if letter != "" {
		c.letters[e.Data["message"].(string)] = letter
	}
}

func (c *receiver) set(change func(*receiver)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c)
}

// headerID is the Message-ID of the message that an event tells of; "" when it is gone.
func (w *world) headerID(e testenv.ReceivedEvent) (id string) {
	if e.Type != "message.stored" {
		return ""
	}
	public, _ := e.Data["message"].(string)
	number, err := w.acc.Keys.ParseID("message", public)
	if err == nil {
		err = w.db.ReadTx(context.WithoutCancel(w.t.Context()), w.acc.ID, func(tx *db.Tx) error {
			err := tx.QueryRow(context.WithoutCancel(w.t.Context()), `select coalesce(header_id, '') from messages where id = $1`, number).Scan(&id)
			if errors.Is(err, pgx.ErrNoRows) {
				return nil
			}
			return err
		})
	}
	if err != nil {
		w.crm.set(func(c *receiver) { c.wrong = append(c.wrong, fmt.Sprintf("event %s of %v: %v", e.ID, e.Data, err)) })
	}
	return id
}

// newest event of each thing: whoever has seen a newer one drops the older.
func newest(events []testenv.ReceivedEvent, thing func(testenv.ReceivedEvent) string) map[string]testenv.ReceivedEvent {
	out := map[string]testenv.ReceivedEvent{}
	for _, e := range events {
		key := thing(e)
		if before, known := out[key]; !known || before.Data["version"].(float64) < e.Data["version"].(float64) {
			out[key] = e
		}
	}
	return out
}

// compareEvents: what the CRM was told is what is held, of each message once, and of nothing that it may not know (I6).
func (w *world) compareEvents(ctx context.Context, tx *db.Tx, h held, add func(string, ...any)) error {
	byType := map[string][]testenv.ReceivedEvent{}
	letters := map[string]string{}
	w.crm.set(func(c *receiver) {
		for _, wrong := range c.wrong {
			add("events: %s", wrong)
		}
		for _, e := range c.taken {
			byType[e.Type] = append(byType[e.Type], e)
		}
		letters = maps.Clone(c.letters)
	})
	outbox, err := notify.HealthOf(ctx, w.db, w.acc)
	if err != nil {
		return err
	}
	if outbox.Pending > 0 || outbox.Failed > 0 {
		add("events: %d wait, %d were given up", outbox.Pending, outbox.Failed)
	}
	w.compareStored(h, byType["message.stored"], letters, add)
	w.compareChanged(h, byType["delivery.changed"], add)
	if n := len(byType["mailbox.needs_auth"]); n > 0 {
		add("events: %d times a login is said to be refused, and none was", n)
	}
	synced := newest(byType["mailbox.synced"], func(e testenv.ReceivedEvent) string { return fmt.Sprint(e.Data["mailbox"], " of ", e.Data["user"]) })
	for _, b := range w.boxes {
		if _, told := synced[b.id+" of "+b.user]; !told {
			add("events: not told that %s is in step", b.id)
		}
	}
	return w.compareStamped(ctx, tx, byType["thread.stamped"], add)
}

// compareStored: each message is told once. A letter that never left a user's folders is one message, however it moved.
func (w *world) compareStored(h held, events []testenv.ReceivedEvent, letters map[string]string, add func(string, ...any)) {
	told, lives := map[string]string{}, map[string]int{}
	for _, e := range events {
		message, author := e.Data["message"].(string), e.Data["author"].(string)
		if told[message] != "" {
			add("events: message %s (%s) is told twice", message, letters[message])
		}
		told[message] = author
		id := letters[message]
		if id == "" {
			continue // gone when it was told
		}
		i := slices.IndexFunc(w.ever[author], func(l *letter) bool { return l.id == id })
		if i < 0 {
			add("events: %s of %s is told, who never had it", id, author)
			continue
		}
		if !slices.ContainsFunc(w.ever[author][i].parties, func(a string) bool { return w.told.ever[a] }) {
			add("events: %s of %s is told, which was on no card ever", id, author)
		}
		if lives[author+" "+id]++; lives[author+" "+id] > w.lives[author+" "+id] {
			add("events: %s of %s is told as stored %d times, and came %d times", id, author, lives[author+" "+id], w.lives[author+" "+id])
		}
	}
	for _, r := range h.rows {
		if r.message != 0 && told[w.acc.Keys.ID("message", r.message)] != r.author {
			add("events: not told of %s", r)
		}
	}
}

// compareChanged: what the CRM was told last of a delivery is what is held; untold, it was sent.
func (w *world) compareChanged(h held, events []testenv.ReceivedEvent, add func(string, ...any)) {
	thing := func(message, recipient any) string { return fmt.Sprint(message, " to ", recipient) }
	last := newest(events, func(e testenv.ReceivedEvent) string { return thing(e.Data["message"], e.Data["recipient"]) })
	for message, recipients := range h.deliveries {
		for recipient, status := range recipients {
			said := any("sent")
			if e, told := last[thing(w.acc.Keys.ID("message", message), recipient)]; told {
				said = e.Data["status"]
			}
			if said != status {
				add("events: delivery %d to %s is %s, and told as %s", message, recipient, status, said)
			}
		}
	}
}

// compareStamped: the CRM's last word on a conversation is its stamp.
func (w *world) compareStamped(ctx context.Context, tx *db.Tx, events []testenv.ReceivedEvent, add func(string, ...any)) error {
	last := newest(events, func(e testenv.ReceivedEvent) string {
		card := e.Data["card"].(map[string]any)
		return fmt.Sprintf("%s %s/%s %s", e.Data["author"], card["kind"], card["id"], e.Data["address"])
	})
	for key, e := range last {
		if a := e.Data["address"].(string); !w.told.ever[a] || w.isUser(a) {
			add("events: %s is told, whose address was on no card ever", key)
		}
	}
	rows, err := tx.Query(ctx, `
		select u.crm_id || ' ' || k.kind || '/' || k.crm_id || ' ' || a.address, c.visible, c.reason, c.on_card and not c.blocked
		from conversations c
		join users u on u.account_id = c.account_id and u.id = c.author_id
		join cards k on k.account_id = c.account_id and k.id = c.card_id
		join addresses a on a.account_id = c.account_id and a.id = c.address_id
		where c.reason <> 'unstamped'`)
	if err != nil {
		return err
	}
	var key, reason string
	var visible, tracked bool
	_, err = pgx.ForEachRow(rows, []any{&key, &visible, &reason, &tracked}, func() error {
		e, told := last[key]
		switch {
		case !told && tracked:
			add("events: not told of the stamp of %s", key)
		case told && (e.Data["visible"] != visible || e.Data["reason"] != reason):
			add("events: the stamp of %s is %t %s, and told as %v %v", key, visible, reason, e.Data["visible"], e.Data["reason"])
		}
		return nil
	})
	return err
}

// crmAway takes the CRM away for a while, so that its next events wait.
func (w *world) crmAway() string {
	away := false
	w.crm.set(func(c *receiver) { c.away = !c.away; away = c.away })
	return fmt.Sprint(away)
}

// passTime lets the notifiers' clock run ahead: what failed is due again.
func (w *world) passTime() string {
	d := time.Duration(w.r.Int64N(int64(time.Minute)))
	w.ahead.Add(int64(d))
	return d.String()
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
