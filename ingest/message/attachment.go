package message

import "errors"

// ErrNoAttachment says that a mail has no attachment of that number.
var ErrNoAttachment = errors.New("no such attachment")
