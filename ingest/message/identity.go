package message

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/db/address"
)

// Identity is what makes two copies one mail (SPEC 5): a digest over the header
// fields that every copy has, and the body. h is the parsed header of raw. Names
// next to addresses do not count: servers rewrite them.
func Identity(h Header, raw []byte) [32]byte {
	d := newDigest()
	d.string("mailstamp identity 1")
	d.string(h.MessageID)
	if h.Date.IsZero() {
		d.string(h.rawDate)
	} else {
		d.string(h.Date.UTC().Format(time.RFC3339))
	}
	for _, list := range [][]Address{h.From, h.To, h.Cc} {
		d.number(len(list))
		for _, a := range list {
			text, ok := address.Canonical(a.Address)
			if !ok {
				text = strings.ToLower(a.Address)
			}
			d.string(text)
		}
	}
	d.string(h.Subject)
	d.body(raw[bodyStart(raw):])
	return d.sum()
}

// HeaderDigest is SHA-256 over the header of raw as it is, but for line ends.
// It tells the same copy again without its body; the body may follow in raw.
func HeaderDigest(raw []byte) [32]byte {
	d := newDigest()
	header := raw[:bodyStart(raw)]
	for pos := 0; pos < len(header); {
		next := lineEnd(header, pos)
		if line := trimEOL(header[pos:next]); len(line) > 0 {
			d.line(line)
		}
		pos = next
	}
	return d.sum()
}

// bodyStart finds the body as readHeader does, without keeping fields.
func bodyStart(raw []byte) int {
	var p problems
	scan := fieldScan{raw: raw, maxBytes: MaxHeaderBytes, problems: &p}
	scan.run()
	return scan.end
}

// digest hashes values so that no two lists of values look alike. The writer
// gathers short lines: a hash is slow to be called. Neither returns errors.
type digest struct {
	h hash.Hash
	w *bufio.Writer
}

func newDigest() digest {
	h := sha256.New()
	return digest{h, bufio.NewWriterSize(h, 1<<10)}
}

func (d digest) number(n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	d.w.Write(b[:])
}

func (d digest) string(s string) {
	d.number(len(s))
	d.w.WriteString(s)
}

func (d digest) line(line []byte) {
	d.w.Write(line)
	d.w.WriteByte('\n')
}

// body hashes lines without their ends and trailing blanks, and without empty
// lines at the end: what servers change on the way (RFC 6376, 3.4.4).
func (d digest) body(body []byte) {
	empty := 0
	for pos := 0; pos < len(body); {
		next := lineEnd(body, pos)
		line := trimBlanks(body[pos:next], true)
		pos = next
		if len(line) == 0 {
			empty++
			continue
		}
		for ; empty > 0; empty-- {
			d.w.WriteByte('\n')
		}
		d.line(line)
	}
}

func (d digest) sum() (out [32]byte) {
	d.w.Flush()
	d.h.Sum(out[:0])
	return out
}
