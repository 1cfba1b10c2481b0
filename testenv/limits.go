package testenv

import "time"

const (
	// keeperIdle is how long the shared PostgreSQL waits for the next test
	// process before it goes; `make test` ends it at once.
	keeperIdle = 60 * time.Second

	// keeperStart bounds finding or starting the shared PostgreSQL: initdb and
	// a start take two seconds on an idle machine, and tests make it busy.
	keeperStart = 3 * time.Minute

	// databaseTime bounds making or dropping one database, and migrating the
	// template on a busy machine.
	databaseTime = 2 * time.Minute

	// pollInterval between two looks at something that has no signal.
	pollInterval = 20 * time.Millisecond
)
