package ingest

import (
	"context"
	"maps"
	"slices"

	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/ingest/message"
	"github.com/mailstamp/mailstamp/ingest/plan"
)

// joinThreads finds the thread of every new message and leaves the links of all mail of the batch, matched or not. It
// runs under the lock of the author's mail.
func (w *writer) joinThreads(ctx context.Context) error {
	keys := map[*entry][]string{}
	lookup := queries.ThreadLinksParams{AccountID: w.acc.ID, AuthorID: w.row.UserID}
	asked := map[string]bool{}
	for _, e := range w.batch.entries {
		if e.digest == nil || e.copyOf != 0 || e.verdict.Disposition == plan.Expunged {
			continue
		}
		for _, id := range message.ThreadIDs(e.header) {
			hash := w.acc.Keys.Hash("thread", id)
			keys[e] = append(keys[e], string(hash))
			if !asked[string(hash)] {
				asked[string(hash)] = true
				lookup.Hashes = append(lookup.Hashes, hash)
			}
		}
	}
	links := map[string]int64{}
	if len(lookup.Hashes) > 0 {
		rows, err := w.tx.ThreadLinks(ctx, lookup)
		if err != nil {
			return err
		}
		for _, r := range rows {
			links[string(r.Hash)] = r.ThreadID
		}
	}
	t := plan.NewThreads(links)
	nodes := map[*entry]int{}
	for _, e := range w.batch.entries {
		if k := keys[e]; len(k) > 0 || slices.Contains(w.fresh, e) {
			nodes[e] = t.Message(k)
		}
	}
	if err := w.joinBySubject(ctx, t, nodes); err != nil {
		return err
	}
	return w.writeThreads(ctx, t.Solve(), links, nodes)
}

// joinBySubject joins replies without references to messages of the same subject and parties, stored or of the batch.
func (w *writer) joinBySubject(ctx context.Context, t *plan.Threads, nodes map[*entry]int) error {
	p := queries.SubjectMatesParams{AccountID: w.acc.ID, AuthorID: w.row.UserID, WindowSeconds: plan.SubjectWindow.Seconds()}
	type mate struct {
		e     *entry
		reply bool
	}
	byKey := map[string][]mate{}
	for i, e := range w.fresh {
		key, reply := w.subjectKey(e)
		if len(key) == 0 {
			continue
		}
		for _, m := range byKey[string(key)] {
			if plan.SubjectMates(e.date, m.e.date, reply, m.reply) {
				t.Join(nodes[e], nodes[m.e])
			}
		}
		byKey[string(key)] = append(byKey[string(key)], mate{e, reply})
		p.Ns, p.Keys = append(p.Ns, int32(i)), append(p.Keys, key)
		p.Dates, p.Replies = append(p.Dates, e.date), append(p.Replies, reply)
	}
	if len(p.Ns) == 0 {
		return nil
	}
	rows, err := w.tx.SubjectMates(ctx, p)
	for _, r := range rows {
		t.Join(nodes[w.fresh[r.N]], t.Thread(r.ThreadID))
	}
	return err
}

// subjectKey is what a message may be joined by when references are missing: base subject and exactly two parties, From
// and one recipient. reply: it is a reply that names no message.
func (w *writer) subjectKey(e *entry) (key []byte, reply bool) {
	base, prefixed := message.BaseSubject(e.msg.Header.Subject)
	reply = prefixed && len(e.msg.Header.References) == 0 && len(e.msg.Header.InReplyTo) == 0
	parties := slices.Concat(e.parties.From, e.parties.To, e.parties.Cc)
	slices.Sort(parties)
	parties = slices.Compact(parties)
	if base == "" || len(parties) != 2 {
		return []byte{}, reply
	}
	return w.acc.Keys.Hash("subject", parties[0]+"\x00"+parties[1]+"\x00"+base), reply
}

func (w *writer) writeThreads(ctx context.Context, o plan.Outcome, links map[string]int64, nodes map[*entry]int) error {
	var fresh []int64
	if o.Fresh > 0 {
		var err error
		fresh, err = w.tx.NewThreads(ctx, queries.NewThreadsParams{AccountID: w.acc.ID, AuthorID: w.row.UserID, Count: int32(o.Fresh)})
		if err != nil {
			return err
		}
	}
	id := func(n int64) int64 {
		if n < 0 {
			return fresh[-n-1]
		}
		return n
	}
	add := queries.InsertThreadLinksParams{AccountID: w.acc.ID, AuthorID: w.row.UserID}
	for key, thread := range o.Links {
		if links[key] == 0 {
			add.Hashes = append(add.Hashes, []byte(key))
			add.ThreadIds = append(add.ThreadIds, id(thread))
		}
	}
	if len(add.Hashes) > 0 {
		if err := w.tx.InsertThreadLinks(ctx, add); err != nil {
			return err
		}
	}
	if len(o.Merged) > 0 {
		losers := slices.Sorted(maps.Keys(o.Merged))
		winners := make([]int64, len(losers))
		for i, loser := range losers {
			winners[i] = o.Merged[loser]
		}
		w.joined = winners
		if err := w.tx.MergeThreads(ctx, queries.MergeThreadsParams{AccountID: w.acc.ID, Losers: losers, Winners: winners}); err != nil {
			return err
		}
		if err := w.tx.MoveThreadLinks(ctx, queries.MoveThreadLinksParams{AccountID: w.acc.ID, Losers: losers, Winners: winners}); err != nil {
			return err
		}
		if err := w.tx.MoveThreadMessages(ctx, queries.MoveThreadMessagesParams{AccountID: w.acc.ID, Losers: losers, Winners: winners}); err != nil {
			return err
		}
	}
	w.threads = make(map[*entry]int64, len(w.fresh))
	for _, e := range w.fresh {
		w.threads[e] = id(o.Of(nodes[e]))
	}
	return nil
}
