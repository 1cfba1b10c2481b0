// Package seal encrypts what must not be read from the database alone: logins, webhook secrets, token keys. It is a
// thin wrapper over a Tink AEAD keyset (AES-256-GCM). Each secret is bound to its place by associated data, so that two
// rows swapped do not open (FAULTS S04); a keyset with several keys opens what any of them sealed and seals with the
// primary, which is how keys are rotated (Rotate). A process that meets a secret of a key it does not know reads its file
// anew, so that a rotation is noticed by nobody.
package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Sealer seals and opens secrets. It is safe for concurrent use.
type Sealer struct {
	path string // of the key set; "" when it was given as JSON
	keys atomic.Pointer[keys]
}

// keys are a key set as it was read.
type keys struct {
	text      string
	primitive tink.AEAD
}

// Load reads a keyset: the JSON itself when keysetOrPath starts with "{", else the file of that name. A file that does
// not exist is made, with one fresh key and mode 0600.
func Load(keysetOrPath string) (*Sealer, error) {
	text, s := []byte(strings.TrimSpace(keysetOrPath)), &Sealer{}
	if len(text) == 0 {
		return nil, errors.New("no key set: set MAILSTAMP_KEYSET to the path of a key set (it is made when it does not exist) or to its JSON")
	}
	if text[0] != '{' {
		s.path = string(text)
		var err error
		if text, err = readOrCreate(s.path); err != nil {
			return nil, err
		}
	}
	k, err := read(text)
	if err != nil {
		return nil, err
	}
	s.keys.Store(k)
	return s, nil
}

func read(text []byte) (*keys, error) {
	handle, err := parse(text)
	if err != nil {
		return nil, err
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("use the key set: %w", err)
	}
	return &keys{string(text), primitive}, nil
}

func parse(text []byte) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, errors.New("read the key set: it is not a Tink keyset in JSON") // the cause could quote key material
	}
	return handle, nil
}

// Rotate adds a fresh key to the key set in a file and makes it the one that seals. What the others sealed still opens. The file
// keeps its owner and mode, so that whoever read it still does; a link to it stays one.
func Rotate(path string) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("find the key set: %w", err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the key set: %w", err)
	}
	handle, err := parse(text)
	if err != nil {
		return err
	}
	manager := keyset.NewManagerFromHandle(handle)
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err == nil {
		err = manager.SetPrimary(id)
	}
	if err == nil {
		handle, err = manager.Handle()
	}
	if err != nil {
		return fmt.Errorf("add a key: %w", err)
	}
	if text, err = write(handle); err != nil {
		return err
	}
	temp, err := writeTemp(path, text)
	if err != nil {
		return err
	}
	if err = keepAccess(path, temp); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("place the key set: %w", err), os.Remove(temp))
	}
	return nil
}

// keepAccess gives a file the owner and the mode of another.
func keepAccess(of, to string) error {
	info, err := os.Stat(of)
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	if err := os.Chown(to, int(owner.Uid), int(owner.Gid)); err != nil {
		return err
	}
	return os.Chmod(to, info.Mode().Perm())
}

// NewKeyset returns the JSON of a keyset with one fresh key.
func NewKeyset() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return write(handle)
}

func write(handle *keyset.Handle) ([]byte, error) {
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
	temp, err := writeTemp(path, text)
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp)
	if err := os.Link(temp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("place the key set: %w", err)
	}
	return os.ReadFile(path)
}

// writeTemp writes a file beside path, readable by its owner alone.
func writeTemp(path string, text []byte) (string, error) {
	temp, err := os.CreateTemp(filepath.Dir(path), ".keyset-*")
	if err != nil {
		return "", fmt.Errorf("make the key set: %w", err)
	}
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("write the key set: %w", err), os.Remove(temp.Name()))
	}
	return temp.Name(), nil
}

// Seal encrypts secret for the place named by context.
func (s *Sealer) Seal(secret, context []byte) ([]byte, error) {
	return s.keys.Load().primitive.Encrypt(secret, context)
}

// Open decrypts what was sealed for the same context.
func (s *Sealer) Open(sealed, context []byte) ([]byte, error) {
	secret, err := s.keys.Load().primitive.Decrypt(sealed, context)
	if err != nil && s.reload() {
		return s.keys.Load().primitive.Decrypt(sealed, context)
	}
	return secret, err
}

// reload reads the file anew and reports whether it holds other keys by now.
func (s *Sealer) reload() bool {
	if s.path == "" {
		return false
	}
	text, err := os.ReadFile(s.path)
	if err != nil || string(text) == s.keys.Load().text {
		return false
	}
	k, err := read(text)
	if err != nil {
		return false
	}
	s.keys.Store(k)
	return true
}
