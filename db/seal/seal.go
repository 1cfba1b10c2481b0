// Package seal encrypts what must not be read from the database alone: logins, webhook secrets, token keys. It is a
// thin wrapper over a Tink AEAD keyset (AES-256-GCM). Each secret is bound to its place by associated data, so that two
// rows swapped do not open (FAULTS S04); a keyset with several keys opens what any of them sealed and seals with the
// primary, which is how keys are rotated.
package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Sealer seals and opens secrets. It is safe for concurrent use.
type Sealer struct{ primitive tink.AEAD }

// Load reads a keyset: the JSON itself when keysetOrPath starts with "{", else the file of that name. A file that does
// not exist is made, with one fresh key and mode 0600.
func Load(keysetOrPath string) (*Sealer, error) {
	text := []byte(strings.TrimSpace(keysetOrPath))
	if len(text) == 0 {
		return nil, errors.New("no key set: set MAILSTAMP_KEYSET to the path of a key set (it is made when it does not exist) or to its JSON")
	}
	if text[0] != '{' {
		var err error
		if text, err = readOrCreate(string(text)); err != nil {
			return nil, err
		}
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, errors.New("read the key set: it is not a Tink keyset in JSON") // the cause could quote key material
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("use the key set: %w", err)
	}
	return &Sealer{primitive}, nil
}

// NewKeyset returns the JSON of a keyset with one fresh key.
func NewKeyset() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		return nil, fmt.Errorf("write the key set: %w", err)
	}
	return out.Bytes(), nil
}

func readOrCreate(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return nil, fmt.Errorf("read the key set: %w", err)
		}
		return text, nil
	}
	if text, err = NewKeyset(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the key set's folder: %w", err)
	}
	// Written whole under another name and then linked: two programs that start at once end with the same keys.
	temp, err := os.CreateTemp(filepath.Dir(path), ".keyset-*")
	if err != nil {
		return nil, fmt.Errorf("make the key set: %w", err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return nil, fmt.Errorf("write the key set: %w", err)
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("place the key set: %w", err)
	}
	return os.ReadFile(path)
}

// Seal encrypts secret for the place named by context.
func (s *Sealer) Seal(secret, context []byte) ([]byte, error) {
	return s.primitive.Encrypt(secret, context)
}

// Open decrypts what was sealed for the same context.
func (s *Sealer) Open(sealed, context []byte) ([]byte, error) {
	return s.primitive.Decrypt(sealed, context)
}
