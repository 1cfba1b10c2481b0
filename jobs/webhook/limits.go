package webhook

const (
	// MaxBody bytes of a delivery; the listener refuses more.
	MaxBody = 5 << 20
	// MaxEvents of a delivery (API.md).
	MaxEvents = 1000
	// maxDeliveryID bytes of the header webhook-id, which is kept for a day.
	maxDeliveryID = 256
	// maxIDLength of the CRM's ids, in characters (API.md).
	maxIDLength = 128
	// maxSignatures bytes of the header webhook-signature: some twenty signatures.
	maxSignatures = 2048
	// maxQuote bytes of foreign text quoted in an error.
	maxQuote = 40
)
