package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// nobodysSecret stands in for that of an unknown account, so that it costs the same to refuse. Nobody signs with it.
var nobodysSecret = func() string {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails
	return base64.StdEncoding.EncodeToString(secret)
}()

// verify checks that body is signed with one of the secrets.
func verify(secrets []string, header http.Header, body []byte) (delivery, error) {
	sent, signed := readHeader(header)
	passed := false
	for _, secret := range secrets {
		hook, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return delivery{}, fmt.Errorf("use the account's webhook secret: %w", err)
		}
		passed = hook.Verify(body, header) == nil || passed
	}
	if !passed || !signed {
		return delivery{}, ErrUnauthorized
	}
	return sent, nil
}

// readHeader reads each of the three headers, which must be there once and in the one form that their sender signs: the
// library takes the first of several, "+1" and "01" for 1, and leaves the id unbounded.
func readHeader(header http.Header) (sent delivery, ok bool) {
	var signatures, timestamp string
	for name, value := range map[string]*string{
		standardwebhooks.HeaderWebhookID:        &sent.id,
		standardwebhooks.HeaderWebhookTimestamp: &timestamp,
		standardwebhooks.HeaderWebhookSignature: &signatures,
	} {
		values := header.Values(name)
		if len(values) != 1 {
			return delivery{}, false
		}
		*value = values[0]
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != timestamp {
		return delivery{}, false
	}
	sent.at = time.Unix(seconds, 0).UTC()
	return sent, len(signatures) <= maxSignatures && len(sent.id) <= maxDeliveryID && printable(sent.id)
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
