package feed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/visibility"
)

var (
	// ErrInvalidCursor: not a cursor of this list for this viewer.
	ErrInvalidCursor = errors.New("not a cursor of this list")
	// ErrInvalidLimit: not between 1 and MaxLimit.
	ErrInvalidLimit = errors.New("limit out of range")
)

// point is a place in time among messages: lists run from newer points to older ones.
type point struct {
	date time.Time
	key  int64
}

// farFuture is a point after every message.
var farFuture = point{date: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), key: math.MaxInt64}

// after is the next point, in the resolution of PostgreSQL's times.
func (p point) after() point {
	if p.key == math.MaxInt64 {
		return point{p.date.Add(time.Microsecond), math.MinInt64}
	}
	return point{p.date, p.key + 1}
}

// compare is negative when p is older than q.
func (p point) compare(q point) int {
	if c := p.date.Compare(q.date); c != 0 {
		return c
	}
	switch {
	case p.key < q.key:
		return -1
	case p.key > q.key:
		return 1
	}
	return 0
}

// position is where a page ended: at a point, and among the entries of that point at tie. They run from higher ties to
// lower; an empty tie is after all of them.
type position struct {
	point
	tie string
}

// before is the point from which to read on after p.
func (p position) before() point {
	if p.tie == "" {
		return p.point
	}
	return p.after()
}

// passed reports whether an entry at q with tie was on an earlier page.
func (p position) passed(q point, tie string) bool {
	c := q.compare(p.point)
	return c > 0 || c == 0 && tie >= p.tie
}

// seal makes the cursor that leads on after p, for one list of one viewer.
func (p position) seal(acc *db.Account, list string) *string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(p.date.UnixMicro()))
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.key))
	cursor := acc.Keys.SealCursor(list, append(raw, p.tie...))
	return &cursor
}

// start reads what part of a list is wanted. from is nil at its beginning.
func (c Cut) start(acc *db.Account, list string) (limit int, from *position, err error) {
	limit = c.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	if limit < 1 || limit > MaxLimit {
		return 0, nil, ErrInvalidLimit
	}
	if c.Cursor == "" {
		return limit, nil, nil
	}
	if len(c.Cursor) > maxCursorBytes {
		return 0, nil, ErrInvalidCursor
	}
	raw, err := acc.Keys.OpenCursor(list, c.Cursor)
	if err != nil || len(raw) < 16 {
		return 0, nil, ErrInvalidCursor
	}
	return limit, &position{point{
		date: time.UnixMicro(int64(binary.BigEndian.Uint64(raw))).UTC(),
		key:  int64(binary.BigEndian.Uint64(raw[8:])),
	}, string(raw[16:])}, nil
}

// listOf names a list of a viewer on a card for its cursors.
func listOf(name, viewer string, card visibility.CardRef) string {
	return fmt.Sprintf("%s/%q/%s/%q", name, viewer, card.Kind, card.ID)
}

func tieOf(id int64) string { return string(binary.BigEndian.AppendUint64(nil, uint64(id))) }
