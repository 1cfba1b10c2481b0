package imapconn

import (
	"context"
	"errors"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"
)

// fetchToken asks the caller for its OAuth token, before anything is dialled.
func (a Auth) fetchToken(ctx context.Context) (string, error) {
	if a.token == nil {
		return "", nil
	}
	token, err := a.token(ctx)
	if err != nil {
		return "", &Error{Op: "get token", Kind: KindToken, err: err}
	}
	if strings.ContainsAny(token, "\x00\x01\r\n") || token == "" {
		return "", &Error{Op: "get token", Kind: KindToken, Detail: "unusable"}
	}
	return token, nil
}

func (c *Conn) authenticate(cfg Config, token string) error {
	if strings.ContainsAny(cfg.Username+cfg.Auth.password, "\x00\r\n") || strings.Contains(cfg.Username, "\x01") {
		return &Error{Op: "log in", Kind: KindConfig, Detail: "user name or password has control characters"}
	}
	if cfg.Auth.token != nil {
		mech := cfg.Auth.mechanism
		if !c.Has("AUTH=" + mech) {
			return &Error{Op: "log in", Kind: KindAuthUnknown, Detail: mech}
		}
		client := &bearer{mechanism: mech, username: cfg.Username, token: token, host: cfg.Host, port: cfg.Port}
		return c.loginError(c.client.Authenticate(client))
	}
	if c.Has("AUTH=PLAIN") {
		err := c.client.Authenticate(sasl.NewPlainClient("", cfg.Username, cfg.Auth.password))
		// BAD is about the command and not about the password, which LOGIN
		// may then present; after a NO it must not be presented again.
		if answer, ok := errors.AsType[*imap.Error](err); !ok || answer.Type != imap.StatusResponseTypeBad || c.Has("LOGINDISABLED") {
			return c.loginError(err)
		}
	}
	if c.Has("LOGINDISABLED") {
		return &Error{Op: "log in", Kind: KindAuthUnknown, Detail: "login disabled"}
	}
	return c.loginError(c.client.Login(cfg.Username, cfg.Auth.password).Wait())
}

// loginError tells a refused secret from a server that is busy or broken.
func (c *Conn) loginError(err error) error {
	if err == nil || errors.Is(err, errRejected) {
		if err != nil {
			return &Error{Op: "log in", Kind: KindAuth, Code: "AUTHENTICATIONFAILED"}
		}
		return nil
	}
	answer, ok := errors.AsType[*imap.Error](err)
	if !ok {
		return err
	}
	e := refusal("log in", answer)
	if e.Kind == KindRefused && answer.Type == imap.StatusResponseTypeNo {
		switch e.Code {
		case "SERVERBUG", "CONTACTADMIN", "PRIVACYREQUIRED":
			// Not about the secret: asking again later may help.
		default:
			e.Kind = KindAuth
		}
	}
	return e
}

// errRejected ends a bearer exchange after the server's error message.
var errRejected = errors.New("token rejected")

// bearer speaks XOAUTH2 and OAUTHBEARER (RFC 7628).
type bearer struct {
	mechanism, username, token, host string
	port                             int
}

func (b *bearer) Start() (mech string, ir []byte, err error) {
	if b.mechanism == OAuthBearer {
		return sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{
			Username: b.username, Token: b.token, Host: b.host, Port: b.port,
		}).Start()
	}
	return XOAuth2, []byte("user=" + b.username + "\x01auth=Bearer " + b.token + "\x01\x01"), nil
}

// Next is called with the server's reason for refusing (a JSON document). The
// protocol wants an empty answer and then the server's NO; the reason is
// enough, and the connection is closed anyway.
func (b *bearer) Next([]byte) ([]byte, error) { return nil, errRejected }
