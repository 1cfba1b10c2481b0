package db

import (
	"time"

	"github.com/jackc/pgx/v5"
)

// How transactions begin. byKey has statements planned for any values and by index: planning them for each batch of mail
// costs more than running them.
const (
	beginRead = "begin isolation level repeatable read read only"
	byKey     = "; set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off; " +
		"set local enable_hashjoin = off; set local enable_mergejoin = off; set local jit = off"
	beginByKey     = "begin" + byKey
	beginReadByKey = beginRead + byKey
)

const (
	// maxPlanAge is how long a connection's plans are kept at most.
	maxPlanAge = time.Minute
	// youngUses of a connection are each planned anew.
	youngUses = 8
)

// plans is what a connection remembers of its plans.
type plans struct {
	uses int // transactions that keep to them
	at   time.Time
}

// forget says whether the connection is to forget its plans before the next transaction that keeps to them. Which index is
// best shows only when tables have grown: plans made for the empty tables of a first back-fill, also those of foreign keys, look
// every row up by the account alone. So they are forgotten before each of the first transactions, then before the 16th, 32nd, 64th …,
// and when they are old.
func forget(conn *pgx.Conn) bool {
	data := conn.PgConn().CustomData()
	p, _ := data["plans"].(plans)
	p.uses++
	forget := p.uses <= youngUses || p.uses&(p.uses-1) == 0 || time.Since(p.at) > maxPlanAge
	if forget {
		p.at = time.Now()
	}
	data["plans"] = p
	return forget
}
