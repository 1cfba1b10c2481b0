package imapconn

import (
	"context"
	"fmt"
	"iter"

	"github.com/emersion/go-imap/v2"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// FetchHeaders hands fn one item for each message of uids that the server
// delivers, each once, in the server's order, on the caller's goroutine, as
// soon as it is whole. missing are those it did not deliver although it said
// OK: verify them with HasUIDs before concluding anything (F12, F15).
//
// An error of fn stops the call and is returned as it is; the connection stays
// usable. A command that the server refuses is repeated in halves, so that a
// message it cannot read costs an item with Err and not its neighbours.
func (c *Conn) FetchHeaders(ctx context.Context, uids UIDRanges, fn func(HeaderItem) error) (missing UIDRanges, err error) {
	modSeq := !c.selected.NoModSeq
	f := fetch{
		c: c, op: "fetch headers", perCommand: headersPerFetch, buffered: 8,
		col:     collector{content: "BODY[HEADER]", max: maxHeader},
		want:    gotFlags | gotDate | gotSize | gotContent,
		options: imap.FetchOptions{Flags: true, InternalDate: true, RFC822Size: true, ModSeq: modSeq},
		emit: func(fd *fetchData) error {
			return fn(HeaderItem{
				UID: fd.uid, Flags: fd.flags, InternalDate: fd.date, Size: fd.size, ModSeq: fd.modSeq,
				RawHeader: fd.content, Err: fd.err,
			})
		},
	}
	if modSeq {
		f.want |= gotModSeq
	}
	f.options.BodySection = []*imap.FetchItemBodySection{{Specifier: imap.PartSpecifierHeader, Peek: true}}
	return f.run(ctx, uids)
}

// FetchBodies is FetchHeaders for whole messages of at most maxBytes each. Raw
// is complete: as long as announced, and its response was closed.
func (c *Conn) FetchBodies(ctx context.Context, uids UIDRanges, maxBytes int64, fn func(BodyItem) error) (missing UIDRanges, err error) {
	f := fetch{
		c: c, op: "fetch bodies", perCommand: bodiesPerFetch, buffered: 0, // one body in memory at a time
		col:  collector{content: "BODY[]", max: maxBytes},
		want: gotContent,
		emit: func(fd *fetchData) error {
			if fd.err == nil && fd.length == 0 {
				fd.err = ErrNoContent
			}
			if fd.err != nil {
				fd.content = nil
			}
			return fn(BodyItem{UID: fd.uid, Size: fd.length, Raw: fd.content, Err: fd.err})
		},
	}
	f.options.BodySection = []*imap.FetchItemBodySection{{Peek: true}}
	return f.run(ctx, uids)
}

// FetchFlags hands fn the flags of those of uids whose mod-sequence is above
// changedSince; of all for 0 and on folders without mod-sequences. missing is
// empty where only changes were asked for.
func (c *Conn) FetchFlags(ctx context.Context, uids UIDRanges, changedSince uint64, fn func(FlagItem) error) (missing UIDRanges, err error) {
	modSeq := !c.selected.NoModSeq
	f := fetch{
		c: c, op: "fetch flags", perCommand: flagsPerFetch, buffered: 64,
		want:    gotFlags,
		options: imap.FetchOptions{Flags: true, ModSeq: modSeq},
		emit: func(fd *fetchData) error {
			if fd.err != nil {
				return nil // flags that were not understood are as if not told
			}
			return fn(FlagItem{UID: fd.uid, Flags: fd.flags, ModSeq: fd.modSeq})
		},
	}
	if modSeq {
		f.want |= gotModSeq
		f.options.ChangedSince = changedSince
	}
	missing, err = f.run(ctx, uids)
	if f.options.ChangedSince > 0 {
		missing = nil
	}
	return missing, err
}

// fetch is one call of the above: several UID FETCH commands, a few at a time.
type fetch struct {
	c          *Conn
	op         string
	options    imap.FetchOptions
	col        collector
	perCommand uint64
	buffered   int
	want       uint8 // what makes a message whole
	emit       func(*fetchData) error

	open    map[uint32]*fetchData // asked for, not yet whole; nil: nothing came yet
	retry   []UIDRanges           // parts of refused commands
	missing UIDRanges
	refused int   // single messages that were refused
	stop    error // why nothing more is asked
}

// maxRefused single messages may be refused in one call; beyond, it is not the
// messages' fault.
const maxRefused = 16

type fetchResult struct {
	uids UIDRanges
	err  error
}

func (f *fetch) run(ctx context.Context, uids UIDRanges) (missing UIDRanges, err error) {
	if len(uids) == 0 {
		return nil, nil
	}
	if f.c.selected.Name == "" {
		return nil, &Error{Op: f.op, Kind: KindConfig, Detail: "no folder is examined"}
	}
	if err := f.c.do(ctx, f.op, func() error { return f.exchange(uids) }); err != nil {
		return nil, err
	}
	if f.stop != nil { // the caller's function
		return nil, f.stop
	}
	return f.missing.Normalize(), nil
}

func (f *fetch) exchange(uids UIDRanges) error {
	events := make(chan fetchData, f.buffered)
	results := make(chan fetchResult, fetchInFlight)
	f.col.fetching, f.col.done = events, make(chan struct{})
	f.open = map[uint32]*fetchData{}
	f.c.g.collect(&f.col)
	clean := false
	defer func() {
		f.c.g.collect()
		close(f.col.done)
		if !clean { // fn panicked with commands in flight
			f.c.g.fail(&Error{Op: f.op, Kind: KindClosed, Detail: "abandoned"})
		}
	}()
	next, stopNext := iter.Pull(uids.Split(f.perCommand, rangesPerFetch))
	defer stopNext()
	inFlight, sent := 0, 0
	for {
		for inFlight < fetchInFlight && f.stop == nil {
			part, ok := f.take(next)
			if !ok {
				break
			}
			for u := range part.All() {
				f.open[u] = nil
			}
			inFlight++
			if sent++; sent > fetchInFlight {
				f.c.trips.Add(1)
			}
			// Writing must not wait for what we read: a server that writes
			// does not read.
			go func() {
				err := f.c.client.Fetch(librarySet(part), &f.options).Close()
				results <- fetchResult{part, err}
			}()
		}
		if inFlight == 0 {
			break
		}
		select {
		case fd := <-events:
			f.receive(&fd)
		case r := <-results:
			inFlight--
			// All of the command's messages were sent before its result.
			for more := true; more; {
				select {
				case fd := <-events:
					f.receive(&fd)
				default:
					more = false
				}
			}
			f.finish(r)
		}
	}
	clean = true
	if _, ours := f.stop.(*Error); ours {
		return f.stop
	}
	return nil
}

// give hands one item to the caller's function, until that returns an error.
func (f *fetch) give(fd *fetchData) {
	if f.stop != nil {
		return
	}
	if f.stop = f.emit(fd); f.stop != nil {
		f.col.discard.Store(true)
	}
}

func (f *fetch) take(next func() (uidset.Set, bool)) (uidset.Set, bool) {
	if n := len(f.retry); n > 0 {
		part := f.retry[n-1]
		f.retry = f.retry[:n-1]
		return part, true
	}
	return next()
}

// receive takes one response: whole, a part, a repetition, or unasked (F16,
// F17).
func (f *fetch) receive(fd *fetchData) {
	before, asked := f.open[fd.uid]
	if !asked {
		f.c.g.hint()
		return
	}
	if before != nil {
		before.merge(*fd)
		fd = before
	}
	if fd.got&f.want == f.want || fd.err != nil {
		delete(f.open, fd.uid)
		f.give(fd)
		return
	}
	if before == nil {
		kept := *fd
		f.open[fd.uid] = &kept
	}
}

// finish settles what a command left open.
func (f *fetch) finish(r fetchResult) {
	var rest UIDRanges
	for u := range r.uids.All() {
		fd, open := f.open[u]
		if !open {
			continue
		}
		delete(f.open, u)
		if fd != nil && r.err == nil && fd.got&f.want&(gotContent|gotFlags) == f.want&(gotContent|gotFlags) {
			f.give(fd) // an item that the server leaves out is as if unknown
			continue
		}
		rest = rest.Append(u, u)
	}
	if f.stop != nil {
		return
	}
	err := f.c.wrap(f.op, r.err)
	switch {
	case err == nil:
		for _, part := range rest {
			f.missing = f.missing.Append(part.First, part.Last)
		}
	case !Refused(err):
		f.stop = err
	case rest.Count() == 1:
		if f.refused++; f.refused > maxRefused {
			f.stop = err
			return
		}
		f.give(&fetchData{uid: rest.Min(), err: fmt.Errorf("server refused the message: %w", err)})
	case rest.Count() > 1:
		half, other := rest.Head(rest.Count() / 2)
		f.retry = append(f.retry, other, half)
	}
}
