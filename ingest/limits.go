package ingest

import (
	"time"
	"unicode/utf8"
)

// Leases. A worker lives while its heartbeat is fresh; a killed one's mailboxes move after at most
// leaseTTL + acquireEvery = 23 s (required: 30 s).
const (
	leaseTTL     = 20 * time.Second
	renewEvery   = 5 * time.Second
	acquireEvery = 3 * time.Second
	// acquireBatch leases are taken at once, so that several workers share the mailboxes.
	acquireBatch = 100
	// syncedEvery is how often live mailboxes are noted as in step, all of a process in one statement.
	syncedEvery = 30 * time.Second
)

// What hangs.
const (
	// silence is how long a loop may tell of no progress: longer than a message of maxBodyBytes takes over a slow line.
	silence = 30 * time.Minute
	// endingShare of it a loop may take to end once it was told to.
	endingShare = 10
	// stepTimeout ends one run of a periodic step: a database that is slow or away makes it fail, not hang.
	stepTimeout = 30 * time.Second
	// stepSilence: longer than stepTimeout and the longest pause between two runs.
	stepSilence = silence/endingShare + 2*stepTimeout
)

// When a loop looks.
const (
	// passEvery is the timed pass that guarantees what hints only hasten, for folders other than INBOX too.
	passEvery = 60 * time.Second
	// liveCheckEvery is how long a back-fill works before it looks for new mail.
	liveCheckEvery = time.Second
	// flagsEvery is the full look at flags where the server keeps no mod-sequences.
	flagsEvery = 15 * time.Minute
	// flagFolders are visited for that in one pass: those of a mailbox with maxChosenFolders come due together, and in ten passes, within
	// flagsEvery, all have their turn.
	flagFolders = 100
	// maxLive new messages of a folder, the newest, are fetched in one visit before any back-fill, and as many that are wanted: some
	// seconds in which the other folders wait. Of what is beyond, the new is back-fill, the wanted is the next pass's.
	maxLive = 1000
	// maxLooks at all folders, one after the other, after mail was missed: each that finds new mail makes another one necessary.
	maxLooks = 5
	// deletionsPatience is how long deletions may wait for two looks with no mail between them until the mailbox says so.
	deletionsPatience = time.Hour
	// listEvery is how long a folder that changes is followed by what the server says of the changes alone.
	listEvery = 15 * time.Minute
)

// Timing holds the times that a test may shorten. A zero field means the default above.
type Timing struct {
	LeaseTTL, Renew, Acquire time.Duration
	Pass, LiveCheck          time.Duration
	FirstRetry, Silence      time.Duration
}

// Verify.
const (
	// verifyPatience is how long a difference between ledger and server must last to count: the loop may be about it.
	verifyPatience = 5 * time.Second
	// verifyAgain is the pause between two looks.
	verifyAgain = time.Second
	// maxVerifyRanges of UIDs are named in one difference.
	maxVerifyRanges = 20
)

// Errors.
const (
	// firstRetry, maxRetry: pause after a failed session, doubled each time; anew after one that left nothing to do, and after one
	// that lasted maxRetry if a pass came through.
	firstRetry = 500 * time.Millisecond
	maxRetry   = 5 * time.Minute
	// errorAfter failures in a row the mailbox shows an error.
	errorAfter = 3
	// maxAuthTries in all with one secret: servers lock accounts after five to ten (F32).
	maxAuthTries = 3
	// authRetry is the pause between them.
	authRetry = time.Minute
	// maxFetchTries of one message that breaks the connection, is not delivered, or panics the parser (F15, F36).
	maxFetchTries = 3
	// retryQuarantinedEvery is how often a message is asked for again that was given up for what may have been the line;
	// each look, once in retryLookEvery, tries at most maxRetried, and ends with the first that breaks the connection.
	retryQuarantinedEvery = 24 * time.Hour
	retryLookEvery        = time.Hour
	maxRetried            = 10
	// maxRevalidations of one folder in one loop; then its UIDVALIDITY counts as flapping (F03).
	maxRevalidations = 5
	// unknownUserRetry is how often a mailbox looks whether its user is known by now.
	unknownUserRetry = 5 * time.Second
)

