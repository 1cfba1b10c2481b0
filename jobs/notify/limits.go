package notify

import "time"

// How much is sent at once.
const (
	// pollEvery is how often accounts with due events are looked for, so how old an event may get unseen.
	pollEvery = time.Second
	// maxTurns accounts are served by a process at a time.
	maxTurns = 16
	// turnTime is when a turn ends that still has events, for the others' sake.
	turnTime = 5 * time.Second
	// turnLease is when others may take the turn of a process that vanished: a post may begin just before turnTime is over.
	turnLease = turnTime + postTimeout + 5*time.Second
	// roundEvents are read, sent and noted together. So many at most are sent twice when a process is killed.
	roundEvents = 32
	// lanes of a round post side by side; events of one conversation, message or mailbox share one, in order.
	lanes = 4
)

// One attempt.
const (
	// postTimeout bounds an attempt, from the look-up of the name to the end of the answer.
	postTimeout = 10 * time.Second
	// maxAnswer bytes of an answer are read, and thrown away, so that the connection can be used again.
	maxAnswer = 16 << 10
	// maxAnswerHeader bytes.
	maxAnswerHeader = 16 << 10
	// maxURL bytes.
	maxURL = 2000
)

// Trying again.
const (
	// RetryFor is how long an event is tried (API.md).
	RetryFor = 72 * time.Hour
	// firstRetry, maxRetry: a failed event waits as long again as it has been tried, within these.
	firstRetry = 5 * time.Second
	maxRetry   = 30 * time.Minute
	// firstPause, maxPause: pause of all events of an account after a round in which none was taken, doubled each time.
	// maxPause is how late a CRM that came back may be served.
	firstPause = time.Second
	maxPause   = 5 * time.Minute
	// warnAfter is how long a CRM may take nothing before it is said, and then with each attempt.
	warnAfter = 5 * time.Minute
)

// Clocks. A time further ahead than these is another clock's, or of before the clock was put back, and holds nothing up: beyond
// what is ever set, as the machines' clocks may differ; for a turn by most, since of two at once both tell the same events.
const (
	longestWait  = 2 * maxRetry
	longestPause = 2 * maxPause
	longestTurn  = time.Hour
)

// Upkeep.
const (
	// countEvery is how often the waiting events are counted for the metrics.
	countEvery = 30 * time.Second
	// Kept is how long a finished event is kept, with its attempts, to be looked at and replayed.
	Kept = 30 * 24 * time.Hour
	// maxListed events at once.
	maxListed = 10_000
	// maxNamed ids of a replay are named in the trail.
	maxNamed = 100
)
