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
	page := Page[Item]{Items: []Item{}}
	err := s.look(ctx, acc, viewer, card, func(v *sight) error {
		limit, from, err := cut.start(acc, v.list("feed"))
		if err != nil {
			return err
		}
		entries, err := v.entries(ctx, from, limit+1)
		if err != nil {
			return err
		}
		page.Next = nil
		if len(entries) > limit {
			entries = entries[:limit]
			last := entries[limit-1]
			page.Next = position{last.point, last.tie}.seal(acc, v.list("feed"))
		}
		page.Items, err = v.items(ctx, entries)
		return err
	})
	return page, err
}

// entry is a mail in the feed: all copies of it that the viewer may read on the card, by number.
type entry struct {
	point
	tie    string // its identity where other mails stand at the same point, else empty
	copies []queries.FeedPositionsRow
}

// shown is the copy the viewer gets: their own, else the one stored first.
func (e entry) shown(viewer int64) queries.FeedPositionsRow {
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

// entries are the next at most n entries after a position.
func (v *sight) entries(ctx context.Context, from *position, n int) ([]entry, error) {
	before, places := farFuture, n
	if from != nil {
		before = from.before()
		places++ // more may follow at the position's own point
	}
	rows, err := v.readable(ctx, before, places)
	if err != nil {
		return nil, err
	}
	entries := groupByPoint(rows)
	if entries, err = v.splitByIdentity(ctx, entries, from); err != nil {
		return nil, err
	}
	if from != nil {
		entries = slices.DeleteFunc(entries, func(e entry) bool { return from.passed(e.point, e.tie) })
	}
	return entries[:min(n, len(entries))], nil
}

// readable are the viewer's copies at the newest places before a point, newest first.
func (v *sight) readable(ctx context.Context, before point, places int) ([]queries.FeedPositionsRow, error) {
	rows, err := v.FeedPositions(ctx, queries.FeedPositionsParams{
		AccountID: v.acc.ID, CardID: v.cardID, ViewerID: v.viewer,
		BeforeDate: before.date, BeforeKey: before.key,
		Places: int64(places), RowsEach: int64(places + collisionRows),
	})
	if err != nil {
		return nil, fmt.Errorf("read the newest messages: %w", err)
	}
	return rows, nil
}

func groupByPoint(rows []queries.FeedPositionsRow) []entry {
	var entries []entry
	for _, row := range rows {
		at := point{row.Date, row.SortKey}
		if last := len(entries) - 1; last >= 0 && entries[last].compare(at) == 0 {
			entries[last].copies = append(entries[last].copies, row)
			continue
		}
		entries = append(entries, entry{point: at, copies: []queries.FeedPositionsRow{row}})
	}
	return entries
}

// splitByIdentity parts mails that stand at the same point by chance or on purpose. Only points with several copies, and
// the one where the last page ended among several mails, have to be looked at.
func (v *sight) splitByIdentity(ctx context.Context, entries []entry, from *position) ([]entry, error) {
	doubtful := func(e entry) bool {
		return len(e.copies) > 1 || from != nil && from.tie != "" && e.compare(from.point) == 0
	}
	var ids []int64
	for _, e := range entries {
		if doubtful(e) {
			for _, c := range e.copies {
				ids = append(ids, c.MessageID)
			}
		}
	}
	if len(ids) == 0 {
		return entries, nil
	}
	rows, err := v.FeedIdentities(ctx, queries.FeedIdentitiesParams{AccountID: v.acc.ID, Ids: ids})
	if err != nil {
		return nil, fmt.Errorf("tell mails apart: %w", err)
	}
	identity := make(map[int64]string, len(rows))
	for _, row := range rows {
		identity[row.ID] = string(row.Identity)
	}
	out := make([]entry, 0, len(entries))
	for _, e := range entries {
		if !doubtful(e) {
			out = append(out, e)
			continue
		}
		byIdentity := map[string][]queries.FeedPositionsRow{}
		for _, c := range e.copies {
			byIdentity[identity[c.MessageID]] = append(byIdentity[identity[c.MessageID]], c)
		}
		alone := len(byIdentity) == 1 && (from == nil || from.tie == "" || e.compare(from.point) != 0)
		for _, id := range slices.Backward(slices.Sorted(maps.Keys(byIdentity))) {
			split := entry{point: e.point, tie: id, copies: byIdentity[id]}
			if alone {
				split.tie = ""
			}
			out = append(out, split)
		}
	}
	return out, nil
}

// items are entries as the viewer sees them.
func (v *sight) items(ctx context.Context, entries []entry) ([]Item, error) {
	ids := make([]int64, len(entries))
	for i, e := range entries {
		ids[i] = e.shown(v.viewer).MessageID
	}
	rows, err := v.messages(ctx, ids)
	if err != nil {
		return nil, err
	}
	items := make([]Item, len(entries))
	for i, e := range entries {
		shown := e.shown(v.viewer)
		if items[i], err = v.newItem(rows[shown.MessageID], shown.Granted, e.sharedBy()); err != nil {
			return nil, err
		}
	}
	return items, nil
}
