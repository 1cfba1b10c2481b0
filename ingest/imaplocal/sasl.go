package imaplocal

import (
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-sasl"
)

var _ imapserver.SessionSASL = (*session)(nil)

const xoauth2 = "XOAUTH2"

func (s *session) AuthenticateMechanisms() []string {
	if s.server.opts.Token == nil {
		return []string{sasl.Plain}
	}
	return []string{sasl.Plain, xoauth2, sasl.OAuthBearer}
}

func (s *session) Authenticate(mechanism string) (sasl.Server, error) {
	switch {
	case mechanism == sasl.Plain:
		return sasl.NewPlainServer(func(identity, username, password string) error {
			if identity != "" && identity != username {
				return imapserver.ErrAuthFailed
			}
			return s.Login(username, password)
		}), nil
	case mechanism == sasl.OAuthBearer && s.server.opts.Token != nil:
		return sasl.NewOAuthBearerServer(func(o sasl.OAuthBearerOptions) *sasl.OAuthBearerError {
			if s.loginToken(o.Username, o.Token) != nil {
				return &sasl.OAuthBearerError{Status: "invalid_token", Schemes: "bearer"}
			}
			return nil
		}), nil
	case mechanism == xoauth2 && s.server.opts.Token != nil:
		return &xoauth2Server{login: s.loginToken}, nil
	}
	return nil, &imap.Error{Type: imap.StatusResponseTypeNo, Text: "SASL mechanism not supported"}
}

func (s *session) loginToken(username, token string) error {
	u, err := s.server.user(username)
	if err != nil || !s.server.opts.Token(username, token) {
		return imapserver.ErrAuthFailed
	}
	s.begin(u)
	return nil
}

// xoauth2Server is Google's XOAUTH2: a refusal is a JSON document, answered by
// an empty line, and only then a NO.
type xoauth2Server struct {
	login  func(username, token string) error
	failed error
}

func (x *xoauth2Server) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case x.failed != nil:
		return nil, true, x.failed
	case response == nil:
		return []byte{}, false, nil
	}
	var username, token string
	for field := range strings.SplitSeq(string(response), "\x01") {
		if v, ok := strings.CutPrefix(field, "user="); ok {
			username = v
		}
		if v, ok := strings.CutPrefix(field, "auth=Bearer "); ok {
			token = v
		}
	}
	if x.failed = x.login(username, token); x.failed != nil {
		return []byte(`{"status":"401","schemes":"bearer","scope":"mail"}`), false, nil
	}
	return nil, true, nil
}
