//go:build unix

package main

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

func init() { register("backfill_40ms", backfillFar, "backfill_40ms_ratio_mbsync") }

const (
	farMessages = 1_000
	farRounds   = 3
	// farDelay each way.
	farDelay = 20 * time.Millisecond
	// farChunks of 32 KB may be on their way at once.
	farChunks = 4096
)

// backfillFar is backfill, with all of 1,000 messages matching, over a link whose round trips take 40 ms.
func backfillFar(b *bench) {
	mail := testenv.Mail(b)
	u := mail.NewUser(b, "far")
	matching, others := fillMailbox(b, mail, u, farMessages)
	host, port := newLink(b, fmt.Sprintf("%s:%d", mail.Host, mail.IMAPPort))
	folders := []string{"INBOX", "Sent"}
	var ours, theirs []filled
	for range farRounds {
		m := newMbsync(b, u, folders...)
		took := m.pull(b, host, port)
		theirs = append(theirs, filled{took: took, cpu: m.cpu.Seconds()})
		if n := m.count(b); n != farMessages {
			b.Fatalf("mbsync has %d messages", n)
		}
		m.remove(b)
		in, one := fill(b, host, port, u, folders, slices.Concat(matching, others))
		in.expectLedger(b, farMessages, true)
		in.worker.Kill(b)
		ours = append(ours, one)
	}
	b.Logf("we %v, mbsync %v", ours, theirs)
	b.report("backfill_40ms_ratio_mbsync", rounded(medianOf(ours).took.Seconds()/medianOf(theirs).took.Seconds()), "ratio")
}

// newLink is a way to the server on which every byte takes farDelay, and as many as like may be on it.
func newLink(b *bench, server string) (host string, port int) {
	b.Helper()
	return listen(b, func(client net.Conn) {
		far, err := net.Dial("tcp", server)
		if err != nil {
			return // the client sees the connection end
		}
		defer far.Close()
		var both sync.WaitGroup
		both.Go(func() { delay(client, far) })
		delay(far, client)
		both.Wait()
	})
}

// delay passes bytes on, each farDelay after it came.
func delay(to, from net.Conn) {
	type chunk struct {
		data []byte
		due  time.Time
	}
	chunks := make(chan chunk, farChunks)
	go func() {
		defer close(chunks)
		for {
			buf := make([]byte, 32<<10)
			n, err := from.Read(buf)
			if n > 0 {
				chunks <- chunk{buf[:n], time.Now().Add(farDelay)}
			}
			if err != nil {
				return
			}
		}
	}()
	for c := range chunks {
		time.Sleep(time.Until(c.due))
		if _, err := to.Write(c.data); err != nil {
			break
		}
	}
	to.Close() // also where the other side went first: it reads no more
	from.Close()
	for range chunks { // until the reader is gone
	}
}
