package message

import (
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"
)

// Address is a display name and an address as written, both decoded and
// cleaned. Compare addresses only in the form that db/address gives.
type Address struct {
	Name    string
	Address string
}

// Header is what Mailstamp uses of a mail's header.
type Header struct {
	MessageID  string    // without <>; empty when absent or unusable
	InReplyTo  []string  // ids without <>
	References []string  // ids without <>, oldest first
	Date       time.Time // UTC; zero when absent or unparsable

	From, Sender, ReplyTo, To, Cc, Bcc []Address

	Subject string // decoded, one line

	ContentType       string            // media type, lower case; "text/plain" when absent
	ContentTypeParams map[string]string // keys in lower case, values decoded

	AutoSubmitted     string   // RFC 3834 keyword in lower case, e.g. "auto-replied"
	AutoReply         bool     // AutoSubmitted or an older sign says: an automatic answer
	Precedence        string   // lower case, e.g. "bulk"
	ListID            string   // RFC 2919 id without <>
	ReturnPath        string   // address without <>; empty also when null
	NullReturnPath    bool     // Return-Path: <> – a report or an automatic answer
	XFailedRecipients []string // addresses that exim and others name in a bounce

	// ThreadID is MessageID, or one made of the header's digest when there is none.
	ThreadID string

	Problems []string // stable codes, in the order found, each once

	rawDate string // Date as written, when it cannot be read: part of the identity
}

// ParseHeader reads a header: the bytes up to the first empty line of raw. It
// never fails; what cannot be read is left out and leaves a problem.
func ParseHeader(raw []byte) Header {
	h, _ := readHeader(raw)
	return h
}

// readHeader also gives what the walk over the body needs.
func readHeader(raw []byte) (Header, fieldScan) {
	var p problems
	scan := fieldScan{raw: raw, maxBytes: MaxHeaderBytes, problems: &p, fields: make([]field, 0, 16)}
	scan.run()
	h := Header{ContentType: defaultType}
	var seen [fieldFailedRecipients + 1]bool
	var hint string
	for _, f := range scan.fields {
		if f.name == fieldContentType {
			h.ContentType, h.ContentTypeParams = contentType(unfold(f.value, ""))
			hint = h.ContentTypeParams["charset"]
			break
		}
	}
	for _, f := range scan.fields {
		if first := !seen[f.name]; !first && !f.name.repeats() {
			p.add(ProblemDuplicateField)
			continue
		}
		seen[f.name] = true
		h.set(f.name, unfold(f.value, hint), &p)
	}
	if len(h.From) == 0 {
		p.add(ProblemNoFrom)
	}
	h.ThreadID = h.MessageID
	if h.ThreadID == "" {
		digest := HeaderDigest(raw[:scan.end])
		h.ThreadID = hex.EncodeToString(digest[:]) + syntheticDomain
	}
	h.Problems = p
	return h, scan
}

// syntheticDomain marks the thread id of a mail without Message-ID. The domain
// is reserved (RFC 2606), so that no real id can be equal.
const syntheticDomain = "@mailstamp.invalid"

const defaultType = "text/plain"

// repeats tells the fields of which every occurrence counts: people are reached
// by each of them. Of the others the first counts, as mail readers do.
func (n fieldName) repeats() bool {
	switch n {
	case fieldDate, fieldTo, fieldCc, fieldBcc, fieldReferences, fieldInReplyTo, fieldFailedRecipients, fieldReturnPath,
		fieldAutoReply, fieldListID, fieldEncoding, fieldDisposition, fieldContentID:
		return true
	}
	return false
}

