package imapconn

import (
	"strconv"
	"sync/atomic"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// collector is what one call of a Conn wants from the responses. The reading
// goroutine fills it; the caller reads it after its command completed.
type collector struct {
	command string // the command whose responses are wanted …
	expect  int    // … and how many of it there will be; the last one's result ends the collecting
	tag     string // of the command, where it is one; written under the guard's lock

	exists       uint32 // messages of the examined folder …
	changesSoFar int    // … and changes of it that were told, when the last result came

	sel      Selected
	lists    []listLine
	statuses []statusLine
	utf8     bool // names are UTF-8 on the wire (a server of rev2 only)

	searching bool
	uids      uidset.Set
	tooMany   bool // more ranges than are kept
	named     bool // the server said that this is what it answers
	mixed     bool // some of it answers nobody knows what

	changing bool // what changed since a mod-sequence is told as well
	changes  Changes
	spoilt   bool // some of it was not understood

	// For FETCH nothing is filled: each message is sent on.
	fetching     chan<- fetchData
	done         chan struct{} // closed when nobody receives any more
	header, body atomic.Int64  // largest accepted size of BODY[HEADER] and BODY[]; 0: not asked for
	discard      atomic.Bool   // the callers want no more: pass over contents
}

// selectCode keeps what EXAMINE tells in response codes. Numbers that are none
// count as not told (F04, F05).
func (c *collector) selectCode(code, args string) {
	switch code {
	case "UIDVALIDITY":
		if n, err := strconv.ParseUint(args, 10, 32); err == nil {
			c.sel.UIDValidity = uint32(n)
		}
	case "UIDNEXT":
		if n, err := strconv.ParseUint(args, 10, 32); err == nil {
			c.sel.UIDNext = uint32(n)
		}
	case "HIGHESTMODSEQ":
		if n, err := strconv.ParseUint(args, 10, 63); err == nil {
			c.sel.HighestModSeq = n
		}
	case "NOMODSEQ":
		c.sel.NoModSeq = true
	}
}
