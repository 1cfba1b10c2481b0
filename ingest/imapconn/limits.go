package imapconn

import "time"

// Defaults of Limits.
const (
	// ConnectTimeout bounds each of: name resolution, TCP, TLS handshake.
	ConnectTimeout = 15 * time.Second
	// ResponseTimeout is the longest silence while an answer is due. Large
	// Exchange folders think for 40 s before the first byte of a SEARCH.
	ResponseTimeout = 60 * time.Second
	// CommandTimeout bounds one command from its first to its last byte, so
	// that a server that drips cannot hold a connection for ever; of what was
	// asked ahead from the end of the command before on, of IDLE only its end,
	// from DONE on.
	CommandTimeout = 15 * time.Minute
	// IdleRestart is how long one IDLE lasts: below the 15 minutes after
	// which home routers forget a connection, and RFC 2177's 29.
	IdleRestart = 10 * time.Minute
)

// Bounds on what is read. Each answers one fault of FAULTS F27, F28, S06, S07.
const (
	maxLine       = 256 << 10 // bytes of one response outside literals; longest seen: a FLAGS line of 40 KB
	maxSearchLine = 24 << 20  // bytes of one SEARCH response: 2 million UIDs; read as a stream
	maxRanges     = 1 << 20   // ranges of one SEARCH result: 8 MB
	maxDepth      = 32        // parentheses within parentheses; FETCH needs 3 without BODYSTRUCTURE
	maxLiterals   = 16        // literals in one response; FETCH BODY[] needs one
	maxNameBytes  = 4 << 10   // one literal or string that is a name
	maxFolders    = 20_000    // folders of one mailbox
	maxHeader     = 1 << 20   // bytes of one message's header that are read
	maxText       = 300       // bytes of a server's own words that are kept
	maxCaps       = 200       // capabilities that are kept
	maxUnasked    = 200_000   // responses while nothing is asked or within one IDLE; a storm of flags has 10,000
	maxSkipLine   = 64 << 20  // bytes of a line that is passed over
	maxWord       = 64        // bytes of a tag or of a response's name
	maxTextLine   = 16 << 10  // bytes of a status line that are looked at: codes and capabilities
	maxSkip       = 1 << 30   // bytes of an unwanted or too large literal that are skipped; beyond, the connection is cheaper to drop
)

// How much is asked at once.
const (
	headersPerFetch = 200  // messages per UID FETCH: 40 ms of round trip are spread over 200
	bodiesPerFetch  = 200  // messages per UID FETCH of bodies
	flagsPerFetch   = 5000 // messages per UID FETCH of flags: 200 KB of answer
	rangesPerFetch  = 200  // ranges per command: a line of at most 4.4 KB (RFC 7162 section 4 allows 8,192)
	fetchInFlight   = 4    // commands sent before the first is answered
	maxLooks        = 2    // a folder that changes all the time is looked at so often for one answer
	statusInFlight  = 50   // STATUS commands likewise
	looksInFlight   = 10   // folders that are opened likewise, with three commands each
	literalGrow     = 64 << 10
	readBuffer      = 4 << 10 // bytes read at once outside literals
	readBufferTLS   = 512     // likewise where TLS holds the rest of its record already: thousands of connections idle
)

// Limits are the times that a test or an operator may shorten. A zero field
// means its default above.
type Limits struct {
	Connect  time.Duration
	Response time.Duration
	Command  time.Duration
	Idle     time.Duration
}

func (l Limits) withDefaults() Limits {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&l.Connect, ConnectTimeout)
	def(&l.Response, ResponseTimeout)
	def(&l.Command, CommandTimeout)
	def(&l.Idle, IdleRestart)
	return l
}
