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

	// enginePing: an engine that is there answers in milliseconds.
	enginePing = 5 * time.Second

	// registryTime: a registry that is there begins to answer within it.
	registryTime = 15 * time.Second

	// imageTime bounds making an image, the base included: debootstrap takes a
	// minute, installing servers another, on a busy machine several.
	imageTime = 10 * time.Minute

	// readyTime: a container's server answers within a second when idle.
	readyTime = time.Minute

	// commandTime bounds one command in a container or to the engine.
	commandTime = time.Minute

	// greetingTime: a mail server greets at once, or is not there yet.
	greetingTime = 5 * time.Second

	// deliveryTime: a mail takes 0.1 s from SMTP to the mailbox; a report of
	// delay some seconds.
	deliveryTime = 30 * time.Second

	// buildTime bounds building the program with an empty build cache.
	buildTime = 10 * time.Minute

	// httpTime bounds one call of the CRM.
	httpTime = 30 * time.Second

	// answerLimit bytes of an HTTP answer are read.
	answerLimit = 64 << 20

	// outputTail bytes of a long output go into an error.
	outputTail = 4 << 10

	// pollInterval between two looks at something that has no signal.
	pollInterval = 20 * time.Millisecond
)
