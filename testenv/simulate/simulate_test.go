package simulate

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/seal"
	"github.com/mailstamp/mailstamp/ingest"
	"github.com/mailstamp/mailstamp/ingest/imaplocal"
	"github.com/mailstamp/mailstamp/jobs/webhook"
	"github.com/mailstamp/mailstamp/testenv"
	"github.com/mailstamp/mailstamp/visibility"
)

const (
	// shortSteps are those of each run in make test; the long run is by make simulate.
	shortSteps = 150
	// workers alive at a time.
	workers = 2
	// tail of the script that a failure prints.
	tail = 40
)

// TestMain: what the workers started ends with them, the killed ones' too.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The test database's keeper lives as long as the process.
		goleak.IgnoreAnyFunction("github.com/mailstamp/mailstamp/testenv.holdKeeper"))
}

// TestSimulation runs the script of two fixed seeds, a long run that of a new one too, or that of MAILSTAMP_SIMULATE_SEED.
func TestSimulation(t *testing.T) {
	t.Parallel()
	steps, long := shortSteps, false
	if s := os.Getenv("MAILSTAMP_SIMULATE_STEPS"); s != "" {
		steps, long = number(t, "MAILSTAMP_SIMULATE_STEPS", s), true
	}
	seeds := []uint64{1, 2}
	if long {
		seeds = append(seeds, rand.Uint64N(1<<32)) // a new one is for whoever can look into what it finds
	}
	if s := os.Getenv("MAILSTAMP_SIMULATE_SEED"); s != "" {
		seeds = []uint64{uint64(number(t, "MAILSTAMP_SIMULATE_SEED", s))}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed)
			defer w.end(steps)
			for range steps {
				w.act()
			}
			w.settle(long)
		})
	}
}

func number(t *testing.T, name, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		t.Fatalf("%s is %q, not a number", name, s)
	}
	return n
}

// world is the system, what lies around it, and the truth about both.
type world struct {
	t      *testing.T
	seed   uint64
	r      *rand.Rand // the script's
	script []string

	clock  *testenv.DatabaseClock
	keys   *seal.Sealer
	db     *db.DB // that no fault touches
	acc    *db.Account
	door   *webhook.Door
	asked  *ingest.Mailboxes
	server *imaplocal.Server
	wire   *wire
	passes *passLog
	crm    *receiver
	ahead  atomic.Int64 // of the machine's clock, that of the notifiers

	workers []*worker
	gone    sync.WaitGroup // killed workers on their way out
	paused  sync.WaitGroup // workers that will wake up

	flags bool // what was read must be known by now

	mu      sync.Mutex
	calm    bool
	commits *rand.Rand

	writer   *testenv.Writer
	boxes    []*box
	told     told
	versions int64
	sent     []*letter
	bounces  int
	ever     map[string][]*letter // all that ever lay in a user's mailboxes
	lives    map[string]int       // how often a letter came into a mailbox that did not have it, by user and Message-ID
}

const password = "secret of the mailbox"

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 1)), commits: rand.New(rand.NewPCG(seed, 2)), wire: newWire(seed),
		passes: newPassLog(), writer: testenv.NewWriter(seed), ever: map[string][]*letter{}, lives: map[string]int{},
		told: told{cards: map[string][]string{}, ever: map[string]bool{}, blocked: map[string]map[string]bool{}},
	}
	keyset, err := seal.NewKeyset()
	w.must(err)
	w.keys, err = seal.Load(string(keyset))
	w.must(err)
	w.clock = testenv.NewDatabaseClock(t, testenv.PostgresURL(t))
	w.db, err = db.Open(t.Context(), w.clock.URL, w.keys)
	w.must(err)
	t.Cleanup(w.db.Close)
	w.acc, err = w.db.NewAccount(t.Context(), "simulation")
	w.must(err)
	w.crm = newReceiver(w)
	w.door, w.asked = webhook.New(w.db), ingest.NewMailboxes(options(w.db, w.passes))
	w.server, err = imaplocal.New(imaplocal.Options{Wrap: w.wire.wrap})
	w.must(err)
	t.Cleanup(func() { w.must(w.server.Close()) })
	for _, user := range users {
		w.tell("user.upserted", map[string]any{"id": user, "name": user, "addresses": []string{address(user)}, "active": true})
	}
	for _, b := range []*box{newBox("anna-1", "anna"), newBox("anna-2", "anna"), newBox("ben-1", "ben")} {
		w.must(w.server.AddUser(b.id, password))
		w.boxes = append(w.boxes, b)
		w.configure(b)
		b.number = w.numberOf(b)
	}
	for range workers {
		w.workers = append(w.workers, w.startWorker())
	}
	return w
}

// end stops the workers, each of which has a way to the database that goes with the test.
func (w *world) end(steps int) {
	w.wire.setCalm(true)
	w.paused.Wait()
	for _, worker := range w.workers {
		worker.stop(w.t)
	}
	w.gone.Wait()
	if w.t.Failed() {
		w.t.Logf("again: make simulate SEED=%d STEPS=%d\nthe last acts:\n  %s", w.seed, steps,
			strings.Join(w.script[max(0, len(w.script)-tail):], "\n  "))
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) startWorker() *worker {
	return startWorker(w.t, w.clock.URL, w.keys, w.passes, w.commitFault, w.now)
}

// configure is the CRM's PUT; it also confirms deletions that are held.
func (w *world) configure(b *box) {
	w.t.Helper()
	_, err := w.asked.Put(w.t.Context(), w.acc, b.id, ingest.MailboxConfig{
		User: b.user, Host: w.server.Host(), Port: w.server.Port(), TLS: "none", Username: b.id,
		Auth: ingest.MailboxAuth{Password: password}, WindowMonths: 1200,
	})
	w.must(err)
}

// tell brings an event to the door, signed, as the CRM does; whatever it narrows is hidden from then on.
func (w *world) tell(kind string, data map[string]any) {
	w.t.Helper()
	w.versions++
	data["version"] = w.versions
	body, err := json.Marshal(testenv.Event{Type: kind, Data: data})
	w.must(err)
	header, err := testenv.SignWebhook(w.acc.WebhookSecret, fmt.Sprint("msg", w.versions), time.Now(), body)
	w.must(err)
	status, err := w.door.Receive(w.t.Context(), w.acc, header, body)
	w.must(err)
	if len(status) != 1 || status[0] != visibility.Applied {
		w.t.Fatalf("%s %s: %v", kind, body, status)
	}
	w.checkLeaks()
}
