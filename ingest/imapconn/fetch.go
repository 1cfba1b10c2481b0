package imapconn

import (
	"context"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
)

// Answer waits until all is there of what was asked for. What comes meanwhile
// for other questions goes to their functions, on the caller's goroutine too.
type Answer func(ctx context.Context) (missing UIDRanges, err error)

// AskHeaders asks for headers without waiting for them: more may be asked for
// before the answer to the first is waited for, so that the server always has
// something to do. The answer hands fn one item for each message of uids that the
// server delivers, each once, in the server's order, as soon as it is whole.
// missing are those it did not deliver although it said OK: verify them with
// HasUIDs before concluding anything (F12, F15).
//
// An error of fn stops the call and is returned as it is; the connection stays
// usable. A command that the server refuses is repeated in halves, so that a
// message it cannot read costs an item with Err and not its neighbours. Any other
// exchange first waits for the answers to all that was asked. No message may be
// asked for twice at a time.
func (c *Conn) AskHeaders(uids UIDRanges, fn func(HeaderItem) error) Answer {
	modSeq := !c.selected.NoModSeq
	f := &fetch{
		c: c, op: "fetch headers", perCommand: headersPerFetch, max: maxHeader,
		want:    gotFlags | gotDate | gotSize | gotHeader,
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
	return f.ask(uids)
}

// AskBodies is AskHeaders for whole messages of at most maxBytes each. Raw
// is complete: as long as announced, and its response was closed.
func (c *Conn) AskBodies(uids UIDRanges, maxBytes int64, fn func(BodyItem) error) Answer {
	f := &fetch{
		c: c, op: "fetch bodies", perCommand: bodiesPerFetch, max: maxBytes,
		want: gotBody,
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
	return f.ask(uids)
}

// FetchFlags hands fn the flags of those of uids whose mod-sequence is above
// changedSince; of all for 0 and on folders without mod-sequences. missing is
// empty where only changes were asked for.
func (c *Conn) FetchFlags(ctx context.Context, uids UIDRanges, changedSince uint64, fn func(FlagItem) error) (missing UIDRanges, err error) {
	modSeq := !c.selected.NoModSeq
	f := &fetch{
		c: c, op: "fetch flags", perCommand: flagsPerFetch,
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
	missing, err = f.ask(uids)(ctx)
	if f.options.ChangedSince > 0 {
		missing = nil
	}
	return missing, err
}

// fetch is one call of the above: several UID FETCH commands.
type fetch struct {
	c          *Conn
	op         string
	options    imap.FetchOptions
	perCommand uint64
	max        int64 // bytes of a content that is kept
	want       uint8 // what makes a message whole
	emit       func(*fetchData) error

	parts    []UIDRanges // to be asked for, one command each
	inFlight int
	open     map[uint32]*fetchData // asked for, not yet whole; nil: nothing came yet
	missing  UIDRanges
	refused  int   // single messages that were refused
	stop     error // why nothing more is asked
}

// maxRefused single messages may be refused in one call; beyond, it is not the
// messages' fault.
const maxRefused = 16

// fetching is what the fetches of a connection share while any is under way: a
// few of their commands are at the server, in the order in which they were asked.
type fetching struct {
	c        *Conn
	col      collector
	events   chan fetchData // no buffer: one message in memory, and one that is worked at
	results  chan fetchResult
	written  chan struct{} // closed when the last command is
	fetches  []*fetch      // the oldest first
	inFlight int
}

type fetchResult struct {
	of   *fetch
	uids UIDRanges
	err  error
}

func (f *fetch) ask(uids UIDRanges) Answer {
	switch {
	case len(uids) == 0:
	case f.c.selected.Name == "":
		f.stop = &Error{Op: f.op, Kind: KindConfig, Detail: "no folder is examined"}
	default:
		f.parts, f.open = slices.Collect(uids.Split(f.perCommand, rangesPerFetch)), map[uint32]*fetchData{}
		f.c.fetching().add(f)
	}
	return func(ctx context.Context) (missing UIDRanges, err error) {
		if !f.done() {
			if err := f.c.receive(ctx, f.op, f.done); err != nil {
				return nil, err
			}
		}
		if f.stop != nil {
			return nil, f.stop
		}
		return f.missing.Normalize(), nil
	}
}

func (f *fetch) done() bool { return f.inFlight == 0 && (len(f.parts) == 0 || f.stop != nil) }

// fetching begins to fetch, unless it has begun.
func (c *Conn) fetching() *fetching {
	if c.fetches != nil {
		return c.fetches
	}
	c.attach()
	s := &fetching{c: c, events: make(chan fetchData), results: make(chan fetchResult, fetchInFlight), written: make(chan struct{})}
	close(s.written)
	s.col.fetching, s.col.done = s.events, make(chan struct{})
	c.fetches = s
	c.g.collect(&s.col)
	return s
}

func (s *fetching) end() {
	s.c.g.collect()
	close(s.col.done)
	s.c.fetches = nil
}

func (s *fetching) add(f *fetch) {
	s.fetches = append(s.fetches, f)
	if f.want&gotHeader != 0 {
		s.col.header.Store(f.max)
	}
	if f.want&gotBody != 0 {
		s.col.body.Store(max(s.col.body.Load(), f.max))
	}
	s.col.discard.Store(false)
	s.send()
}

// send sends what may be sent now.
func (s *fetching) send() {
	for _, f := range s.fetches {
		for f.stop == nil && len(f.parts) > 0 && s.inFlight < fetchInFlight {
			part := f.parts[0]
			f.parts = f.parts[1:]
			for u := range part.All() {
				f.open[u] = nil
			}
			if s.inFlight == 0 {
				s.c.trips.Add(1)
			}
			f.inFlight++
			s.inFlight++
			// Writing must not wait for what we read: a server that writes does not read.
			before, written, client := s.written, make(chan struct{}), s.c.client
			s.written = written
			go func() {
				<-before
				command := client.Fetch(librarySet(part), &f.options)
				close(written)
				s.results <- fetchResult{f, part, command.Close()}
			}()
		}
	}
}

// receive takes what is fetched until done.
func (c *Conn) receive(ctx context.Context, op string, done func() bool) error {
	return c.converse(ctx, op, func() error { c.fetches.run(done); return nil })
}

// fetched waits until nothing is being fetched.
func (c *Conn) fetched(ctx context.Context, op string) error {
	if s := c.fetches; s != nil {
		return c.receive(ctx, op, func() bool { return len(s.fetches) == 0 })
	}
	return nil
}

func (s *fetching) run(done func() bool) {
	clean := false
	defer func() {
		if !clean { // a caller's function panicked with commands in flight
			s.end()
			s.c.g.fail(&Error{Op: "fetch", Kind: KindClosed, Detail: "abandoned"})
		}
	}()
	for !done() {
		select {
		case fd := <-s.events:
			s.receive(&fd)
		case r := <-s.results: // all of the command's messages were received before
			s.inFlight--
			r.of.inFlight--
			r.of.finish(r.uids, r.err)
			s.fetches = slices.DeleteFunc(s.fetches, (*fetch).done)
			s.send()
		}
	}
	if clean = true; len(s.fetches) == 0 {
		s.end()
	}
}

// give hands one item to the caller's function, until that returns an error.
func (f *fetch) give(fd *fetchData) {
	if f.stop == nil {
		f.stop = f.emit(fd)
	}
}

// receive takes one response: whole, a part, a repetition, or unasked (F16,
// F17).
func (s *fetching) receive(fd *fetchData) {
	for _, f := range s.fetches {
		if before, asked := f.open[fd.uid]; asked {
			f.receive(fd, before)
			s.col.discard.Store(!slices.ContainsFunc(s.fetches, func(f *fetch) bool { return f.stop == nil }))
			return
		}
	}
	s.c.g.hint()
}

func (f *fetch) receive(fd, before *fetchData) {
	if fd.got&gotContent&^f.want != 0 { // another section than was asked for
		fd.content, fd.length, fd.got = nil, 0, fd.got&^gotContent
	}
	if int64(len(fd.content)) > f.max {
		fd.content, fd.err = nil, ErrTooLarge
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
func (f *fetch) finish(uids UIDRanges, err error) {
	var rest UIDRanges
	for u := range uids.All() {
		fd, open := f.open[u]
		if !open {
			continue
		}
		delete(f.open, u)
		if fd != nil && err == nil && fd.got&f.want&(gotContent|gotFlags) == f.want&(gotContent|gotFlags) {
			f.give(fd) // an item that the server leaves out is as if unknown
			continue
		}
		rest = rest.Append(u, u)
	}
	if f.stop != nil {
		return
	}
	err = f.c.wrap(f.op, err)
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
		f.parts = append([]UIDRanges{half, other}, f.parts...)
	}
}
