package delivery

import "github.com/mailstamp/mailstamp/ingest/message"

// Bounds on what is read of one report. What lies beyond is ignored and noted as
// the problem "truncated". Together they keep the slowest report under 50 ms.
const (
	// maxReportBytes bounds what is read of a mail: what a report says stands
	// before the returned mail, and no system writes half as much.
	maxReportBytes = 1 << 20
	// maxParts bounds the MIME parts visited; real reports have under ten.
	maxParts = 64
	// maxDepth bounds the nesting of multiparts; real reports have under five.
	maxDepth = 12
	// maxEnclosed bounds reports about reports.
	maxEnclosed = 3
	// maxHeaderBytes bounds the header of a report; real ones stay under a tenth.
	maxHeaderBytes = 256 << 10
	// maxFields bounds the fields of one header or group of fields.
	maxFields = 500
	// maxFieldBytes bounds the value of one field.
	maxFieldBytes = 8 << 10
	// maxNoticeBytes bounds the text for people that is searched.
	maxNoticeBytes = 64 << 10
	// maxLines bounds the lines of that text.
	maxLines = 2_000
	// maxHeaderTries bounds the lines tried as the start of a returned mail.
	maxHeaderTries = 20
	// maxRecipients bounds the recipients kept of one report, first ones first.
	maxRecipients = 200
	// maxDiagnosticBytes bounds what one system said about one recipient.
	maxDiagnosticBytes = 2 << 10
	// maxPassageBytes bounds the passage kept as evidence.
	maxPassageBytes = 2 << 10
	// maxExplanationBytes bounds the text common to all recipients that is
	// searched where nothing is said of the single one.
	maxExplanationBytes = 4 << 10
	// maxOriginalTo bounds the addresses kept of the returned mail's To and Cc.
	maxOriginalTo = 200
	// maxIDBytes bounds a message id or envelope id (RFC 5322 lines end at 998).
	maxIDBytes = 998
	// maxAddressBytes bounds an address (RFC 5321, 4.5.3.1.3).
	maxAddressBytes = 254
	// maxJSONBytes bounds a notification in JSON (Amazon's end at 256 KiB).
	maxJSONBytes = 256 << 10
)

var partLimits = message.Limits{Bytes: maxReportBytes, Parts: maxParts, Depth: maxDepth}
