package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/mailstamp/mailstamp/ingest/imapconn/safedial"
)

// Dialer reaches what may be reached (package safedial): DialPrivate, for traffic that is not encrypted, private hosts of the
// allow list only.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	DialPrivate(ctx context.Context, network, address string) (net.Conn, error)
}

// poster makes attempts.
type poster struct {
	client     *http.Client
	transports schemes
}

// schemes dials differently for http and https.
type schemes map[string]*http.Transport

func (s schemes) RoundTrip(r *http.Request) (*http.Response, error) {
	t := s[r.URL.Scheme]
	if t == nil {
		return nil, safedial.ErrForbidden
	}
	return t.RoundTrip(r)
}

func newPoster(d Dialer) *poster {
	transport := func(dial func(context.Context, string, string) (net.Conn, error)) *http.Transport {
		return &http.Transport{ // no proxy: it would dial for us
			DialContext: dial, TLSHandshakeTimeout: postTimeout, MaxResponseHeaderBytes: maxAnswerHeader,
			MaxConnsPerHost: maxTurns * lanes, MaxIdleConnsPerHost: lanes, MaxIdleConns: maxTurns * lanes, IdleConnTimeout: time.Minute,
		}
	}
	t := schemes{"https": transport(d.DialContext), "http": transport(d.DialPrivate)}
	return &poster{transports: t, client: &http.Client{Transport: t, Timeout: postTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (p *poster) close() {
	for _, t := range p.transports {
		t.CloseIdleConnections()
	}
}

// destination is where an account's events go.
type destination struct {
	url     string
	secrets []string // each signs
}

// result is what became of one attempt: a status, or the class of error when there was no answer.
type result struct {
	event      event
	at         time.Time
	took       time.Duration
	status     int
	class      string
	retryAfter time.Duration
}

func (r result) delivered() bool { return r.status >= 200 && r.status < 300 }

// away says that another event would hardly fare better now.
func (r result) away() bool {
	return r.status == 0 || r.status >= 500 || r.status == http.StatusTooManyRequests
}

// name is the result in few words, for metrics and logs.
func (r result) name() string {
	if r.status == 0 {
		return r.class
	}
	return strconv.Itoa(r.status/100) + "xx"
}

// post makes one attempt.
func (p *poster) post(ctx context.Context, to destination, e event, now func() time.Time) result {
	r := result{event: e, at: now()}
	began := time.Now()
	status, retryAfter, err := p.send(ctx, to, e)
	r.took, r.status, r.retryAfter = time.Since(began), status, retryAfter
	if err != nil {
		r.status, r.class = 0, classOf(err)
	}
	return r
}

func (p *poster) send(ctx context.Context, to destination, e event) (status int, retryAfter time.Duration, err error) {
	at := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, bytes.NewReader(e.body))
	if err != nil {
		return 0, 0, err
	}
	var signatures []string
	for _, secret := range to.secrets {
		hook, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return 0, 0, fmt.Errorf("use the account's webhook secret: %w", err)
		}
		signature, err := hook.Sign(e.webhookID, at, e.body)
		if err != nil {
			return 0, 0, fmt.Errorf("sign: %w", err)
		}
		signatures = append(signatures, signature)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Mailstamp")
	req.Header.Set(standardwebhooks.HeaderWebhookID, e.webhookID)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	res, err := p.client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer) // only the status counts
	if seconds, err := strconv.ParseUint(res.Header.Get("Retry-After"), 10, 31); err == nil {
		retryAfter = time.Duration(seconds) * time.Second
	}
	return res.StatusCode, retryAfter, nil
}

// classOf tells errors apart for the operator, without a word of what the other side said.
func classOf(err error) string {
	var (
		dns     *net.DNSError
		op      *net.OpError
		timeout net.Error
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		unknown x509.UnknownAuthorityError
	)
	switch {
	case errors.Is(err, safedial.ErrForbidden):
		return "forbidden"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &dns):
		return "dns"
	case errors.As(err, &cert), errors.As(err, &record), errors.As(err, &alert), errors.As(err, &unknown):
		return "tls"
	case errors.As(err, &op) && op.Op == "dial":
		return "unreachable"
	}
	return "broken"
}

// CheckURL refuses what is no URL of a CRM. Whether its host may be reached shows when it is dialled.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxURL || u.Host == "" || u.Hostname() == "":
		return errors.New("the URL for events is no URL like https://crm.example/events")
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("the URL for events must be https, or http to a private host")
	case u.User != nil || u.Fragment != "":
		return errors.New("the URL for events must have no user and no fragment; deliveries are signed")
	}
	return nil
}
