package imapconn

import (
	"bytes"
	"errors"
	"sort"
	"strconv"
	"strings"
	"time"
)

// readResponse reads one response from the socket and does with it what is to
// be done. A response that was not understood has been passed over when it
// returns nil.
func (g *guard) readResponse() error {
	lx := &g.lx
	lx.begin(maxLine)
	if err := lx.word(); err != nil {
		if recoverable(err) {
			return protocolError("not IMAP")
		}
		return err
	}
	first := string(lx.text)
	if err := lx.space(); err != nil {
		return err
	}
	if !g.greeted && first != "*" {
		return protocolError("not IMAP")
	}
	var err error
	switch first {
	case "*":
		err = g.readUntagged()
	case "+":
		err = g.readContinuation()
	case "":
		// An empty line: some servers send one after a literal.
		err = lx.skipResponse()
	default:
		err = g.readTagged(first)
	}
	if recoverable(err) {
		if !g.greeted || first != "*" {
			return protocolError("not IMAP")
		}
		g.dropped.Add(1)
		g.debug("imap response not understood", "reason", err.Error())
		err = lx.skipResponse()
	}
	return err
}

func (g *guard) readUntagged() error {
	lx := &g.lx
	if err := lx.word(); err != nil {
		return err
	}
	if !g.greeted {
		return g.readGreeting()
	}
	if err := g.countUnasked(); err != nil {
		return err
	}
	if num, err := strconv.ParseUint(string(lx.text), 10, 64); err == nil {
		if err := lx.space(); err != nil {
			return err
		}
		if err := lx.word(); err != nil {
			return err
		}
		return g.readNumbered(num)
	}
	upper(lx.text)
	col := g.collector()
	switch string(lx.text) { // one case for each response that is known
	case "OK", "NO", "BAD", "BYE":
		return g.readStatus(col)
	case "CAPABILITY":
		if err := lx.readText(maxTextLine); err != nil {
			return err
		}
		g.setCaps(string(lx.text))
		g.out.WriteString("* CAPABILITY " + g.libraryCaps() + "\r\n")
		return nil
	case "SEARCH":
		return g.readSearch(col)
	case "ESEARCH":
		return g.readESearch(col)
	case "LIST":
		return g.readList(col)
	case "STATUS":
		return g.readFolderStatus(col)
	case "VANISHED":
		return g.readVanished(col)
	case "ENABLED":
		return g.readEnabled()
	case "FLAGS", "ID", "NAMESPACE", "LSUB":
		return lx.skipResponse() // known and of no use
	}
	g.dropped.Add(1)
	g.debug("imap response unknown")
	return lx.skipResponse()
}

// countUnasked ends a connection on which a server talks without being asked.
func (g *guard) countUnasked() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.pending) > 0 && !g.idling {
		return nil
	}
	if g.unasked++; g.unasked > maxUnasked {
		return protocolError("flood of responses")
	}
	return nil
}

// readNumbered reads the rest of "* n EXISTS" and its kin.
func (g *guard) readNumbered(num uint64) error {
	lx := &g.lx
	upper(lx.text)
	switch string(lx.text) {
	case "FETCH":
		return g.readFetch(g.collector())
	case "EXISTS":
		if num > 1<<32-1 {
			return errSyntax
		}
		g.mu.Lock()
		changed := g.exists != uint32(num)
		g.exists = uint32(num)
		g.mu.Unlock()
		if changed { // some servers repeat the number to keep the connection alive
			g.hint()
		}
	case "EXPUNGE":
		g.mu.Lock()
		if g.exists > 0 {
			g.exists--
		}
		g.mu.Unlock()
		g.hint()
	case "RECENT":
	default:
		g.dropped.Add(1)
	}
	return lx.skipResponse()
}

func (g *guard) readGreeting() error {
	lx := &g.lx
	upper(lx.text)
	status := string(lx.text)
	switch status {
	case "OK", "BYE", "PREAUTH":
	default:
		return protocolError("not IMAP")
	}
	words, err := g.readWords(status)
	if err != nil {
		return err
	}
	switch status {
	case "BYE":
		g.setBye(words)
		return errBye
	case "PREAUTH":
		return protocolError("logged in before asking")
	}
	g.mu.Lock()
	g.greeted = true
	g.mu.Unlock()
	g.out.WriteString("* OK [CAPABILITY " + g.libraryCaps() + "] ready\r\n")
	return nil
}

// errBye ends the connection after a BYE that nobody asked for; readError
// finds the server's words.
var errBye = errors.New("server said goodbye")

// readWords reads the code and text of a status response.
func (g *guard) readWords(status string) (serverWords, error) {
	lx := &g.lx
	if err := lx.readText(maxTextLine); err != nil {
		return serverWords{}, err
	}
	w := serverWords{status: status}
	line := bytes.TrimLeft(lx.text, " ")
	if len(line) > 0 && line[0] == '[' {
		if end := bytes.IndexByte(line, ']'); end > 0 {
			code, args, _ := bytes.Cut(line[1:end], []byte(" "))
			w.code, w.args = strings.ToUpper(printable(code)), string(bytes.TrimSpace(args))
			line = line[end+1:]
		}
	}
	w.text = printable(bytes.TrimSpace(line))
	if w.code == "CAPABILITY" {
		g.setCaps(w.args)
	}
	return w, nil
}

