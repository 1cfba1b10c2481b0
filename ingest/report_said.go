package ingest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mailstamp/mailstamp/db/opaque"
)

// said is what a report says in words.
type said struct {
	Reporter string `json:"r,omitempty"`
	Passage  string `json:"p,omitempty"`
}

// sealName is what the words of a report are sealed with: the strongest that it names. Who does not have the message
// cannot open them, not even with all of the account's keys.
func sealName(original, envelope string, addresses []string) string {
	switch {
	case original != "":
		return original
	case envelope != "":
		return envelope
	case len(addresses) > 0:
		return addresses[0]
	}
	return ""
}

func sealer(keys opaque.Keys, name string) (cipher.AEAD, error) {
	block, err := aes.NewCipher(keys.Hash("report said", name))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts what a report says with a key made of name; nothing is kept of one that names nothing.
func seal(keys opaque.Keys, name string, s said) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	clean := func(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "") }
	text, err := json.Marshal(said{clean(s.Reporter), clean(s.Passage)})
	if err != nil {
		return nil, fmt.Errorf("encode a report's words: %w", err)
	}
	aead, err := sealer(keys, name)
	if err != nil {
		return nil, fmt.Errorf("seal a report's words: %w", err)
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce) // never fails
	return aead.Seal(nonce, nonce, text, nil), nil
}

// open is empty for words that were sealed with another name: the report was tied by another than its strongest.
func open(keys opaque.Keys, name string, sealed []byte) (s said) {
	aead, err := sealer(keys, name)
	if err != nil || len(sealed) < aead.NonceSize() {
		return said{}
	}
	text, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], nil)
	if err != nil || json.Unmarshal(text, &s) != nil {
		return said{}
	}
	return s
}
