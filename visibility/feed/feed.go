package feed

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
	"github.com/mailstamp/mailstamp/visibility"
)

// Feed is the card's mail for the viewer, newest first; one mail in several mailboxes is one entry.
func (s *Service) Feed(ctx context.Context, acc *db.Account, viewer string, card visibility.CardRef, cut Cut) (Page[Item], error) {
	if !nameableSight(viewer, card) {
		return Page[Item]{}, visibility.ErrNotFound
	}
	list := listOf("feed", viewer, card)
	limit, from, err := cut.start(acc, list)
	if err != nil { // which is told to those alone who can open the card
		return Page[Item]{}, s.look(ctx, acc, viewer, card, func(*sight) error { return err })
	}
	before, places := farFuture, limit+1
	if from != nil {
		before = from.before()
		places++ // more may follow at the position's own point
	}
	var v *sight
	var rows []queries.FeedNewestRow
	err = s.DB.ReadAtOnce(ctx, acc.ID,
		func(q *queries.Queries) (err error) { v, err = openCard(ctx, q, acc, viewer, card); return err },
		func(q *queries.Queries) (err error) {
			rows, err = newest(ctx, q, acc, viewer, card, before, places)
			return err
		})
	if err != nil {
		return Page[Item]{}, err
	}
	var page Page[Item]
	entries := entriesAfter(from, rows)
	if len(entries) > limit {
		entries = entries[:limit]
		last := entries[limit-1]
		page.Next = position{last.point, last.tie}.seal(acc, list)
	}
	page.Items, err = v.items(entries)
	return page, err
}

// entry is a mail in the feed: all copies of it that the viewer may read on the card, by number.
type entry struct {
	point
	tie    string // its identity where other mails stand at the same point, else empty
	copies []queries.FeedNewestRow
}

// shown is the copy the viewer gets: their own, else the one stored first.
func (e entry) shown(viewer int64) queries.FeedNewestRow {
	for _, c := range e.copies {
		if c.AuthorID == viewer {
			return c
		}
	}
	return e.copies[0]
}

// sharedBy are the authors whose copies are visible to everybody who can open the card.
func (e entry) sharedBy() []string {
	authors := []string{}
	for _, c := range e.copies {
		if c.Granted {
			authors = append(authors, c.Author)
		}
	}
	slices.Sort(authors)
	return slices.Compact(authors)
}

// newest are the copies that the viewer may read at the newest places before a point, newest first.
func newest(ctx context.Context, q *queries.Queries, acc *db.Account, viewer string, card visibility.CardRef, before point, places int,
) ([]queries.FeedNewestRow, error) {
	rows, err := q.FeedNewest(ctx, queries.FeedNewestParams{
		AccountID: acc.ID, Viewer: viewer, Kind: string(card.Kind), Card: card.ID,
		BeforeDate: before.date, BeforeKey: before.key,
		Places: int64(places), RowsEach: int64(places + collisionRows),
	})
	if err != nil {
		return nil, fmt.Errorf("read the newest messages: %w", err)
	}
	return rows, nil
}

// entriesAfter are the entries of rows that follow a position.
func entriesAfter(from *position, rows []queries.FeedNewestRow) []entry {
	entries := splitByIdentity(groupByPoint(rows), from)
	if from != nil {
		entries = slices.DeleteFunc(entries, func(e entry) bool { return from.passed(e.point, e.tie) })
	}
	return entries
}

func groupByPoint(rows []queries.FeedNewestRow) []entry {
	var entries []entry
	for _, row := range rows {
		at := point{row.Date, row.SortKey}
		if last := len(entries) - 1; last >= 0 && entries[last].compare(at) == 0 {
			entries[last].copies = append(entries[last].copies, row)
			continue
		}
		entries = append(entries, entry{point: at, copies: []queries.FeedNewestRow{row}})
	}
	return entries
}

// splitByIdentity parts mails that stand at the same point by chance or on purpose. Only points with several copies, and
// the one where the last page ended among several mails, have to be looked at.
func splitByIdentity(entries []entry, from *position) []entry {
	out := make([]entry, 0, len(entries))
	for _, e := range entries {
		resumed := from != nil && from.tie != "" && e.compare(from.point) == 0
		if len(e.copies) == 1 && !resumed {
			out = append(out, e)
			continue
		}
		byIdentity := map[string][]queries.FeedNewestRow{}
		for _, c := range e.copies {
			id := string(c.Identity)
			byIdentity[id] = append(byIdentity[id], c)
		}
		alone := len(byIdentity) == 1 && !resumed
		for _, id := range slices.Backward(slices.Sorted(maps.Keys(byIdentity))) {
			split := entry{point: e.point, tie: id, copies: byIdentity[id]}
			if alone {
				split.tie = ""
			}
			out = append(out, split)
		}
	}
	return out
}

// items are entries as the viewer sees them.
func (v *sight) items(entries []entry) ([]Item, error) {
	items := make([]Item, len(entries))
	for i, e := range entries {
		shown := e.shown(v.viewer)
		var err error
		if items[i], err = v.newItem(messageOf(shown), shown.Granted, e.sharedBy()); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// messageOf is what an item tells of a message in the feed.
func messageOf(row queries.FeedNewestRow) queries.FeedMessagesRow {
	return queries.FeedMessagesRow{
		Message: queries.Message{
			ID: row.ID, AuthorID: row.AuthorID, ThreadID: row.ThreadID, Date: row.Date, Direction: row.Direction,
			Subject: row.Subject, Preview: row.Preview, FromAddr: row.FromAddr, ToAddrs: row.ToAddrs, CcAddrs: row.CcAddrs,
			BccAddrs: row.BccAddrs, Attachments: row.Attachments, Seen: row.Seen,
		},
		Author: row.Author, Deliveries: row.Deliveries,
	}
}
