// Package opaque makes what an account shows of itself outside: public ids, cursors, and the keyed hashes by which it
// remembers addresses without keeping them. All derive from the account's data key, so nothing of one account means
// anything in another; and none tells an order or a number, from which a viewer could count what is hidden.
package opaque

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
)

const (
	// RootKeyBytes is the length of an account's data key.
	RootKeyBytes = 32
	// HashBytes is the length of a keyed hash: too long to meet by chance, short enough to index by the million.
	HashBytes = 16
)

// ErrInvalid: not made by these keys for this purpose.
var ErrInvalid = errors.New("not a valid id or cursor")

// Keys are the keys derived from one account's data key.
type Keys struct {
	hash    []byte
	ids     cipher.Block
	cursors cipher.AEAD
}

// NewKeys derives the keys of an account from its data key.
func NewKeys(root []byte) Keys {
	ids, err := aes.NewCipher(derive(root, "ids"))
	if err != nil {
		panic(err) // the key's length is fixed
	}
	block, err := aes.NewCipher(derive(root, "cursors"))
	if err != nil {
		panic(err)
	}
	cursors, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return Keys{hash: derive(root, "hashes"), ids: ids, cursors: cursors}
}

func derive(root []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, root, nil, "mailstamp "+purpose, 32)
	if err != nil {
		panic(err) // only for lengths that SHA-256 cannot give
	}
	return key
}

// Hash is the keyed hash of text for a purpose, e.g. "thread". It is HashBytes long.
func (k Keys) Hash(purpose, text string) []byte {
	mac := hmac.New(sha256.New, k.hash)
	mac.Write([]byte(purpose))
	mac.Write([]byte{0})
	mac.Write([]byte(text))
	return mac.Sum(nil)[:HashBytes]
}

// AddressHash is the keyed hash of a canonical address.
func (k Keys) AddressHash(canonical string) []byte { return k.Hash("address", canonical) }

// kindBytes of an id name its kind; the rest of the block is the number.
const kindBytes = 8

// ID is the public form of a row's number: one AES block of kind (at most 8 bytes) and number.
func (k Keys) ID(kind string, id int64) string {
	var block [aes.BlockSize]byte
	copy(block[:kindBytes], kind)
	binary.BigEndian.PutUint64(block[kindBytes:], uint64(id))
	k.ids.Encrypt(block[:], block[:])
	return base64.RawURLEncoding.EncodeToString(block[:])
}

// ParseID reads an id made by ID for the same kind.
func (k Keys) ParseID(kind, text string) (int64, error) {
	block, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(block) != aes.BlockSize {
		return 0, ErrInvalid
	}
	k.ids.Decrypt(block, block)
	var want [kindBytes]byte
	copy(want[:], kind)
	if [kindBytes]byte(block[:kindBytes]) != want {
		return 0, ErrInvalid
	}
	return int64(binary.BigEndian.Uint64(block[kindBytes:])), nil
}

// SealCursor hides a position; it opens only for the same purpose, e.g. viewer and card.
func (k Keys) SealCursor(purpose string, position []byte) string {
	nonce := make([]byte, k.cursors.NonceSize())
	rand.Read(nonce) // never fails
	return base64.RawURLEncoding.EncodeToString(k.cursors.Seal(nonce, nonce, position, []byte(purpose)))
}

// OpenCursor returns the position that SealCursor hid.
func (k Keys) OpenCursor(purpose, cursor string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < k.cursors.NonceSize() {
		return nil, ErrInvalid
	}
	n := k.cursors.NonceSize()
	position, err := k.cursors.Open(nil, raw[:n], raw[n:], []byte(purpose))
	if err != nil {
		return nil, ErrInvalid
	}
	return position, nil
}
