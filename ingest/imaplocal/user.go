package imaplocal

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// user is the library's user with a record of what it holds, for Messages and
// for the directory. The library serves clients; the record follows it after
// each change.
type user struct {
	*imapmemserver.User
	dir string // "" keeps nothing

	mu      sync.Mutex
	made    uint32 // UIDVALIDITY of the newest folder
	folders []*folder
	news    chan struct{} // closed with the next change of a message; nil: nobody waits
}

type folder struct {
	Name        string
	UIDValidity uint32
	UIDNext     uint32
	Use         imap.MailboxAttr `json:",omitempty"`
	Messages    []*message
}

type message struct {
	UID   uint32
	Date  time.Time
	Flags []string `json:",omitempty"`

	sum [sha256.Size]byte
	raw []byte // nil when it is in the directory
}

type state struct {
	Made    uint32
	Folders []*folder
}

// load makes the folders that were kept, or the standard ones.
func (u *user) load() error {
	if u.dir != "" {
		if err := os.MkdirAll(u.dir, 0o700); err != nil {
			return err
		}
		data, err := os.ReadFile(filepath.Join(u.dir, "state.json"))
		if err == nil {
			return u.restore(data)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, f := range standardFolders {
		if err := u.create(f.name); err != nil {
			return err
		}
		u.folders[len(u.folders)-1].Use = f.use
	}
	return u.save()
}

// restore brings the library to a kept state. It counts UIDVALIDITY and UIDs
// by itself, so it is led there: by folders that are made and deleted again,
// and messages that are appended and expunged again.
func (u *user) restore(data []byte) error {
	var st state
	if err := json.Unmarshal(data, &st); err != nil {
		return fmt.Errorf("read state.json: %w", err)
	}
	slices.SortFunc(st.Folders, func(a, b *folder) int { return int(a.UIDValidity) - int(b.UIDValidity) })
	made := uint32(0)
	for _, f := range append(st.Folders, &folder{Name: "", UIDValidity: st.Made + 1}) {
		for ; made+1 < f.UIDValidity; made++ {
			if err := errors.Join(u.User.Create("x", nil), u.User.Delete("x")); err != nil {
				return err
			}
		}
		if f.Name == "" {
			break
		}
		if err := u.User.Create(f.Name, nil); err != nil {
			return err
		}
		made++
		if err := u.restoreMessages(f); err != nil {
			return err
		}
	}
	u.made, u.folders = st.Made, st.Folders
	return nil
}

func (u *user) restoreMessages(f *folder) error {
	var gaps []uint32
	next := uint32(1)
	fillTo := func(uid uint32) error {
		for ; next < uid; next++ {
			gaps = append(gaps, next)
			if _, err := u.User.Append(f.Name, literal{bytes.NewReader(nil), 0}, &imap.AppendOptions{}); err != nil {
				return err
			}
		}
		return nil
	}
	for _, m := range f.Messages {
		if err := fillTo(m.UID); err != nil {
			return err
		}
		raw, err := os.ReadFile(u.path(f, m))
		if err != nil {
			return err
		}
		m.sum = sha256.Sum256(raw)
		if _, err := u.User.Append(f.Name, literal{bytes.NewReader(raw), int64(len(raw))}, &imap.AppendOptions{Flags: imapFlags(m.Flags), Time: m.Date}); err != nil {
			return err
		}
		next++
	}
	if err := fillTo(f.UIDNext); err != nil {
		return err
	}
	if len(gaps) == 0 {
		return nil
	}
	return u.onFolder(f.Name, func(sess *imapmemserver.UserSession) error { return expunge(sess, gaps) })
}

// literal is what the library wants an appended message to be.
type literal struct {
	*bytes.Reader
	size int64
}

func (l literal) Size() int64 { return l.size }

// onFolder runs f in a session that has the folder open.
func (u *user) onFolder(name string, f func(*imapmemserver.UserSession) error) error {
	sess := imapmemserver.NewUserSession(u.User)
	if _, err := sess.Select(name, &imap.SelectOptions{}); err != nil {
		return err
	}
	return errors.Join(f(sess), sess.Close())
}

func (u *user) folder(name string) *folder {
	for _, f := range u.folders {
		if f.Name == name {
			return f
		}
	}
	return nil
}

func (u *user) create(name string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.User.Create(name, nil); err != nil {
		return err
	}
	u.made++
	u.folders = append(u.folders, &folder{Name: name, UIDValidity: u.made, UIDNext: 1})
	return u.saveLocked()
}

func (u *user) remove(name string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.User.Delete(name); err != nil {
		return err
	}
	i := slices.IndexFunc(u.folders, func(f *folder) bool { return f.Name == name })
	gone := u.folders[i]
	u.folders = slices.Delete(u.folders, i, i+1)
	if err := u.saveLocked(); err != nil {
		return err
	}
	return u.removeFiles(gone, gone.Messages)
}

func (u *user) rename(old, name string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.User.Rename(old, name, nil); err != nil {
		return err
	}
	u.folder(old).Name = name
	return u.saveLocked()
}

func (u *user) append(name string, flags []string, date time.Time, raw []byte) (uint32, error) {
	u.mu.Lock()
	defer u.unlockWithNews()
	if date.IsZero() {
		date = time.Now()
	}
	date = date.Truncate(time.Second)
	// The file first: a message that a client has seen is kept.
	f := u.folder(name)
	if f == nil {
		return 0, &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeTryCreate, Text: "No such mailbox"}
	}
	m := &message{UID: f.UIDNext, Date: date, Flags: flags, sum: sha256.Sum256(raw), raw: raw}
	if u.dir != "" {
		if err := writeFile(u.path(f, m), raw); err != nil {
			return 0, err
		}
		m.raw = nil
	}
	f.Messages = append(f.Messages, m)
	f.UIDNext++
	if err := u.saveLocked(); err != nil {
		return 0, err
	}
	data, err := u.User.Append(name, literal{bytes.NewReader(raw), int64(len(raw))}, &imap.AppendOptions{Flags: imapFlags(flags), Time: date})
	if err != nil {
		return 0, err
	}
	if uint32(data.UID) != m.UID {
		return 0, fmt.Errorf("record is out of step: UID %d is not %d", data.UID, m.UID)
	}
	return m.UID, nil
}

// awaitNews returns what is closed when a message changes from now on.
func (u *user) awaitNews() <-chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.news == nil {
		u.news = make(chan struct{})
	}
	return u.news
}

