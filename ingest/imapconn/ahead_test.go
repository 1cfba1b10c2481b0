package imapconn

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstamp/mailstamp/ingest/uidset"
)

// asked keeps what came as "uid=header", "uid:body" and "uid!error".
type asked []string

func (a *asked) headers(c *Conn, uids UIDRanges) Answer {
	return c.AskHeaders(uids, func(h HeaderItem) error { a.note(h.UID, "=", h.RawHeader, h.Err); return nil })
}

func (a *asked) bodies(c *Conn, uids UIDRanges) Answer {
	return c.AskBodies(uids, 100, func(b BodyItem) error { a.note(b.UID, ":", b.Raw, b.Err); return nil })
}

func (a *asked) note(uid uint32, kind string, content []byte, err error) {
	if err != nil {
		kind, content = "!", []byte(err.Error())
	}
	*a = append(*a, fmt.Sprint(uid)+kind+string(content))
}

func (a asked) check(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(a, want) {
		t.Errorf("got %q, want %q", a, want)
	}
}

// What is asked for ahead is asked at once and in that order; each answer has its own and nothing of another's, whatever the
// server's order, and whichever is waited for first.
func TestAskedAheadEachHasItsOwn(t *testing.T) {
	t.Parallel()
	c := scripted(t, "", true, func(p *peer) {
		first, second, third := p.want("UID FETCH 1:2 (UID"), p.want("UID FETCH 3:5 (UID BODY.PEEK[])"), p.want("UID FETCH 6 (UID")
		p.send("* 3 FETCH (UID 3 BODY[] {1}\r\nc)", msg(6, "h6"), msg(1, "h1"))
		p.send("* 4 FETCH (UID 4 BODY[HEADER] {3}\r\nnot)", "* 2 FETCH (UID 2 BODY[] {3}\r\nnot)") // nobody asked for these of them
		p.send(third+" OK", msg(2, "h2"), first+" OK", "* 4 FETCH (UID 4 BODY[] {1}\r\nd)", second+" OK")
	})
	var got asked
	before := c.RoundTrips()
	answers := []Answer{got.headers(c, uidset.Between(1, 2)), got.bodies(c, uidset.Between(3, 5)), got.headers(c, uidset.Of(6))}
	for i, want := range []string{"", "5", ""} {
		if missing, err := answers[i](t.Context()); err != nil || missing.String() != want {
			t.Errorf("answer %d lacks %s, %v", i, missing, err)
		}
	}
	got.check(t, "3:c", "6=h6", "1=h1", "2=h2", "4:d")
	if n := c.RoundTrips() - before; n != 1 {
		t.Errorf("%d round trips", n)
	}
}

// One that is refused is no other's misfortune, and its answer stays the same.
func TestAskedAheadOneIsRefused(t *testing.T) {
	t.Parallel()
	c := scripted(t, "", true, func(p *peer) {
		first, second := p.want("UID FETCH 1"), p.want("UID FETCH 3")
		p.send(first + " BAD Request is throttled. Suggested Backoff Time: 51423 milliseconds")
		p.send("* 3 FETCH (UID 3 BODY[] {1}\r\nc)", second+" OK")
	})
	var got asked
	headers, bodies := got.headers(c, uidset.Of(1)), got.bodies(c, uidset.Of(3))
	for range 2 {
		if missing, err := bodies(t.Context()); err != nil || len(missing) > 0 {
			t.Errorf("bodies: missing %s, %v", missing, err)
		}
		if _, err := headers(t.Context()); err == nil {
			t.Error("headers were not refused")
		} else if _, throttled := Throttled(err); !throttled {
			t.Error(err)
		}
	}
	got.check(t, "3:c")
}