// OAuth.
const (
	// tokenLeeway before its end a token is renewed.
	tokenLeeway = time.Minute
	// tokenTimeout bounds one renewal, for which a PUT of that mailbox may wait; saveTimeout writing it down, in saveTries.
	tokenTimeout = 10 * time.Second
	saveTimeout  = 10 * time.Second
	saveTries    = 3
	// renewals at once in the process: each holds a connection to the database.
	renewals = 4
	// tokenHeaderBytes of a provider's answer are read, and a megabyte of its body.
	tokenHeaderBytes = 64 << 10
)

// Sizes.
const (
	// batchSize messages are one transaction: large enough that what each transaction and statement costs is little beside the
	// rows. A share of the author waits for the end of it only, where it stamps.
	batchSize = 500
	// firstBatch is the size of the first batch of a turn, each further one is double: there is something to store soon.
	firstBatch = 100
	// batchesAhead are asked for their headers at a time.
	batchesAhead = 2
	// batchesStored are with the store at a time, one at work and one that waits: to open another folder takes as long as a small one.
	// With three the first sync of 20,000 messages takes 10 MB more and no less time.
	batchesStored = 2
	// maxBodyBytes bounds a message that is read: what big providers take.
	maxBodyBytes = 50 << 20
	// bodyChunkBytes of bodies are asked for at once, and stored together.
	bodyChunkBytes = 7 << 20
	// bodiesAtOnce bytes of texts are the parameters of one statement, or those of one message: the driver copies them several times.
	bodiesAtOnce = 256 << 10
	// bytesInFlight bounds the mail that all loops of the process hold, from asking for bodies until they are stored; one
	// larger message has it all. Less is held than asked for: a body is there until its text is taken out.
	bytesInFlight = 32 << 20
	// bytesAhead bounds what one loop asks for of that: its server may be slow, and the mail of other mailboxes waits for room.
	bytesAhead = 2 * bodyChunkBytes
	// flagChunk rows of flags are one transaction (F19).
	flagChunk = 5000
	// removeChunk messages are removed in one transaction.
	removeChunk = 1000
	// purgeChunk messages are judged in one transaction, under the account's lock: some 20 ms.
	purgeChunk = 200
	// redactChunk messages are looked through in one transaction for the address of an erased person: some 20 ms of reading.
	redactChunk = 500
	// backfills at once in the process; live mail waits for none.
	backfills = 4
	// maxPerHost, maxPerAccount bound the connections of this process: big providers hold most mailboxes and count by login,
	// so these are against one host or account taking the whole process; 2,500 idle ones take 150 MB.
	maxPerHost    = 2500
	maxPerAccount = 2500
	// maxPerLogin: one loop, and attachments or a comparison beside it. The user's own programs share what the server
	// allows: Gmail 15, Dovecot 10, others 5.
	maxPerLogin = 3
)

// What a PUT may name.
const (
	defaultWindowMonths = 24
	maxWindowMonths     = 1200
	maxIDLength         = 128 // characters (API.md)
	maxIDBytes          = maxIDLength * utf8.UTFMax
	maxHostBytes        = 253
	maxSecretBytes      = 1 << 10  // user name, password, folder name
	maxGrantBytes       = 32 << 10 // an OAuth grant in all; Microsoft's tokens have 2 to 4 KB
	maxChosenFolders    = 1000
	// checkHostTimeout bounds the look-up of a host at PUT.
	checkHostTimeout = 5 * time.Second
)

func or(d, fallback time.Duration) time.Duration {
	if d <= 0 {
		return fallback
	}
	return d
}

func (t Timing) withDefaults() Timing {
	return Timing{
		LeaseTTL:   or(t.LeaseTTL, leaseTTL),
		Renew:      or(t.Renew, renewEvery),
		Acquire:    or(t.Acquire, acquireEvery),
		Pass:       or(t.Pass, passEvery),
		LiveCheck:  or(t.LiveCheck, liveCheckEvery),
		FirstRetry: or(t.FirstRetry, firstRetry),
		Silence:    or(t.Silence, silence),
	}
}
