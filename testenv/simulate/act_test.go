package simulate

import (
	"fmt"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

const (
	// maxAnew: a folder that starts anew more often than this within one loop counts as flapping, and rests for an hour (F03).
	maxAnew = 3
	// maxOff is how far the database's clock is stepped (F37).
	maxOff = 26 * time.Hour
	// maxServerOff is how far the mail server's is off: a Date further ahead of it is not believed (F35).
	maxServerOff = 24 * time.Hour
	// maxAway is how long a server is away at most.
	maxAway = 150 * time.Millisecond
	// maxPause is how long the system is left alone after an act.
	maxPause = 25 * time.Millisecond
	// maxHeld is how long a worker is paused: until its leases are long another's.
	maxHeld = 2 * leaseTTL
	// maxLate is how long a commit is on its way, so that others work beside a transaction that is whole but not seen yet.
	maxLate = 40 * time.Millisecond
)

var (
	users     = []string{"anna", "ben"}
	customers = []string{"c0@customer.test", "c1@customer.test", "c2@customer.test", "c3@other.test", "c4@other.test", "nobody@elsewhere.test"}
	cards     = []string{"contact/k0", "contact/k1", "lead/l0", "deal/d0", "deal/d1"}
)

// act is one step of the script.
func (w *world) act() {
	acts := []struct {
		weight int
		name   string
		do     func() string
	}{
		{22, "deliver", w.deliver}, {12, "answer", w.answer}, {8, "exchange", w.exchange}, {4, "bounce", w.bounce}, {5, "copy", w.copy}, {7, "move", w.move},
		{5, "delete", w.delete}, {6, "read", w.read}, {2, "start anew", w.startAnew}, {1, "rename", w.rename}, {1, "empty", w.empty},
		{8, "card", w.card}, {6, "share", w.share}, {4, "setting", w.setting}, {2, "block", w.block}, {3, "ask", w.ask}, {1, "put", w.put},
		{3, "kill", w.kill}, {2, "pause", w.pause}, {3, "cut the database", w.cutDatabase}, {2, "database away", w.databaseAway},
		{2, "cut the mail server", w.cutServer}, {2, "mail server away", w.serverAway}, {1, "step the clock", w.stepClock},
		{2, "CRM away", w.crmAway}, {2, "time passes", w.passTime},
	}
	total := 0
	for _, a := range acts {
		total += a.weight
	}
	n := w.r.IntN(total)
	for _, a := range acts {
		if n -= a.weight; n < 0 {
			w.script = append(w.script, fmt.Sprintf("%s %s", a.name, a.do()))
			break
		}
	}
	if w.r.IntN(2) == 0 {
		time.Sleep(time.Duration(w.r.Int64N(int64(maxPause)))) // the workers' turn
	}
}

func pick[T any](w *world, list []T) T { return list[w.r.IntN(len(list))] }

func (w *world) anyBox() *box { return pick(w, w.boxes) }

func (w *world) boxOf(user string) *box {
	var own []*box
	for _, b := range w.boxes {
		if b.user == user {
			own = append(own, b)
		}
	}
	return pick(w, own)
}

// anyMail is a random mail of a random folder that is read, or nil.
func (w *world) anyMail() (b *box, name string, uid uint32, p *place) {
	b = w.anyBox()
	for range 5 {
		name = pick(w, b.names())
		if f := b.folders[name]; f.synced && len(f.mails) > 0 {
			uid = pick(w, f.uids())
			return b, name, uid, f.mails[uid]
		}
	}
	return b, "", 0, nil
}

// put a letter into a folder.
func (w *world) append(b *box, name string, l *letter, seen bool) {
	var flags []string
	if seen {
		flags = []string{`\Seen`}
	}
	// The server's clock is off too.
	at := l.answered.Date.Add(time.Duration(w.r.Int64N(int64(2*maxServerOff))) - maxServerOff)
	uid, err := w.server.Append(b.id, name, flags, at, l.raw)
	w.must(err)
	f := b.folders[name]
	if uid != f.next {
		w.t.Fatalf("%s/%s: the server gave UID %d, not %d", b.id, name, uid, f.next)
	}
	f.next++
	if f.synced && !b.holds(l) {
		w.lives[b.user+" "+l.id]++
	}
	f.mails[uid] = &place{l, seen}
	w.ever[b.user] = append(w.ever[b.user], l)
}

// deliver brings a new letter, in or out, sometimes among colleagues or to both.
func (w *world) deliver() string {
	user, customer := pick(w, users), testenv.Party{Name: "Customer", Address: pick(w, customers)}
	me := testenv.Party{Name: user, Address: address(user)}
	b := w.boxOf(user)
	switch w.r.IntN(8) {
	case 0, 1: // sent, sometimes to two
		to := []testenv.Party{customer}
		if w.r.IntN(3) == 0 {
			to = append(to, testenv.Party{Address: pick(w, customers)})
		}
		l := newLetter(w.writer.Letter(me, to...))
		w.sent = append(w.sent, l)
		w.append(b, "Sent", l, true)
		return b.id + " out"
	case 2: // among colleagues
		l := newLetter(w.writer.Letter(testenv.Party{Address: address("ben")}, testenv.Party{Address: address("anna")}))
		w.append(w.boxOf("anna"), "INBOX", l, false)
		w.append(w.boxOf("ben"), "Sent", l, true)
		return "among colleagues"
	case 3: // to both users at once
		l := newLetter(w.writer.Letter(customer, testenv.Party{Address: address("anna")}, testenv.Party{Address: address("ben")}))
		for _, u := range users {
			w.append(w.boxOf(u), "INBOX", l, false)
		}
		return "to both"
	}
	w.append(b, "INBOX", newLetter(w.writer.Letter(customer, me)), w.r.IntN(3) == 0)
	return b.id + " in"
}

// answer answers a mail that is there, from the other side.
func (w *world) answer() string {
	b, _, _, p := w.anyMail()
	if p == nil || p.bounced != "" || len(p.answered.To) == 0 {
		return "nothing"
	}
	me := testenv.Party{Name: b.user, Address: address(b.user)}
	to, from, name := p.answered, me, "Sent"
	if p.answered.From.Address == me.Address {
		from, name = p.answered.To[0], "INBOX"
	}
	l := newLetter(w.writer.Reply(to, from))
	if from == me {
		w.sent = append(w.sent, l)
	}
	w.append(b, name, l, name == "Sent")
	return b.id + "/" + name
}

// exchange brings a mail, the next that answers it, and one of the two again into both mailboxes of a user at the same time:
// two loops, of two workers perhaps, meet in one thread.
func (w *world) exchange() string {
	customer, me := testenv.Party{Name: "Customer", Address: pick(w, customers)}, testenv.Party{Address: address("anna")}
	first := w.writer.Letter(customer, me)
	next := w.writer.Reply(first, me)
	next.From, next.To = customer, first.To
	letters := []*letter{newLetter(first), newLetter(next)}
	one, other := w.boxes[0], w.boxes[1]
	if w.r.IntN(2) == 0 {
		one, other = other, one
	}
	twice := pick(w, letters)
	w.append(one, "INBOX", letters[0], false)
	w.append(other, "INBOX", letters[1], false)
	if w.r.IntN(2) == 0 {
		w.append(one, "INBOX", twice, false)
		w.append(other, "INBOX", twice, false)
	}
	return one.id + " and " + other.id
}

func (w *world) bounce() string {
	if len(w.sent) == 0 {
		return "nothing"
	}
	of := pick(w, w.sent)
	user := "anna"
	if of.answered.From.Address == address("ben") {
		user = "ben"
	}
	w.bounces++
	w.append(w.boxOf(user), "INBOX", newBounce(w.bounces, of, address(user)), false)
	return "of " + of.id
}

// copy puts the same bytes into another folder, or another mailbox of the user.
func (w *world) copy() string {
	b, _, _, p := w.anyMail()
	if p == nil {
		return "nothing"
	}
	to := w.boxOf(b.user)
	name := pick(w, to.names())
	w.append(to, name, p.letter, p.seen)
	return to.id + "/" + name
}

func (w *world) move() string {
	b, from, uid, p := w.anyMail()
	if p == nil {
		return "nothing"
	}
	to := pick(w, b.names())
	if to == from {
		return "nothing"
	}
	got, err := w.server.Move(b.id, from, uid, to)
	w.must(err)
	f := b.folders[to]
	if got != f.next {
		w.t.Fatalf("%s/%s: the server gave UID %d, not %d", b.id, to, got, f.next)
	}
	f.next++
	f.mails[got] = p
	delete(b.folders[from].mails, uid)
	return fmt.Sprintf("%s/%s/%d to %s", b.id, from, uid, to)
}

func (w *world) expunge(b *box, name string, uids ...uint32) {
	w.must(w.server.Expunge(b.id, name, uids...))
	for _, uid := range uids {
		delete(b.folders[name].mails, uid)
	}
}

func (w *world) delete() string {
	b, name, uid, p := w.anyMail()
	if p == nil {
		return "nothing"
	}
	w.expunge(b, name, uid)
	return fmt.Sprintf("%s/%s/%d", b.id, name, uid)
}

// empty deletes all of a folder at once: the brake's business.
func (w *world) empty() string {
	b, name, _, p := w.anyMail()
	if p == nil {
		return "nothing"
	}
	w.expunge(b, name, b.folders[name].uids()...)
	return b.id + "/" + name
}

func (w *world) read() string {
	b, name, uid, p := w.anyMail()
	if p == nil {
		return "nothing"
	}
	p.seen = !p.seen
	var flags []string
	if p.seen {
		flags = []string{`\Seen`}
	}
	w.must(w.server.SetFlags(b.id, name, flags, uid))
	return fmt.Sprintf("%s/%s/%d %t", b.id, name, uid, p.seen)
}

// startAnew gives a folder another UIDVALIDITY; some of its mail does not come along (F01, F02, F10). A folder made anew has no
// SPECIAL-USE and is known by its name, so not the archive, which is renamed.
func (w *world) startAnew() string {
	b, name, _, p := w.anyMail()
	if p == nil || b.folders[name].anew == maxAnew || name != "INBOX" && name != "Sent" {
		return "nothing"
	}
	old := b.folders[name]
	w.must(w.server.DeleteFolder(b.id, name))
	w.must(w.server.CreateFolder(b.id, name))
	b.create(name).anew = old.anew + 1
	for _, uid := range old.uids() {
		if w.r.IntN(5) > 0 {
			w.append(b, name, old.mails[uid].letter, old.mails[uid].seen)
		}
	}
	return b.id + "/" + name
}

// rename gives the archive another name and, later, its own back.
func (w *world) rename() string {
	b := w.anyBox()
	from, to := "Archive", "Old mail & more"
	if b.folders[from] == nil {
		from, to = to, from
	}
	w.must(w.server.RenameFolder(b.id, from, to))
	b.folders[to] = b.folders[from]
	delete(b.folders, from)
	return b.id + " " + from
}

func (w *world) some(list []string, n int) []string {
	out := []string{}
	for _, s := range list {
		if w.r.IntN(n) == 0 {
			out = append(out, s)
		}
	}
	return out
}

// card tells a card as a whole.
func (w *world) card() string {
	card := pick(w, cards)
	kind, id := splitCard(card)
	data := map[string]any{"kind": kind, "id": id, "name": id, "collaborators": w.some(users, 3), "audience": any("everyone")}
	if w.r.IntN(4) > 0 {
		data["owner"] = pick(w, users)
	}
	if w.r.IntN(2) == 0 {
		data["audience"] = w.some(users, 2)
	}
	if kind == "deal" {
		contacts := []map[string]any{}
		for _, k := range w.some([]string{"k0", "k1"}, 2) {
			contacts = append(contacts, map[string]any{"id": k})
		}
		data["contacts"] = contacts
	} else {
		of := w.some(customers[:len(customers)-1], 2)
		var list []map[string]string
		for _, a := range of {
			list = append(list, map[string]string{"address": a})
			w.told.ever[a] = true
		}
		data["addresses"] = list
		w.told.cards[card] = of
	}
	w.tell("card.upserted", data)
	return fmt.Sprint(card, w.told.cards[card])
}

func (w *world) share() string {
	card := pick(w, cards)
	kind, id := splitCard(card)
	data := map[string]any{"user": pick(w, users), "card": map[string]string{"kind": kind, "id": id}, "address": pick(w, customers),
		"state": pick(w, []string{"shared", "shared", "private", "none"}), "also_deals": w.r.IntN(2) == 0, "also_contact": w.r.IntN(2) == 0}
	w.tell("share.changed", data)
	return fmt.Sprint(data["user"], card, data["address"], data["state"])
}

func (w *world) setting() string {
	kind, value := pick(w, []string{"lead", "contact", "deal"}), pick(w, []string{"nobody", "everyone", "owner_or_collaborator", "owner"})
	user := pick(w, users)
	w.tell("setting.changed", map[string]any{"user": user, kind: value})
	return fmt.Sprint(user, kind, value)
}

// block tells a block list as a whole.
func (w *world) block() string {
	var user any
	whose := ""
	if w.r.IntN(2) == 0 {
		whose = pick(w, users)
		user = whose
	}
	entries := w.some(customers, 4)
	w.tell("blocklist.changed", map[string]any{"user": user, "entries": entries})
	w.told.blocked[whose] = map[string]bool{}
	for _, a := range entries {
		w.told.blocked[whose][a] = true
	}
	return fmt.Sprint(whose, entries)
}

func (w *world) ask() string {
	b := w.anyBox()
	w.tell("sync.requested", map[string]any{"mailbox": b.id})
	return b.id
}

func (w *world) put() string {
	b := w.anyBox()
	w.configure(b)
	return b.id
}

// kill kills a worker and starts another in its place.
func (w *world) kill() string {
	i := w.r.IntN(len(w.workers))
	w.workers[i].kill(&w.gone)
	w.workers[i] = w.startWorker()
	return fmt.Sprint(i)
}

// pause holds a worker up in whatever it is doing: its leases end, others take its mailboxes, and it wakes up (F41).
func (w *world) pause() string {
	of, d := pick(w, w.workers), time.Duration(w.r.Int64N(int64(maxHeld)))
	of.proxy.Hold(true)
	w.paused.Go(func() {
		time.Sleep(d) // that is what the act is
		of.proxy.Hold(false)
	})
	return d.String()
}

func (w *world) cutDatabase() string {
	pick(w, w.workers).proxy.Cut()
	return ""
}

func (w *world) away() time.Duration { return time.Duration(w.r.Int64N(int64(maxAway))) }

func (w *world) databaseAway() string {
	of, d := pick(w, w.workers), w.away()
	of.proxy.Away(true)
	time.Sleep(d) // that is what the act is
	of.proxy.Away(false)
	return d.String()
}

func (w *world) cutServer() string {
	w.wire.cut()
	return ""
}

func (w *world) serverAway() string {
	d := w.away()
	w.wire.setAway(true)
	time.Sleep(d)
	w.wire.setAway(false)
	return d.String()
}

func (w *world) stepClock() string {
	off := time.Duration(w.r.Int64N(int64(2*maxOff))) - maxOff
	w.clock.Set(w.t, off)
	return off.String()
}

// commitFault is asked at each commit of a worker; one in many is late, is lost, or its answer is (F38, F39).
func (w *world) commitFault() testenv.CommitFault {
	fault, late := w.drawCommit()
	time.Sleep(late)
	return fault
}

func (w *world) drawCommit() (fault testenv.CommitFault, late time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calm {
		return testenv.CommitPasses, 0
	}
	switch w.commits.IntN(40) {
	case 0:
		return testenv.CommitLost, 0
	case 1:
		return testenv.AnswerLost, 0
	case 2, 3, 4, 5:
		return testenv.CommitPasses, time.Duration(w.commits.Int64N(int64(maxLate)))
	}
	return testenv.CommitPasses, 0
}

func splitCard(card string) (kind, id string) {
	kind, id, _ = strings.Cut(card, "/")
	return kind, id
}