// printable makes a server's words fit for a log: short, ASCII, one line.
func printable(b []byte) string {
	if len(b) > maxText {
		b = b[:maxText]
	}
	out := make([]byte, 0, len(b))
	for _, c := range b {
		if c < ' ' || c > '~' {
			c = '?'
		}
		out = append(out, c)
	}
	return string(out)
}

func (g *guard) setBye(w serverWords) {
	g.mu.Lock()
	g.bye = &w
	g.mu.Unlock()
}

// readStatus reads an untagged OK, NO, BAD or BYE. Its codes are ours; the
// library needs none of them.
func (g *guard) readStatus(col *collector) error {
	w, err := g.readWords(string(g.lx.text))
	if err != nil {
		return err
	}
	switch w.status {
	case "BYE":
		g.setBye(w)
		if !g.inFlight("LOGOUT") {
			return errBye
		}
		return nil
	case "NO", "BAD":
		g.debug("imap warning", "status", w.status, "code", w.code)
	}
	switch w.code {
	case "CAPABILITY":
		g.out.WriteString("* CAPABILITY " + g.libraryCaps() + "\r\n")
	case "CLOSED":
		g.mu.Lock()
		g.exists = 0
		g.mu.Unlock()
		if col != nil {
			col.sel, col.changes, col.spoilt = Selected{}, Changes{}, false
		}
	}
	if col != nil {
		col.selectCode(w.code, w.args)
	}
	return nil
}

func (g *guard) readTagged(tag string) error {
	lx := &g.lx
	if err := lx.word(); err != nil {
		return err
	}
	upper(lx.text)
	status := string(lx.text)
	cmd, known := g.takePending(tag)
	if !known {
		return protocolError("answer to nothing")
	}
	if status != "OK" && status != "NO" && status != "BAD" {
		return protocolError("not a result")
	}
	w, err := g.readWords(status)
	if err != nil {
		return err
	}
	g.debug("imap result", "tag", tag, "command", cmd.name, "status", status, "code", w.code,
		"milliseconds", time.Since(cmd.since).Milliseconds())
	if cmd.name == "IDLE" {
		g.idle <- w
		return nil
	}
	g.out.WriteString(tag + " " + status + " ")
	switch {
	case status == "OK" && (cmd.name == "LOGIN" || cmd.name == "AUTHENTICATE"):
		// Told here, the library does not ask for capabilities by itself.
		g.out.WriteString("[CAPABILITY " + g.libraryCaps() + "] done")
	case status == "OK":
		g.out.WriteString("done")
	default:
		if atom(w.code) {
			g.out.WriteString("[" + w.code + "] ")
		}
		g.out.WriteString("- " + w.text)
	}
	g.out.WriteString("\r\n")
	return nil
}

func atom(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return s != ""
}

// readContinuation lets "+" through to a command that may wait for one.
func (g *guard) readContinuation() error {
	lx := &g.lx
	if err := lx.readText(maxTextLine); err != nil {
		return err
	}
	g.mu.Lock()
	wanted := false
	for i := range g.pending {
		switch p := &g.pending[i]; p.name {
		case "IDLE":
			if !p.confirmed {
				p.confirmed, g.idling = true, true
				g.idle <- serverWords{status: "+"}
			}
		case "AUTHENTICATE":
			wanted = true
		default:
			wanted = wanted || g.w.inCmd
		}
	}
	auth := len(g.pending) > 0 && g.pending[0].name == "AUTHENTICATE"
	g.mu.Unlock()
	if !wanted {
		g.dropped.Add(1)
		return nil
	}
	g.out.WriteString("+ ")
	if auth { // the challenge is base64; elsewhere the text means nothing
		for _, c := range bytes.TrimSpace(lx.text) {
			if c > ' ' && c <= '~' {
				g.out.WriteByte(c)
			}
		}
	}
	g.out.WriteString("\r\n")
	return nil
}

func (g *guard) setCaps(list string) {
	words := strings.Fields(list)
	if len(words) > maxCaps {
		words = words[:maxCaps]
	}
	caps := make(map[string]bool, len(words))
	for _, w := range words {
		caps[strings.ToUpper(w)] = true
	}
	for _, w := range g.without {
		delete(caps, w)
	}
	g.mu.Lock()
	g.caps = caps
	g.capsSeq++
	g.mu.Unlock()
}

// libraryCaps are the capabilities that the library is told: those that change
// how it writes. It takes IMAP4rev2 for leave to write folder names as UTF-8,
// which a server that also speaks rev1 expects only after ENABLE; so rev2 is
// told only where there is nothing else.
func (g *guard) libraryCaps() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	for _, c := range []string{"SASL-IR", "LITERAL-", "LITERAL+"} {
		if g.caps[c] {
			out = append(out, c)
		}
	}
	if g.caps["IMAP4REV2"] && !g.caps["IMAP4REV1"] {
		out = append(out, "IMAP4rev2")
	} else {
		out = append(out, "IMAP4rev1")
	}
	sort.Strings(out)
	return strings.Join(out, " ")
}
