//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/mailstamp/mailstamp/testenv"
)

// mbsync is the tool that the back-fill is compared with (isync, Debian's package).
type mbsync struct {
	user         testenv.User
	folders      []string
	config, mail string
	cpu          time.Duration // of all runs
}

// newMbsync is an installation without any mail, which pulls the given folders into memory.
func newMbsync(b *bench, u testenv.User, folders ...string) *mbsync {
	b.Helper()
	if _, err := exec.LookPath("mbsync"); err != nil {
		b.Fatal("there is no mbsync to compare with: apt-get install isync")
	}
	dir := ramDir(b)
	m := &mbsync{user: u, folders: folders, config: filepath.Join(dir, "mbsyncrc"), mail: filepath.Join(dir, "mail")}
	if err := os.Mkdir(m.mail, 0o700); err != nil {
		b.Fatal(err)
	}
	return m
}

const mbsyncConfig = `IMAPAccount server
Host %s
Port %d
User %s
Pass %s
SSLType None
AuthMechs LOGIN

IMAPStore far
Account server

MaildirStore near
Path %[5]s/
Inbox %[5]s/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns %s
Sync Pull
Create Near
SyncState *
`

// pull syncs once, from connecting to the end of the process.
func (m *mbsync) pull(b *bench, host string, port int) time.Duration {
	b.Helper()
	config := fmt.Sprintf(mbsyncConfig, host, port, m.user.Username, m.user.Password, m.mail, strings.Join(m.folders, " "))
	if err := os.WriteFile(m.config, []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), "mbsync", "--config", m.config, "--all", "--quiet")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	if err != nil {
		b.Fatalf("mbsync: %v\n%s", err, out.Bytes())
	}
	m.cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return took
}

// count is how many messages it has.
func (m *mbsync) count(b *bench) int {
	b.Helper()
	n := 0
	for _, sub := range []string{"cur", "new"} {
		files, err := filepath.Glob(filepath.Join(m.mail, "*", sub, "*"))
		if err != nil {
			b.Fatal(err)
		}
		n += len(files)
	}
	return n
}

// remove makes room: it may be half a gigabyte of memory.
func (m *mbsync) remove(b *bench) {
	b.Helper()
	if err := os.RemoveAll(m.mail); err != nil {
		b.Fatal(err)
	}
}