// unlockWithNews ends a change of messages.
func (u *user) unlockWithNews() {
	if u.news != nil {
		close(u.news)
		u.news = nil
	}
	u.mu.Unlock()
}

// read returns a message's record and bytes.
func (u *user) read(name string, uid uint32) (message, []byte, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if f := u.folder(name); f != nil {
		for _, m := range f.Messages {
			if m.UID != uid {
				continue
			}
			if u.dir == "" {
				return *m, m.raw, nil
			}
			raw, err := os.ReadFile(u.path(f, m))
			return *m, raw, err
		}
	}
	return message{}, nil, errors.New("no such message")
}

// change changes a folder in the library and each message of it in the record;
// those for which record says false are gone.
func (u *user) change(name string, library func(*imapmemserver.UserSession) error, record func(*message) bool) error {
	u.mu.Lock()
	defer u.unlockWithNews()
	if err := u.onFolder(name, library); err != nil {
		return err
	}
	return u.recordLocked(u.folder(name), record)
}

func (u *user) recordLocked(f *folder, record func(*message) bool) error {
	var kept, gone []*message
	for _, m := range f.Messages {
		if record(m) {
			kept = append(kept, m)
		} else {
			gone = append(gone, m)
		}
	}
	f.Messages = kept
	if err := u.saveLocked(); err != nil {
		return err
	}
	return u.removeFiles(f, gone)
}

// keptFlags are those that the record follows; the library compares flags in
// lower case.
var keptFlags = []imap.Flag{imap.FlagSeen, imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagDraft}

// followLocked makes the record of a folder what the library has, after a
// client changed it.
func (u *user) followLocked(name string) error {
	f := u.folder(name)
	if f == nil {
		return nil
	}
	var (
		all     imap.UIDSet
		flagged = map[imap.Flag]imap.UIDSet{}
	)
	err := u.onFolder(name, func(sess *imapmemserver.UserSession) error {
		search := func(c *imap.SearchCriteria) (imap.UIDSet, error) {
			data, err := sess.Search(imapserver.NumKindUID, c, &imap.SearchOptions{})
			if err != nil {
				return nil, err
			}
			set, _ := data.All.(imap.UIDSet)
			return set, nil
		}
		var err error
		if all, err = search(&imap.SearchCriteria{}); err != nil {
			return err
		}
		for _, flag := range keptFlags {
			if flagged[flag], err = search(&imap.SearchCriteria{Flag: []imap.Flag{flag}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return u.recordLocked(f, func(m *message) bool {
		m.Flags = nil
		for _, flag := range keptFlags {
			if flagged[flag].Contains(imap.UID(m.UID)) {
				m.Flags = append(m.Flags, string(flag))
			}
		}
		return all.Contains(imap.UID(m.UID))
	})
}

func (u *user) save() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.saveLocked()
}

func (u *user) saveLocked() error {
	if u.dir == "" {
		return nil
	}
	data, err := json.MarshalIndent(state{u.made, u.folders}, "", " ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(u.dir, "state.json"), data)
}

func (u *user) removeFiles(f *folder, gone []*message) error {
	if u.dir == "" {
		return nil
	}
	var errs []error
	for _, m := range gone {
		errs = append(errs, os.Remove(u.path(f, m)))
	}
	return errors.Join(errs...)
}

func (u *user) path(f *folder, m *message) string {
	return filepath.Join(u.dir, fmt.Sprintf("%d-%d.eml", f.UIDValidity, m.UID))
}
