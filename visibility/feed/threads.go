package feed

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// Threads are the card's threads for the viewer, by the newest message that the viewer sees. Threads are an author's: the
// same mail in two mailboxes stands in two.
func (s *Service) Threads(ctx context.Context, acc *db.Account, viewer string, card visibility.CardRef, cut Cut) (Page[ThreadSummary], error) {
	page := Page[ThreadSummary]{Items: []ThreadSummary{}}
	err := s.look(ctx, acc, viewer, card, func(v *sight) error {
		list := listOf("threads", viewer, card)
		limit, from, err := cut.start(acc, list)
		if err != nil {
			return err
		}
		threads, err := v.nextThreads(ctx, viewer, from, limit+1)
		if err != nil {
			return err
		}
		page.Next = nil
		if len(threads) > limit {
			threads = threads[:limit]
			page.Next = threads[limit-1].position.seal(acc, list)
		}
		page.Items, err = v.threadSummaries(ctx, threads)
		return err
	})
	return page, err
}

// threadAt is a thread where its newest message that the viewer sees stands.
type threadAt struct {
	position
	queries.FeedThreadSummariesRow
}

// nextThreads are the next at most n threads after a position. It walks the viewer's messages from newer to older, so each
// thread is met first at its newest one; a thread whose newest was passed on an earlier page is left out.
func (v *sight) nextThreads(ctx context.Context, viewer string, from *position, n int) ([]threadAt, error) {
	var found []threadAt
	met := map[int64]bool{}
	before := farFuture
	if from != nil {
		before = from.after()
	}
	for len(found) < n {
		rows, err := newest(ctx, v.Queries, v.acc, viewer, v.card, before, walkGroups)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			break
		}
		last := rows[len(rows)-1]
		before = point{last.Date, last.SortKey}

		fresh, err := v.threadsOf(ctx, rows, met)
		if err != nil {
			return nil, err
		}
		for _, t := range fresh {
			if from == nil || !from.passed(t.point, t.tie) {
				found = append(found, t)
			}
		}
	}
	slices.SortFunc(found, func(a, b threadAt) int {
		return cmp.Or(b.compare(a.point), cmp.Compare(b.tie, a.tie))
	})
	return found[:min(n, len(found))], nil
}

// threadsOf are the threads of rows that were not met yet.
func (v *sight) threadsOf(ctx context.Context, rows []queries.FeedNewestRow, met map[int64]bool) ([]threadAt, error) {
	var fresh []int64
	for _, row := range rows {
		if id := row.ThreadID; !met[id] {
			met[id] = true
			fresh = append(fresh, id)
		}
	}
	if len(fresh) == 0 {
		return nil, nil
	}
	summaries, err := v.FeedThreadSummaries(ctx, queries.FeedThreadSummariesParams{
		AccountID: v.acc.ID, CardID: v.cardID, ViewerID: v.viewer, Threads: fresh})
	if err != nil {
		return nil, fmt.Errorf("sum threads up: %w", err)
	}
	out := make([]threadAt, len(summaries))
	for i, sum := range summaries {
		out[i] = threadAt{position{point{sum.NewestDate, sum.NewestKey}, tieOf(sum.ThreadID)}, sum}
	}
	return out, nil
}

func (v *sight) threadSummaries(ctx context.Context, threads []threadAt) ([]ThreadSummary, error) {
	out := make([]ThreadSummary, 0, len(threads))
	if len(threads) == 0 {
		return out, nil
	}
	var messages, ids []int64
	for _, t := range threads {
		ids = append(ids, t.ThreadID)
		messages = append(messages, t.Newest)
		if t.NewestOutbound != 0 {
			messages = append(messages, t.NewestOutbound)
		}
	}
	rows, err := v.messages(ctx, messages)
	if err != nil {
		return nil, err
	}
	stamps, err := v.threadStamps(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, t := range threads {
		newest, err := v.newItem(rows[t.Newest], false, nil)
		if err != nil {
			return nil, err
		}
		sum := ThreadSummary{
			Thread: newest.Thread, Author: newest.Author, Subject: newest.Subject, Date: newest.Date,
			Visibility: rollUp(t.GrantedMessages, t.Messages), Messages: t.Messages, VisibleMessages: t.GrantedMessages,
			Stamps: append([]Stamp{}, stamps[t.ThreadID]...),
		}
		if t.AuthorID != v.viewer {
			sum.Messages = t.GrantedMessages
		}
		if t.NewestOutbound != 0 {
			sent, err := v.newItem(rows[t.NewestOutbound], false, nil)
			if err != nil {
				return nil, err
			}
			sum.Delivery, sum.DeliveryCounts = &sent.Delivery.Status, sent.Delivery.Counts
		}
		out = append(out, sum)
	}
	return out, nil
}

// threadStamps are the conversations of the threads' messages, as far as the viewer may know of them.
func (v *sight) threadStamps(ctx context.Context, threads []int64) (map[int64][]Stamp, error) {
	rows, err := v.FeedThreadStamps(ctx, queries.FeedThreadStampsParams{
		AccountID: v.acc.ID, CardID: v.cardID, ViewerID: v.viewer, Threads: threads})
	if err != nil {
		return nil, fmt.Errorf("read the stamps of threads: %w", err)
	}
	stamps := map[int64][]Stamp{}
	for _, row := range rows {
		if row.AuthorID == v.viewer || row.Named {
			stamps[row.ThreadID] = append(stamps[row.ThreadID], newStamp(row.Author, row.Address, row.Granted, row.Visible, row.Reason))
		}
	}
	return stamps, nil
}

// newStamp is a stamp as readers believe it: one that was visible and lies below a fence has no verdict.
func newStamp(author, address string, granted, stampedVisible bool, reason string) Stamp {
	if stampedVisible && !granted {
		reason = unstamped
	}
	return Stamp{Author: author, Address: address, Visible: granted, Reason: rules.Reason(reason)}
}

// unstamped is the reason of a conversation that has no current verdict.
const unstamped = "unstamped"

// rollUp says in a word how many of a number are visible.
func rollUp(visible, total int64) string {
	switch visible {
	case 0:
		return "none"
	case total:
		return "all"
	}
	return "some"
}
