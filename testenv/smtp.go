package testenv

import (
	"fmt"
	"net/smtp"
	"strings"
	"testing"
)

// Envelope is what SMTP says about a message, delivery reports included
// (RFC 3461).
type Envelope struct {
	From   string // empty is the null sender of reports
	To     []string
	EnvID  string // envelope id, comes back in reports
	Return string // FULL or HDRS
	Notify string // SUCCESS, FAILURE, DELAY, combined by commas, or NEVER
}

// Send delivers raw by SMTP, as a server on the way would.
func (m *MailServer) Send(tb testing.TB, from string, to []string, raw []byte) {
	tb.Helper()
	m.Submit(tb, Envelope{From: from, To: to}, raw)
}

// Submit is Send with the whole envelope.
func (m *MailServer) Submit(tb testing.TB, env Envelope, raw []byte) {
	tb.Helper()
	if err := submit(m.SMTPAddr, env, raw); err != nil {
		tb.Fatalf("testenv: send by SMTP: %v", err)
	}
}

func submit(addr string, env Envelope, raw []byte) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Hello("client.example.test"); err != nil {
		return err
	}
	command := func(want int, line string) error {
		id, err := c.Text.Cmd("%s", line)
		if err != nil {
			return err
		}
		c.Text.StartResponse(id)
		defer c.Text.EndResponse(id)
		if _, _, err := c.Text.ReadResponse(want); err != nil {
			return fmt.Errorf("%s: %w", strings.SplitN(line, ":", 2)[0], err)
		}
		return nil
	}
	mail := "MAIL FROM:<" + env.From + "> BODY=8BITMIME"
	for name, value := range map[string]string{"ENVID": env.EnvID, "RET": env.Return} {
		if value != "" {
			mail += " " + name + "=" + value
		}
	}
	if err := command(250, mail); err != nil {
		return err
	}
	for _, to := range env.To {
		rcpt := "RCPT TO:<" + to + ">"
		if env.Notify != "" {
			rcpt += " NOTIFY=" + env.Notify
		}
		if err := command(25, rcpt); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(raw); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}
