package embedpg

import "time"

const (
	// MinVersion is the oldest major version that the schema is written for.
	MinVersion = 15

	// maxConnections: tests of several packages share one server, each with
	// pools of its own.
	maxConnections = 400

	// startTimeout: a cold start takes a second; recovery after a crash on a
	// slow disk may take a minute.
	startTimeout = 2 * time.Minute

	// stopTimeout: a fast shutdown writes one checkpoint. After it the server
	// is ended without one and recovers at the next start.
	stopTimeout = 30 * time.Second

	// pollInterval between two questions whether the server answers.
	pollInterval = 20 * time.Millisecond

	// portAttempts: another process may take the free port between our asking
	// for one and the server's binding it.
	portAttempts = 5

	// logKeepBytes: a longer log of earlier runs is thrown away at start.
	logKeepBytes = 8 << 20

	// logTailBytes of the server's log go into an error.
	logTailBytes = 2 << 10
)
