package message

import (
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode"
)

// Attachment describes a part that is not a body.
type Attachment struct {
	N         int    // counted from 1 in the order of the document
	Name      string // safe file name, never empty
	Type      string // media type, lower case
	Size      int64  // decoded bytes
	Inline    bool   // meant to be shown within the body
	ContentID string // without <>
}

// ErrNoAttachment says that a mail has no attachment of that number.
var ErrNoAttachment = errors.New("no such attachment")

// OpenAttachment returns the n-th attachment of a mail and its decoded bytes.
// ErrNoAttachment when there is none of that number.
func OpenAttachment(raw []byte, n int) (Attachment, io.Reader, error) {
	var ignored problems
	var found *part
	limits := DefaultLimits
	h, scan := readHeader(raw)
	if n > 0 && unreadable(raw, scan, limits) == "" {
		seen := 0
		w := walker{raw: raw, limits: limits, problems: &ignored}
		w.visit = func(p *part) {
			if p.isBody() || p.isDuplicate() {
				return
			}
			if seen++; seen == n {
				copied := *p
				found = &copied
			}
		}
		w.walk(h, scan) // a bound ends it early, as it ended Parse
	}
	if found == nil {
		return Attachment{}, nil, ErrNoAttachment
	}
	r, _ := transferReader(found.encoding, found.body)
	return found.attachment(n), r, nil
}

func (p *part) attachment(n int) Attachment {
	media := p.media
	if !isMediaType(media) {
		media = "application/octet-stream"
	}
	return Attachment{
		N: n, Name: safeFileName(p.fileName, media, n), Type: media, Size: transferSize(p.encoding, p.body),
		Inline: p.disposition == "inline" || (p.related && p.contentID != "" && p.disposition != "attachment"), ContentID: p.contentID,
	}
}

// isMediaType admits the characters of RFC 6838 only: the type goes into a
// response header.
func isMediaType(s string) bool {
	slashes := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '/':
			slashes++
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', strings.IndexByte("!#$&-^_.+", c) >= 0:
		default:
			return false
		}
	}
	return slashes == 1 && s[0] != '/' && s[len(s)-1] != '/' && len(s) <= MaxFileNameBytes
}

var extensions = map[string]string{
	"message/rfc822": ".eml", "message/global": ".eml", "message/delivery-status": ".txt", "message/disposition-notification": ".txt",
	"text/rfc822-headers": ".txt", "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "text/csv": ".csv", "text/vcard": ".vcf",
	"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/svg+xml": ".svg", "application/pdf": ".pdf",
	"application/pgp-signature": ".asc", "application/pkcs7-signature": ".p7s", "application/ms-tnef": ".dat", "application/zip": ".zip",
}

// safeFileName makes a name that is safe to save under on any system: no path,
// no controls or direction marks, nothing hidden, never empty (FAULTS S08).
func safeFileName(name, media string, n int) string {
	name = cleanLine(name, MaxSubjectBytes)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.TrimLeft(strings.TrimRight(name, " ."), " .")
	if len(name) > MaxFileNameBytes {
		ext := path.Ext(name)
		if len(ext) > maxExtensionBytes {
			ext = ""
		}
		name = truncate(name, MaxFileNameBytes-len(ext)) + ext
	}
	if name == "" {
		return "attachment-" + strconv.Itoa(n) + extensions[media]
	}
	return name
}

// maxExtensionBytes is the longest file name extension that is kept when a name
// must be cut.
const maxExtensionBytes = 16
