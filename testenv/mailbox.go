//go:build unix

package testenv

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/testcontainers/testcontainers-go"
)

// IMAPServer is a container with an IMAP server, and what a test's user does on
// it by another client than ours.
type IMAPServer struct {
	Host      string // the address on which the ports below answer
	IMAPPort  int    // plaintext and STARTTLS
	IMAPSPort int    // TLS
	CACert    []byte // PEM of the authority that signed the certificate for Host

	box *box
}

// User is one mailbox, with the folders INBOX, Sent, Archive, Drafts, Junk and
// Trash.
type User struct {
	Address, Username, Password string
}

// startIMAP starts the named image, which has its IMAP server on ports 143 and
// 993 and takes its certificate from /etc/mailstamp.
func startIMAP(ctx context.Context, e *engine, image string, more ...string) (*IMAPServer, error) {
	const host = "127.0.0.1"
	c, err := newCertificate("mail.example.test", "localhost", host)
	if err != nil {
		return nil, err
	}
	b, err := e.start(ctx, boxSpec{
		image: image,
		data:  "/mail",
		run:   "/run/dovecot", // the other servers have none
		ports: append([]string{"143/tcp", "993/tcp"}, more...),
		files: []testcontainers.ContainerFile{
			{Reader: bytes.NewReader(c.cert), ContainerFilePath: "/etc/mailstamp/cert.pem", FileMode: 0o644},
			{Reader: bytes.NewReader(c.key), ContainerFilePath: "/etc/mailstamp/key.pem", FileMode: 0o600},
		},
		ready: func(b *box) func(context.Context) error {
			return func(ctx context.Context) error {
				err := greets(ctx, host, b.ports["143/tcp"], "* OK")
				if smtp := b.ports["25/tcp"]; smtp != 0 && err == nil {
					err = greets(ctx, host, smtp, "220 ")
				}
				return err
			}
		},
	})
	if err != nil {
		return nil, err
	}
	return &IMAPServer{Host: host, IMAPPort: b.ports["143/tcp"], IMAPSPort: b.ports["993/tcp"], CACert: c.ca, box: b}, nil
}

// Log is the end of what the servers in the container logged, for a failing
// test.
func (m *IMAPServer) Log() string { return m.box.log() }

// Entry is one message as the server itself knows it.
type Entry struct {
	Folder      string
	UIDValidity uint32
	UID         uint32
	SHA256      [32]byte // of the whole message as IMAP sends it
}

// login connects as the user; the connection ends with what the test does now.
func (m *IMAPServer) login(tb testing.TB, u User) (c *imapclient.Client, logout func()) {
	tb.Helper()
	c, err := imapclient.DialInsecure(m.Host+":"+strconv.Itoa(m.IMAPPort), nil)
	if err != nil {
		tb.Fatalf("testenv: connect by IMAP: %v", err)
	}
	if err := c.Login(u.Username, u.Password).Wait(); err != nil {
		c.Close()
		tb.Fatalf("testenv: log in by IMAP: %v", err)
	}
	return c, func() {
		if err := c.Logout().Wait(); err != nil {
			tb.Errorf("testenv: log out by IMAP: %v", err)
		}
		c.Close() // reports that the server closed first
	}
}

// selected runs use in a folder.
func (m *IMAPServer) selected(tb testing.TB, u User, folder string, use func(c *imapclient.Client) error) {
	tb.Helper()
	c, logout := m.login(tb, u)
	defer logout()
	if _, err := c.Select(folder, nil).Wait(); err != nil {
		tb.Fatalf("testenv: select %s: %v", folder, err)
	}
	if err := use(c); err != nil {
		tb.Fatalf("testenv: change %s: %v", folder, err)
	}
}

// Append stores raw, byte by byte, in a folder by IMAP and returns its UID.
func (m *IMAPServer) Append(tb testing.TB, u User, folder string, flags []string, at time.Time, raw []byte) uint32 {
	tb.Helper()
	return m.AppendAll(tb, u, folder, flags, at, raw)[0]
}

// AppendAll stores several messages on one connection.
func (m *IMAPServer) AppendAll(tb testing.TB, u User, folder string, flags []string, at time.Time, raws ...[]byte) []uint32 {
	tb.Helper()
	c, logout := m.login(tb, u)
	defer logout()
	options := &imap.AppendOptions{Time: at}
	for _, f := range flags {
		options.Flags = append(options.Flags, imap.Flag(f))
	}
	uids := make([]uint32, len(raws))
	for i, raw := range raws {
		cmd := c.Append(folder, int64(len(raw)), options)
		_, err := cmd.Write(raw)
		if err == nil {
			err = cmd.Close()
		}
		if err != nil {
			tb.Fatalf("testenv: append to %s: %v", folder, err)
		}
		data, err := cmd.Wait()
		if err != nil {
			tb.Fatalf("testenv: append to %s: %v", folder, err)
		}
		uids[i] = uint32(data.UID)
	}
	return uids
}

// List is the server's own truth about all of a user's folders, in order of
// folder and UID.
func (m *IMAPServer) List(tb testing.TB, u User) []Entry {
	tb.Helper()
	c, logout := m.login(tb, u)
	defer logout()
	folders, err := c.List("", "*", nil).Collect()
	if err != nil {
		tb.Fatalf("testenv: list folders: %v", err)
	}
	var all []Entry
	for _, f := range folders {
		if slices.Contains(f.Attrs, imap.MailboxAttrNoSelect) || slices.Contains(f.Attrs, imap.MailboxAttrNonExistent) {
			continue
		}
		entries, err := listFolder(c, f.Mailbox)
		if err != nil {
			tb.Fatalf("testenv: list %s: %v", f.Mailbox, err)
		}
		all = append(all, entries...)
	}
	slices.SortFunc(all, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Folder, b.Folder), cmp.Compare(a.UID, b.UID))
	})
	return all
}