// Another command waits for what is asked for, which is not lost by that.
func TestAskedAheadComesBeforeAnotherCommand(t *testing.T) {
	t.Parallel()
	for name, command := range map[string]func(context.Context, *Conn) error{
		"search": func(ctx context.Context, c *Conn) error { _, err := c.HasUIDs(ctx, uidset.Of(1)); return err },
		"idle": func(ctx context.Context, c *Conn) error {
			changed, _, err := c.Idle(ctx, time.Minute, nil)
			if !changed {
				t.Error("nothing changed")
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := scripted(t, "IDLE", true, func(p *peer) {
				p.answer("UID FETCH 1", msg(1, "h"))
				if name == "search" {
					p.answer("UID SEARCH UID 1", "* SEARCH 1")
					return
				}
				tag := p.want("IDLE")
				p.send("+ idling", "* 10 EXISTS")
				p.want("DONE")
				p.send(tag + " OK")
			})
			var got asked
			answer := got.headers(c, uidset.Of(1))
			if err := command(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			got.check(t, "1=h")
			if missing, err := answer(t.Context()); err != nil || len(missing) > 0 {
				t.Errorf("missing %s, %v", missing, err)
			}
		})
	}
}

// A connection that ends ends all that was asked for, and nothing is left of what nobody waits for.
func TestAskedAheadOfAConnectionThatEnds(t *testing.T) {
	t.Parallel()
	c := scripted(t, "", true, func(p *peer) {
		p.want("UID FETCH 1")
		p.want("UID FETCH 2")
		p.raw("* 1 FETCH (UID 1 BODY[] {100}\r\nhalf")
		p.conn.Close()
	})
	var got asked
	first, second := got.bodies(c, uidset.Of(1)), got.bodies(c, uidset.Of(2))
	for _, answer := range []Answer{second, first} {
		_, err := answer(t.Context())
		wantKind(t, err, KindClosed, true)
	}
	got.check(t)
	_, err := got.bodies(c, uidset.Of(3))(t.Context())
	wantKind(t, err, KindClosed, true)

	abandoned := scripted(t, "", true, func(*peer) {})
	answer := got.bodies(abandoned, uidset.Of(1))
	abandoned.Close()
	_, err = answer(t.Context())
	wantKind(t, err, KindClosed, true)
}

// drip says something for a time, never so seldom that it counts as silence.
func (p *peer) drip(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(ResponseTimeout / 2) {
		p.send("* OK still here")
	}
}

// What is asked ahead has its time from when the server is done with what was asked before.
func TestAskedAheadEachHasACommandsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := scripted(t, "", true, func(p *peer) {
			var tags []string
			for range fetchInFlight {
				tags = append(tags, p.want("UID FETCH"))
			}
			for i, tag := range tags {
				p.drip(CommandTimeout * 2 / 3)
				p.send(msg(i+1, "h"), tag+" OK")
			}
		})
		var got asked
		answers := make([]Answer, fetchInFlight)
		for i := range answers {
			answers[i] = got.headers(c, uidset.Of(uint32(i+1)))
		}
		for _, answer := range answers {
			if _, err := answer(t.Context()); err != nil {
				t.Error(err)
			}
		}
		got.check(t, "1=h", "2=h", "3=h", "4=h")
		c.Close()
		synctest.Wait()
	})
}

// The time for which we let a server wait is not given to it again for later commands, also where one always is in flight.
func TestAskedAheadDripsNoLongerThanACommandMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := scripted(t, "", true, func(p *peer) {
			first, second := p.want("UID FETCH 1"), p.want("UID FETCH 2")
			p.send(msg(1, "h"), first+" OK")
			p.want("UID FETCH 3")
			p.send(msg(2, "h"), second+" OK")
			p.drip(10 * CommandTimeout)
		})
		var got asked
		first, second := got.headers(c, uidset.Of(1)), got.headers(c, uidset.Of(2))
		time.Sleep(5 * CommandTimeout) // we are busy
		if _, err := first(t.Context()); err != nil {
			t.Fatal(err)
		}
		third := got.headers(c, uidset.Of(3))
		if _, err := second(t.Context()); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err := third(t.Context())
		wantKind(t, err, KindTimeout, true)
		if took := time.Since(start); took > CommandTimeout {
			t.Errorf("found after %v", took)
		}
		synctest.Wait()
	})
}
