package feed

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/db/queries"
)

// UnmatchedReport is a delivery report in a user's mailbox that fits none of the user's sent messages, of one recipient.
type UnmatchedReport struct {
	ID     string    `json:"id"`
	Author string    `json:"author"`
	Source string    `json:"source"` // dsn, mdn, feedback
	Status string    `json:"status"`
	Class  *string   `json:"class"`
	Code   *string   `json:"code"`
	Hard   bool      `json:"hard"`
	At     time.Time `json:"at"`
	Names  string    `json:"names"` // what it goes by: message_id, envelope_id, recipient
}

// UnmatchedReports are the account's, the last kept first. They say of nobody and of no message which.
func (s *Service) UnmatchedReports(ctx context.Context, acc *db.Account, cut Cut) (Page[UnmatchedReport], error) {
	const list = "unmatched reports"
	page := Page[UnmatchedReport]{Items: []UnmatchedReport{}}
	limit, from, err := cut.start(acc, list)
	if err != nil {
		return page, err
	}
	before := int64(math.MaxInt64)
	if from != nil {
		before = from.key
	}
	err = s.DB.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
		rows, err := tx.UnmatchedReports(ctx, queries.UnmatchedReportsParams{AccountID: acc.ID, BeforeID: before, RowLimit: int64(limit + 1)})
		if err != nil {
			return fmt.Errorf("list unmatched reports: %w", err)
		}
		page = Page[UnmatchedReport]{Items: []UnmatchedReport{}}
		for i, r := range rows {
			if i == limit {
				page.Next = position{point{rows[limit-1].At, rows[limit-1].ID}, ""}.seal(acc, list)
				break
			}
			page.Items = append(page.Items, UnmatchedReport{
				ID: acc.Keys.ID("report", r.ID), Author: r.Author, Source: r.Kind, Status: r.Status, Class: r.Class, Code: r.Code,
				Hard: r.Hard, At: r.At.UTC(), Names: r.Names,
			})
		}
		return nil
	})
	return page, err
}
