package demo

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	// tokenLife is what API.md allows at most.
	tokenLife = time.Hour
	// tokenEvery is how often the token files are written anew: they are never near their end.
	tokenEvery = 20 * time.Minute
	// requestTimeout of one call to the worker, which is on the same machine.
	requestTimeout = 20 * time.Second
	// syncTimeout is how long the first reading of the mailboxes may take before we show what there is.
	syncTimeout = 40 * time.Second
	// syncPoll is how often we look how the mailboxes are meanwhile.
	syncPoll = 100 * time.Millisecond
	// maxAnswerBytes of an answer that is quoted in an error.
	maxAnswerBytes = 1 << 10
)

//go:embed sample/crm.json
var sampleEvents []byte

// crm is the sample CRM: it knows what any CRM knows of Mailstamp, an address and three secrets.
type crm struct {
	base     string // of the public listener
	account  string
	secret   string // of webhooks
	tokenKey []byte
	client   *http.Client
}

// token proves a viewer, or the service when viewer is empty.
func (c *crm) token(viewer string) (string, error) {
	claims := jwt.MapClaims{"iss": c.account, "aud": "mailstamp", "exp": time.Now().Add(tokenLife).Unix()}
	if viewer == "" {
		claims["scope"] = "service"
	} else {
		claims["sub"] = viewer
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(c.tokenKey)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

// writeTokens writes a token for each user to a file that command lines can read.
func (c *crm) writeTokens(dir string) error {
	for _, user := range users {
		token, err := c.token(user)
		if err != nil {
			return err
		}
		if err := writeFile(tokenFile(dir, user), []byte(token)); err != nil {
			return err
		}
	}
	return nil
}

func tokenFile(dir, user string) string { return filepath.Join(dir, user+".token") }

// keepTokens renews them until ctx ends, and then takes them away.
func (c *crm) keepTokens(ctx context.Context, dir string) error {
	defer func() {
		for _, user := range users {
			os.Remove(tokenFile(dir, user)) // they end by themselves anyway
		}
	}()
	tick := time.NewTicker(tokenEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := c.writeTokens(dir); err != nil {
				return err
			}
		}
	}
}

// events are the sample CRM's facts, dated at the first start in the order of the file.
func events(since time.Time) ([]byte, error) {
	var list []struct {
		Type      string          `json:"type"`
		Timestamp time.Time       `json:"timestamp"`
		Data      json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(sampleEvents, &list); err != nil {
		return nil, fmt.Errorf("read the sample CRM: %w", err)
	}
	for i := range list {
		list[i].Timestamp = since.Add(time.Duration(i) * time.Millisecond).UTC()
	}
	return json.Marshal(list)
}

// tell sends the CRM's facts in one signed delivery and counts what became of them. At a later start they are stale.
func (c *crm) tell(ctx context.Context, since time.Time) (map[string]int, error) {
	body, err := events(since)
	if err != nil {
		return nil, err
	}
	signer, err := webhooks.NewWebhook(c.secret)
	if err != nil {
		return nil, fmt.Errorf("read the webhook secret: %w", err)
	}
	now := time.Now()
	id := fmt.Sprintf("demo_%d", now.UnixNano())
	signature, err := signer.Sign(id, now, body)
	if err != nil {
		return nil, fmt.Errorf("sign the delivery: %w", err)
	}
	var answer struct {
		Results []struct{ Status string } `json:"results"`
	}
	err = c.call(ctx, http.MethodPost, "/webhooks/"+c.account, body, &answer, http.Header{
		"Webhook-Id":        {id},
		"Webhook-Timestamp": {fmt.Sprint(now.Unix())},
		"Webhook-Signature": {signature},
	})
	counts := map[string]int{}
	for _, r := range answer.Results {
		counts[r.Status]++
	}
	return counts, err
}

// mailbox is what the CRM learns of a mailbox.
type mailbox struct {
	State   string `json:"state"`
	Problem string `json:"problem"`
	Folders []struct {
		Stored  int64 `json:"stored"`
		Indexed int64 `json:"indexed"`
	} `json:"folders"`
}

// nameMailbox tells where a user's mailbox is.
func (c *crm) nameMailbox(ctx context.Context, user, host string, port int) error {
	body, err := json.Marshal(map[string]any{"user": user, "host": host, "port": port, "tls": "none", "username": user,
		"auth": map[string]string{"password": password}})
	if err != nil {
		return err
	}
	return c.service(ctx, http.MethodPut, "/v1/mailboxes/"+user, body, nil)
}

// awaitSync waits until every mailbox is live.
func (c *crm) awaitSync(ctx context.Context) (boxes []mailbox, err error) {
	ctx, cancel := context.WithTimeout(ctx, syncTimeout)
	defer cancel()
	for _, user := range users {
		var box mailbox
		for {
			box = mailbox{}
			if err := c.service(ctx, http.MethodGet, "/v1/mailboxes/"+user, nil, &box); err != nil {
				return nil, err
			}
			if box.State == "live" {
				break
			}
			select {
			case <-ctx.Done():
				return nil, fmt.Errorf("the mailbox of %s is not read after %s: it is %s; %s", user, syncTimeout, box.State, box.Problem)
			case <-time.After(syncPoll):
			}
		}
		boxes = append(boxes, box)
	}
	return boxes, nil
}

func (c *crm) service(ctx context.Context, method, path string, body []byte, answer any) error {
	token, err := c.token("")
	if err != nil {
		return err
	}
	return c.call(ctx, method, path, body, answer, http.Header{"Authorization": {"Bearer " + token}})
}

func (c *crm) call(ctx context.Context, method, path string, body []byte, answer any, header http.Header) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	header.Set("Content-Type", "application/json")
	req.Header = header
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
		return errors.Join(fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text), err)
	}
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		return fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	return nil
}
