package api

import "time"

const (
	// maxBody bytes of a request to /v1; the largest is a mailbox with an OAuth grant. Deliveries have webhook.MaxBody.
	maxBody = 64 << 10
	// maxToken bytes of a bearer token: a CRM's claims and a signature are well under 1 KiB.
	maxToken = 8 << 10
	// maxTokenLife is how far away a token may expire (API.md).
	maxTokenLife = time.Hour
	// tokenLeeway is granted to clocks that disagree, but not to what has expired.
	tokenLeeway = 30 * time.Second
	// maxPublicID characters of an id (API.md).
	maxPublicID = 128
	// streamPause is how long a client may take over 32 KiB of an attachment or a draft.
	streamPause = 30 * time.Second
	// maxOriginalHeader bytes of a mail's header that is read to forward it; ingest stores no mail with more.
	maxOriginalHeader = 1 << 20
	// retryAfter seconds are asked for while the database is away: a restart takes a few.
	retryAfter = "5"
)
