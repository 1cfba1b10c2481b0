package config

import (
	"fmt"
	"strings"

	"github.com/mailstamp/mailstamp/visibility"
	"github.com/mailstamp/mailstamp/visibility/rules"
)

// Card names a card on the command line, as the read API does.
type Card visibility.CardRef

// UnmarshalText reads KIND:ID.
func (c *Card) UnmarshalText(text []byte) error {
	kind, id, found := strings.Cut(string(text), ":")
	if !found || !rules.Kind(kind).Valid() || id == "" {
		return fmt.Errorf("%q is not lead:ID, contact:ID or deal:ID", text)
	}
	*c = Card{Kind: rules.Kind(kind), ID: id}
	return nil
}