func listFolder(c *imapclient.Client, folder string) ([]Entry, error) {
	box, err := c.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil || box.NumMessages == 0 {
		return nil, err
	}
	whole := &imap.FetchItemBodySection{Peek: true}
	cmd := c.Fetch(imap.UIDSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{whole}})
	defer cmd.Close()
	var entries []Entry
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		e := Entry{Folder: folder, UIDValidity: box.UIDValidity}
		for item := msg.Next(); item != nil; item = msg.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				e.UID = uint32(item.UID)
			case imapclient.FetchItemDataBodySection:
				h := sha256.New()
				n, err := io.Copy(h, item.Literal)
				if err != nil {
					return nil, err
				}
				if n != item.Literal.Size() {
					return nil, fmt.Errorf("a message was cut at %d of %d bytes", n, item.Literal.Size())
				}
				h.Sum(e.SHA256[:0])
			}
		}
		entries = append(entries, e)
	}
	return entries, cmd.Close()
}

// Await waits until a folder holds at least n messages and returns them; mail
// by SMTP takes a moment.
func (m *IMAPServer) Await(tb testing.TB, u User, folder string, n int) []Entry {
	tb.Helper()
	c, logout := m.login(tb, u)
	defer logout()
	for deadline := time.Now().Add(deliveryTime); ; time.Sleep(pollInterval) {
		status, err := c.Status(folder, &imap.StatusOptions{NumMessages: true}).Wait()
		if err != nil {
			tb.Fatalf("testenv: ask for the status of %s: %v", folder, err)
		}
		if status.NumMessages != nil && int(*status.NumMessages) >= n {
			entries, err := listFolder(c, folder)
			if err != nil {
				tb.Fatalf("testenv: list %s: %v", folder, err)
			}
			return entries
		}
		if time.Now().After(deadline) {
			tb.Fatalf("testenv: %s of %s has not got %d messages within %s:\n%s", folder, u.Address, n, deliveryTime, m.Log())
		}
	}
}

// Raw is a message's bytes.
func (m *IMAPServer) Raw(tb testing.TB, u User, folder string, uid uint32) []byte {
	tb.Helper()
	var raw []byte
	m.selected(tb, u, folder, func(c *imapclient.Client) error {
		whole := &imap.FetchItemBodySection{Peek: true}
		msgs, err := c.Fetch(uidSet([]uint32{uid}), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{whole}}).Collect()
		if err == nil && len(msgs) != 1 {
			err = fmt.Errorf("there is no UID %d", uid)
		}
		if err == nil {
			raw = msgs[0].FindBodySection(whole)
		}
		return err
	})
	return raw
}

// SetFlags replaces the flags of messages.
func (m *IMAPServer) SetFlags(tb testing.TB, u User, folder string, flags []string, uids ...uint32) {
	tb.Helper()
	m.selected(tb, u, folder, func(c *imapclient.Client) error {
		store := &imap.StoreFlags{Op: imap.StoreFlagsSet, Silent: true}
		for _, f := range flags {
			store.Flags = append(store.Flags, imap.Flag(f))
		}
		return c.Store(uidSet(uids), store, nil).Close()
	})
}

// Delete expunges messages.
func (m *IMAPServer) Delete(tb testing.TB, u User, folder string, uids ...uint32) {
	tb.Helper()
	m.selected(tb, u, folder, func(c *imapclient.Client) error {
		deleted := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
		if err := c.Store(uidSet(uids), deleted, nil).Close(); err != nil {
			return err
		}
		return c.UIDExpunge(uidSet(uids)).Close()
	})
}

// Move moves messages to another folder, where they get new UIDs.
func (m *IMAPServer) Move(tb testing.TB, u User, folder, to string, uids ...uint32) {
	tb.Helper()
	m.selected(tb, u, folder, func(c *imapclient.Client) error {
		_, err := c.Move(uidSet(uids), to).Wait()
		return err
	})
}

// CreateFolder makes a folder.
func (m *IMAPServer) CreateFolder(tb testing.TB, u User, folder string) {
	tb.Helper()
	c, logout := m.login(tb, u)
	defer logout()
	if err := c.Create(folder, nil).Wait(); err != nil {
		tb.Fatalf("testenv: create %s: %v", folder, err)
	}
}

// DeleteFolder removes a folder with its mail.
func (m *IMAPServer) DeleteFolder(tb testing.TB, u User, folder string) {
	tb.Helper()
	c, logout := m.login(tb, u)
	defer logout()
	if err := c.Delete(folder).Wait(); err != nil {
		tb.Fatalf("testenv: delete %s: %v", folder, err)
	}
}

// RenameFolder renames a folder.
func (m *IMAPServer) RenameFolder(tb testing.TB, u User, folder, to string) {
	tb.Helper()
	c, logout := m.login(tb, u)
	defer logout()
	if err := c.Rename(folder, to, nil).Wait(); err != nil {
		tb.Fatalf("testenv: rename %s: %v", folder, err)
	}
}

func uidSet(uids []uint32) imap.UIDSet {
	var set imap.UIDSet
	for _, uid := range uids {
		set.AddNum(imap.UID(uid))
	}
	return set
}
