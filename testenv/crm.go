package testenv

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Credentials are what `mailstamp account add` prints.
type Credentials struct {
	Account       string `json:"account"`
	WebhookSecret string `json:"webhook_secret"`
	TokenKey      string `json:"token_key"`
}

// CRM is one account's CRM as API.md describes it: it tells by signed webhooks
// and reads with signed tokens. It knows nothing else of the program.
type CRM struct {
	Credentials
	URL string // of the public listener, like http://127.0.0.1:8080

	client *http.Client
}

// NewCRM is the CRM of an account behind url.
func NewCRM(tb testing.TB, url string, c Credentials) *CRM {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	tb.Cleanup(transport.CloseIdleConnections)
	return &CRM{Credentials: c, URL: url, client: &http.Client{Transport: transport, Timeout: httpTime}}
}

// Event is one webhook event. A zero At is now.
type Event struct {
	Type string
	At   time.Time
	Data any
}

// MarshalJSON gives the shape of API.md.
func (e Event) MarshalJSON() ([]byte, error) {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	return json.Marshal(map[string]any{"type": e.Type, "timestamp": e.At.UTC().Format(time.RFC3339Nano), "data": e.Data})
}

// Answer is an HTTP answer, read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON reads the body into v.
func (a *Answer) JSON(tb testing.TB, v any) {
	tb.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		tb.Fatalf("testenv: read the answer: %v\n%s", err, a.Body)
	}
}

// Code is the stable code of a problem document, or "".
func (a *Answer) Code() string {
	var problem struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(a.Body, &problem) != nil {
		return ""
	}
	return problem.Code
}

// Tell delivers events as one batch and expects 200. It returns each event's
// status.
func (c *CRM) Tell(tb testing.TB, events ...Event) []string {
	tb.Helper()
	a := c.Deliver(tb, events...)
	if a.Status != http.StatusOK {
		tb.Fatalf("testenv: webhook answered %d: %s", a.Status, a.Body)
	}
	var body struct {
		Results []struct {
			Status string `json:"status"`
		} `json:"results"`
	}
	a.JSON(tb, &body)
	statuses := make([]string, len(body.Results))
	for i, r := range body.Results {
		statuses[i] = r.Status
	}
	return statuses
}

// TryTell is Tell for when the program may be away.
func (c *CRM) TryTell(tb testing.TB, events ...Event) error {
	tb.Helper()
	raw, err := json.Marshal(events)
	if err != nil {
		return err
	}
	id, at := "msg_"+rand.Text(), time.Now()
	header, err := SignWebhook(c.WebhookSecret, id, at, raw)
	if err != nil {
		return err
	}
	a, err := c.do(tb.Context(), http.MethodPost, "/webhooks/"+c.Account, header, raw)
	if err == nil && a.Status != http.StatusOK {
		err = fmt.Errorf("webhook answered %d: %s", a.Status, a.Body)
	}
	return err
}

// Deliver delivers events, one alone or several as a batch, whatever the answer.
func (c *CRM) Deliver(tb testing.TB, events ...Event) *Answer {
	tb.Helper()
	var body any = events
	if len(events) == 1 {
		body = events[0]
	}
	raw, err := json.Marshal(body)
	if err != nil {
		tb.Fatalf("testenv: encode events: %v", err)
	}
	return c.DeliverRaw(tb, "msg_"+rand.Text(), time.Now(), raw)
}

// DeliverRaw signs and posts a body as it is, with an id and time of choice:
// repetitions, replays, nonsense.
func (c *CRM) DeliverRaw(tb testing.TB, id string, at time.Time, body []byte) *Answer {
	tb.Helper()
	header, err := SignWebhook(c.WebhookSecret, id, at, body)
	if err != nil {
		tb.Fatalf("testenv: sign: %v", err)
	}
	header.Set("Content-Type", "application/json")
	a, err := c.do(tb.Context(), http.MethodPost, "/webhooks/"+c.Account, header, body)
	if err != nil {
		tb.Fatalf("testenv: deliver a webhook: %v", err)
	}
	return a
}

// SignWebhook makes the three headers of the Standard Webhooks specification.
func SignWebhook(secret, id string, at time.Time, body []byte) (http.Header, error) {
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	signature, err := wh.Sign(id, at, body)
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	header.Set(standardwebhooks.HeaderWebhookID, id)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, fmt.Sprint(at.Unix()))
	header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return header, nil
}

// Claims of a token; a test that wants a bad one changes them.
func (c *CRM) Claims() jwt.MapClaims {
	return jwt.MapClaims{"iss": c.Account, "aud": "mailstamp", "exp": time.Now().Add(30 * time.Minute).Unix()}
}

// Token signs claims.
func (c *CRM) Token(tb testing.TB, claims jwt.MapClaims) string {
	tb.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(c.TokenKey))
	if err != nil {
		tb.Fatalf("testenv: sign a token: %v", err)
	}
	return token
}

// Caller calls /v1 with one token.
type Caller struct {
	crm   *CRM
	token string
}

// As is a viewer.
func (c *CRM) As(tb testing.TB, user string) *Caller {
	tb.Helper()
	claims := c.Claims()
	claims["sub"] = user
	return &Caller{crm: c, token: c.Token(tb, claims)}
}

// Service is the CRM itself.
func (c *CRM) Service(tb testing.TB) *Caller {
	tb.Helper()
	claims := c.Claims()
	claims["scope"] = "service"
	return &Caller{crm: c, token: c.Token(tb, claims)}
}

// WithToken calls with any token.
func (c *CRM) WithToken(token string) *Caller { return &Caller{crm: c, token: token} }

// Get asks for a path below /v1, like "/cards/lead/l1/feed?limit=5".
func (c *Caller) Get(tb testing.TB, path string) *Answer {
	tb.Helper()
	return c.Do(tb, http.MethodGet, path, nil)
}

// GetJSON is Get, expecting 200, into v.
func (c *Caller) GetJSON(tb testing.TB, path string, v any) {
	tb.Helper()
	a := c.Get(tb, path)
	if a.Status != http.StatusOK {
		tb.Fatalf("testenv: GET %s answered %d: %s", path, a.Status, a.Body)
	}
	a.JSON(tb, v)
}

// Do calls a path below /v1; a body that is not nil goes as JSON.
func (c *Caller) Do(tb testing.TB, method, path string, body any) *Answer {
	tb.Helper()
	header := http.Header{}
	header.Set("Authorization", "Bearer "+c.token)
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			tb.Fatalf("testenv: encode a request: %v", err)
		}
		header.Set("Content-Type", "application/json")
	}
	a, err := c.crm.do(tb.Context(), method, "/v1"+path, header, raw)
	if err != nil {
		tb.Fatalf("testenv: %s %s: %v", method, path, err)
	}
	return a
}

func (c *CRM) do(ctx context.Context, method, path string, header http.Header, body []byte) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	res, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return nil, err
	}
	return &Answer{Status: res.StatusCode, Header: res.Header, Body: raw}, nil
}

// Eventually asks again until check is content, and fails with its last words
// after patience. It is for what happens in the program's own time.
func Eventually(tb testing.TB, patience time.Duration, check func() error) {
	tb.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(pollInterval) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("testenv: not within %s: %v", patience, err)
		}
	}
}
