//go:build unix

package main

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/mailstamp/mailstamp/testenv"
)

// serveEndless is an IMAP server for one user with one folder of any number of messages, which it holds nowhere. It knows
// what a back-fill asks for.
func serveEndless(b *bench, u testenv.User, messages uint32) (host string, port int) {
	b.Helper()
	return listen(b, func(conn net.Conn) {
		e := endless{w: bufio.NewWriterSize(conn, 64<<10), messages: messages, user: u}
		e.serve(bufio.NewReader(conn))
	})
}

type endless struct {
	w        *bufio.Writer
	messages uint32
	user     testenv.User
}

var fetchCommand = regexp.MustCompile(`^UID FETCH ([0-9:,]+) \((.*)\)$`)

// serve answers until the client is gone.
func (e *endless) serve(r *bufio.Reader) {
	e.say("* OK [CAPABILITY IMAP4rev1 ESEARCH LIST-STATUS LIST-EXTENDED SPECIAL-USE IDLE] hello")
	for {
		if r.Buffered() == 0 && e.w.Flush() != nil {
			return
		}
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		tag, command, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		status := fmt.Sprintf("MESSAGES %d UIDNEXT %d UIDVALIDITY 1", e.messages, e.messages+1)
		switch upper := strings.ToUpper(command); {
		case strings.HasPrefix(upper, "LIST "):
			e.say(`* LIST () "/" INBOX`)
			e.say("* STATUS INBOX (" + status + ")")
		case strings.HasPrefix(upper, "EXAMINE "):
			e.say("* FLAGS (\\Seen)")
			e.say(fmt.Sprintf("* %d EXISTS", e.messages))
			e.say("* OK [UIDVALIDITY 1] valid")
			e.say(fmt.Sprintf("* OK [UIDNEXT %d] next", e.messages+1))
		case strings.HasPrefix(upper, "UID SEARCH "):
			e.say(fmt.Sprintf(`* ESEARCH (TAG "%s") UID ALL 1:%d`, tag, e.messages))
		case strings.HasPrefix(upper, "UID FETCH "):
			if m := fetchCommand.FindStringSubmatch(upper); m != nil {
				e.fetch(m[1], strings.Contains(m[2], "BODY.PEEK[HEADER]"))
			}
		case upper == "IDLE":
			e.say("+ idling")
			continue
		case upper == "":
			continue
		}
		if tag == "DONE" {
			continue
		}
		e.say(tag + " OK done")
	}
}

func (e *endless) fetch(set string, headers bool) {
	for part := range strings.SplitSeq(set, ",") {
		first, last, isRange := strings.Cut(part, ":")
		if !isRange {
			last = first
		}
		from, _ := strconv.ParseUint(first, 10, 32) // the expression lets digits through only
		to, _ := strconv.ParseUint(last, 10, 32)
		for n := uint32(from); n <= min(uint32(to), e.messages); n++ {
			header, body := endlessMessage(n)
			name, content := "BODY[]", header+body
			if headers {
				name, content = "BODY[HEADER]", header
			}
			fmt.Fprintf(e.w, "* %d FETCH (UID %d FLAGS () INTERNALDATE \"%s\" RFC822.SIZE %d %s {%d}\r\n%s)\r\n",
				n, n, endlessDate(n).Format("02-Jan-2006 15:04:05 -0700"), len(header)+len(body), name, len(content), content)
		}
	}
}

// say writes a line; what cannot be written ends the connection at the next flush.
func (e *endless) say(line string) { e.w.WriteString(line + "\r\n") }