func (h *Header) set(name fieldName, value string, p *problems) {
	switch name {
	case fieldMessageID:
		h.MessageID = firstID(value)
		if h.MessageID == "" {
			p.add(ProblemMessageID)
		}
	case fieldInReplyTo:
		h.InReplyTo = appendIDs(h.InReplyTo, value, MaxInReplyTo, 0, p)
	case fieldReferences:
		h.References = appendIDs(h.References, value, MaxReferences, 1, p)
	case fieldDate: // the first that can be read
		if !h.Date.IsZero() {
			break
		}
		date, ok := parseDate(value)
		if !ok {
			p.add(ProblemDate)
			h.rawDate = cleanLine(value, MaxNameBytes)
			break
		}
		h.Date = date
	case fieldFrom:
		h.From = parseAddresses(h.From, value, p)
	case fieldSender:
		h.Sender = parseAddresses(h.Sender, value, p)
	case fieldReplyTo:
		h.ReplyTo = parseAddresses(h.ReplyTo, value, p)
	case fieldTo:
		h.To = parseAddresses(h.To, value, p)
	case fieldCc:
		h.Cc = parseAddresses(h.Cc, value, p)
	case fieldBcc:
		h.Bcc = parseAddresses(h.Bcc, value, p)
	case fieldSubject:
		h.Subject = cleanLine(decodeWords(value), MaxSubjectBytes)
	case fieldAutoSubmitted:
		h.AutoSubmitted, _ = parseMedia(value)
		h.AutoReply = h.AutoReply || (h.AutoSubmitted != "" && h.AutoSubmitted != "no")
	case fieldAutoReply:
		h.AutoReply = h.AutoReply || !strings.EqualFold(value, "no")
	case fieldPrecedence:
		h.Precedence = cleanLine(strings.ToLower(value), MaxNameBytes)
		h.AutoReply = h.AutoReply || h.Precedence == "auto_reply"
	case fieldListID:
		if id := angleID(value); id != "" && h.ListID == "" {
			h.ListID = truncate(id, MaxNameBytes)
		}
	case fieldReturnPath:
		h.setReturnPath(value)
	case fieldFailedRecipients:
		var failed []Address
		for _, a := range parseAddresses(failed, value, p) {
			if a.Address != "" && len(h.XFailedRecipients) < MaxAddresses {
				h.XFailedRecipients = append(h.XFailedRecipients, a.Address)
			}
		}
	}
}

// setReturnPath keeps the first one: the last server on the way wrote it.
func (h *Header) setReturnPath(value string) {
	if h.ReturnPath != "" || h.NullReturnPath {
		return
	}
	inner := strings.TrimSpace(strings.Trim(value, " \t<>"))
	h.ReturnPath = bareAddress(inner)
	h.NullReturnPath = inner == "" && strings.Contains(value, "<")
}

func contentType(value string) (string, map[string]string) {
	t, params := parseMedia(value)
	switch {
	case t == "text" || t == "":
		return defaultType, params
	case !strings.Contains(t, "/"):
		return "application/octet-stream", params
	}
	return t, params
}

// firstID is the message id of a Message-ID field.
func firstID(value string) string {
	if _, rest, found := strings.Cut(value, "<"); found { // the first: "<id> (added by <postmaster@…>)"
		rest, _, _ = strings.Cut(rest, ">")
		return cleanID(rest)
	}
	id := cleanID(strings.Trim(value, "> \t"))
	if strings.ContainsAny(strings.TrimSpace(value), " \t") && !strings.Contains(id, "@") {
		return ""
	}
	return id
}

// angleID is what stands in the last <>, behind any name; all of value without <>.
func angleID(value string) string {
	if open := strings.LastIndexByte(value, '<'); open >= 0 {
		value, _, _ = strings.Cut(value[open+1:], ">")
	}
	return cleanID(value)
}

// appendIDs adds the ids of a References or In-Reply-To value to ids, each once,
// at most max: the first keep ones and then the last ones, for keep > 0, or else
// the first ones.
func appendIDs(ids []string, value string, max, keep int, p *problems) []string {
	seen := make(map[string]bool, 8)
	for _, id := range ids {
		seen[id] = true
	}
	add := func(id string) {
		if id = cleanID(id); id != "" && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	if strings.Contains(value, "<") {
		for {
			var found bool
			if _, value, found = strings.Cut(value, "<"); !found {
				break
			}
			end := strings.IndexAny(value, "<>")
			if end < 0 {
				end = len(value)
			}
			add(value[:end])
			value = value[end:]
		}
	} else {
		for _, word := range strings.FieldsFunc(value, func(r rune) bool { return isBlank(r) || r == ',' || r == ';' }) {
			if strings.Contains(word, "@") {
				add(word)
			}
		}
	}
	if len(ids) > max {
		p.add(ProblemReferenceCount)
		if keep > 0 {
			ids = append(ids[:keep:keep], ids[len(ids)-(max-keep):]...)
		}
		ids = ids[:max:max]
	}
	return ids
}

// cleanID drops blanks (folding puts them in) and controls off a message id;
// empty when nothing sensible is left.
func cleanID(id string) string {
	id = strings.Map(func(r rune) rune {
		if isBlank(r) || r < ' ' || (r >= 0x7f && r < 0xa0) || r == utf8.RuneError || r == '<' || r == '>' {
			return -1
		}
		return r
	}, id)
	if len(id) > MaxIDBytes {
		return ""
	}
	return id
}
