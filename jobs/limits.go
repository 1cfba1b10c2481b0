package jobs

import "time"

// Queues, and how many of each a process works on at once.
const (
	// queueStamps holds what somebody waits for: re-stamping.
	queueStamps        = "stamps"
	queueStampsWorkers = 4
	// queueUpkeep holds what nobody waits for.
	queueUpkeep        = "upkeep"
	queueUpkeepWorkers = 2
	// queueRemovals holds what somebody was told is being removed: it was out of sight before it was queued.
	queueRemovals        = "removals"
	queueRemovalsWorkers = 2
)

// How soon a job starts. A notification wakes the workers at the commit; the poll finds what it missed.
const (
	// notifyAtMostEvery is the shortest time between two notifications of one process for one queue. An insert that falls
	// into it waits for the poll, so it is as short as River allows.
	notifyAtMostEvery = time.Millisecond
	// fetchCooldown is the shortest time between two fetches of a queue.
	fetchCooldown = 10 * time.Millisecond
	// fetchPoll is the longest time that a job waits whose notification was lost: within the second of G2.
	fetchPoll = 500 * time.Millisecond
	// upkeepPoll is the same for what nobody waits for.
	upkeepPoll = 5 * time.Second
)

// How long a job runs, and what becomes of one that fails.
const (
	// restampTimeout ends one run of re-stamping; what is left is queued again at once. It is short so that the sweep soon
	// knows the work of a killed process for lost.
	restampTimeout = 20 * time.Second
	// lostAfter is when the sweep no longer counts on a running re-stamp.
	lostAfter = restampTimeout + 5*time.Second
	// upkeepTimeout ends one run of the sweep or of pruning; the next goes on.
	upkeepTimeout = 50 * time.Second
	// removalTimeout ends one run of a removal; what is left is queued again at once.
	removalTimeout = 20 * time.Second
	// rescueAfter is when River takes a running job for lost with its process. Longer than every timeout.
	rescueAfter = upkeepTimeout + 10*time.Second
	// hangsAfter is when a job that still runs is taken for hanging.
	hangsAfter = 2 * rescueAfter
	// maxAttempts of a job before it is left to the sweep.
	maxAttempts = 10
	// firstRetry, maxRetry: pause after a failure, doubled each time.
	firstRetry = 250 * time.Millisecond
	maxRetry   = time.Minute
	// stopTimeout is how long running jobs may take to end when the process stops; then they are cancelled.
	stopTimeout = 10 * time.Second
)

// Clocks. A time further ahead than these is another clock's, or of before the clock was put back.
const (
	// longestPause is twice the longest that a job is ever put off (backOff).
	longestPause = 3 * maxRetry
	// longestLead is well beyond the 15 seconds for which River's clients lead.
	longestLead = time.Minute
	// clocksApart is how far the machines' clocks may differ unnoticed.
	clocksApart = time.Minute
)

// Upkeep.
const (
	// sweepEvery is how often inputs are looked for whose re-stamping was lost.
	sweepEvery = 15 * time.Second
	// countEvery is how often all stamps are compared with their inputs: a second of reading for a million conversations.
	countEvery = 2 * time.Minute
	// maxAlive jobs are looked through for one that does the work already; with more waiting, the sweep adds none.
	maxAlive = 10_000
	// purgeEvery is how often mail is looked for that has been blocked for purgeGrace: until then, unblocking shows it at once;
	// from then on it is fetched anew.
	purgeEvery = time.Hour
	purgeGrace = 30 * 24 * time.Hour
	// pruneEvery is how often what is no longer needed is removed.
	pruneEvery = time.Hour
	// receiptsKept is how long a webhook's id is remembered: a signature passes for ten minutes at most, the rest is for
	// whoever looks into a mishap.
	receiptsKept = 24 * time.Hour
	// pruneBatch rows are removed in one transaction.
	pruneBatch = 10_000
	// Finished jobs are kept for the jobs page.
	completedKept = 24 * time.Hour
	cancelledKept = 24 * time.Hour
	discardedKept = 7 * 24 * time.Hour
	// sameLineEvery is how often River may log the same message: with the database away, it does several times a second.
	sameLineEvery = 30 * time.Second
)
