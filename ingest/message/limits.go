package message

// Bounds on a header. Beyond them the rest is ignored and a problem noted.
const (
	// MaxHeaderBytes bounds the header of a mail. The longest real ones, with
	// thousands of recipients, stay under half of it.
	MaxHeaderBytes = 1 << 20
	// MaxPartHeaderBytes bounds the header of one MIME part.
	MaxPartHeaderBytes = 64 << 10
	// MaxHeaderFields bounds the fields of one header; real ones have < 200.
	MaxHeaderFields = 5_000
	// MaxAddresses bounds the addresses kept of one header field, first ones first.
	MaxAddresses = 1_000
	// MaxReferences bounds the message ids kept of References: the first, which
	// names the thread's root, and the last ones, which name the nearest parents.
	MaxReferences = 200
	// MaxInReplyTo bounds the message ids kept of In-Reply-To, first ones first.
	MaxInReplyTo = 20
	// MaxIDBytes bounds a message id (RFC 5322 lines end at 998); a longer one is ignored.
	MaxIDBytes = 998
	// MaxSubjectBytes bounds a decoded subject.
	MaxSubjectBytes = 4 << 10
	// MaxNameBytes bounds a display name, a list id, and other short free text.
	MaxNameBytes = 512
	// MaxFileNameBytes bounds a file name: what common file systems take.
	MaxFileNameBytes = 255
	// MaxAddressBytes bounds an address (RFC 5321, 4.5.3.1.3, less the brackets).
	MaxAddressBytes = 254
	// MaxParams bounds the parameters of Content-Type and Content-Disposition.
	MaxParams = 100
)

// PreviewRunes is the length of a preview: two lines of a list.
const PreviewRunes = 200

// Limits bound what Parse reads of one mail. A zero field means the default.
type Limits struct {
	// Bytes is the longest mail that is read at all; a longer one is Unreadable.
	Bytes int
	// Depth is the deepest nesting of multiparts.
	Depth int
	// Parts is the number of MIME parts, multiparts included.
	Parts int
	// TextBytes and HTMLBytes bound the decoded bodies; the rest is cut off.
	TextBytes int
	HTMLBytes int
	// Attachments bounds how many are described.
	Attachments int
}

// DefaultLimits holds the bounds of a mail: 50 MB is the largest that big
// providers take; depth and parts are ten times what real mail has.
var DefaultLimits = Limits{
	Bytes:       64 << 20,
	Depth:       100,
	Parts:       10_000,
	TextBytes:   1 << 20,
	HTMLBytes:   2 << 20,
	Attachments: 1_000,
}

func (l Limits) withDefaults() Limits {
	set := func(field *int, fallback int) {
		if *field <= 0 {
			*field = fallback
		}
	}
	set(&l.Bytes, DefaultLimits.Bytes)
	set(&l.Depth, DefaultLimits.Depth)
	set(&l.Parts, DefaultLimits.Parts)
	set(&l.TextBytes, DefaultLimits.TextBytes)
	set(&l.HTMLBytes, DefaultLimits.HTMLBytes)
	set(&l.Attachments, DefaultLimits.Attachments)
	return l
}
