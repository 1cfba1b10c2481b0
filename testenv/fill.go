//go:build unix

package testenv

import (
	"archive/tar"
	"fmt"
	"io"
	"path"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

// vmail is the user who owns all mail in the container.
const vmail = 5000

// Fill puts many messages into a folder at once, as files of the Maildir,
// where appending them one by one would take minutes. They arrive a minute
// apart, the last one now. Call it before the folder is first opened.
func (m *MailServer) Fill(tb testing.TB, u User, folder string, seen bool, raws ...[]byte) {
	tb.Helper()
	dir := path.Join("/mail", u.Username)
	if folder != "INBOX" {
		dir = path.Join(dir, "."+folder)
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(writeMaildir(w, dir, seen, raws)) }()
	_, err := m.box.engine.api().CopyToContainer(tb.Context(), m.box.id, client.CopyToContainerOptions{
		DestinationPath: "/", Content: r, CopyUIDGID: true,
	})
	r.Close() // ends the writer when the copy ended early
	if err != nil {
		tb.Fatalf("testenv: fill %s: %v", folder, err)
	}
}

func writeMaildir(w io.Writer, dir string, seen bool, raws [][]byte) error {
	t := tar.NewWriter(w)
	now := time.Now().Truncate(time.Second)
	for _, d := range []string{dir, dir + "/cur", dir + "/new", dir + "/tmp"} {
		err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: d[1:] + "/", Mode: 0o700, Uid: vmail, Gid: vmail, ModTime: now})
		if err != nil {
			return err
		}
	}
	flags := ""
	if seen {
		flags = "S"
	}
	for i, raw := range raws {
		at := now.Add(-time.Duration(len(raws)-i) * time.Minute)
		err := t.WriteHeader(&tar.Header{
			Name: fmt.Sprintf("%s/cur/%d.M%dP1.fill,S=%d:2,%s", dir[1:], at.Unix(), i, len(raw), flags),
			Mode: 0o600, Uid: vmail, Gid: vmail, ModTime: at, Size: int64(len(raw)),
		})
		if err == nil {
			_, err = t.Write(raw)
		}
		if err != nil {
			return err
		}
	}
	return t.Close()
}
