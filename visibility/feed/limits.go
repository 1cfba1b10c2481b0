package feed

const (
	// DefaultLimit of items on a page.
	DefaultLimit = 50
	// MaxLimit of items on a page (API.md). More is refused, not cut: a caller who believes that it has everything is wrong.
	MaxLimit = 200
	// maxCursorBytes of a cursor, which is well under 200: what is longer is not worth decoding.
	maxCursorBytes = 512
	// maxCRMIDLength of a user's or card's id, in characters (API.md): what is longer names nothing.
	maxCRMIDLength = 128
	// collisionRows are read beyond a page from each conversation, for mails of one author that share an instant and the
	// first 64 bits of their digest. A pair of them can be made on purpose, seventeen cannot.
	collisionRows = 16
	// walkGroups is how many messages the list of threads reads at a time to find the next threads.
	walkGroups = 200
	// maxMergeSteps bounds the way from an old thread to the one it was joined with.
	maxMergeSteps = 1000
	// maxCards of the list of cards, which is for a person to choose from.
	maxCards = 500
	// maxUsers of the list of users, likewise.
	maxUsers = 500
	// maxBlockEntries of the block lists that one page shows.
	maxBlockEntries = 1_000
)
