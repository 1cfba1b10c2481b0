package imapconn

import (
	"context"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Folders lists all folders with role and counters: in one round trip where
// the server has LIST-STATUS, in two (and one more per 50 folders) elsewhere;
// once again where the examined folder changed meanwhile.
func (c *Conn) Folders(ctx context.Context) (folders []Folder, err error) {
	err = c.settled(func() error {
		folders, err = c.folders(ctx)
		return err
	})
	return folders, err
}

func (c *Conn) folders(ctx context.Context) ([]Folder, error) {
	col := &collector{command: "LIST", expect: 1, utf8: c.Has("IMAP4rev2") && !c.Has("IMAP4rev1")}
	status := imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true, HighestModSeq: c.Has("CONDSTORE")}
	listStatus := c.Has("LIST-STATUS") || c.Has("IMAP4rev2")
	var options *imap.ListOptions
	if listStatus || c.Has("LIST-EXTENDED") {
		options = &imap.ListOptions{ReturnSpecialUse: c.Has("SPECIAL-USE") || c.Has("IMAP4rev2")}
		if listStatus {
			options.ReturnStatus = &status
		}
	}
	err := c.do(ctx, "list folders", func() error {
		c.g.collect(col)
		defer c.g.collect()
		defer c.look()()
		return c.client.List("", "*", options).Close()
	})
	if err != nil && Refused(err) && options != nil {
		// The capability is announced and not kept (F24): the plain forms.
		listStatus = false
		col = &collector{command: "LIST", expect: 1, utf8: col.utf8}
		err = c.do(ctx, "list folders", func() error {
			c.g.collect(col)
			defer c.g.collect()
			return c.client.List("", "*", nil).Close()
		})
	}
	if err != nil {
		return nil, err
	}
	folders, wires := col.folders()
	if !listStatus {
		if err := c.statuses(ctx, col, folders, &status); err != nil {
			return nil, err
		}
	}
	col.counters(folders, wires)
	return folders, nil
}

// look makes the server tell of changes in the examined folder, in the round
// trip of the command that is sent next: Dovecot's LIST by itself does not. The
// function returned waits for the answer.
func (c *Conn) look() (wait func()) {
	if c.selected.Name == "" {
		return func() {}
	}
	noop := c.client.Noop()
	// A failure ends the connection, and LIST reports it.
	return func() { _ = noop.Wait() }
}

// statuses asks for the counters of each folder. A folder for which they are
// refused stays without.
func (c *Conn) statuses(ctx context.Context, col *collector, folders []Folder, items *imap.StatusOptions) error {
	var names []string
	for _, f := range folders {
		if f.Selectable {
			names = append(names, f.Name)
		}
	}
	for part := range slices.Chunk(names, statusInFlight) {
		err := c.do(ctx, "read folder counters", func() error {
			col.command, col.expect, col.tag = "STATUS", len(part), ""
			c.g.collect(col)
			defer c.g.collect()
			cmds := make([]*imapclient.StatusCommand, len(part))
			for i, name := range part {
				cmds[i] = c.client.Status(name, items)
			}
			var first error
			for _, cmd := range cmds {
				_, err := cmd.Wait()
				if err != nil && first == nil && !Refused(c.wrap("read folder counters", err)) {
					first = err
				}
			}
			return first
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// folders turns LIST lines into folders, each once, with their wire names.
func (c *collector) folders() (folders []Folder, wires []string) {
	seen := map[string]int{}
	specialUse := false
	for _, l := range c.lists {
		f := Folder{Name: l.name.name, Delimiter: l.delim, Selectable: l.name.exact}
		for _, a := range l.attrs {
			switch a {
			case `\NOSELECT`, `\NONEXISTENT`:
				f.Selectable = false
			}
			if r, ok := specialUseRoles[a]; ok && f.Role == RoleNone {
				f.Role = r
				specialUse = true
			}
		}
		if f.Name == "INBOX" {
			f.Role = RoleInbox
		}
		if i, dup := seen[l.name.wire]; dup {
			if folders[i].Role == RoleNone {
				folders[i].Role = f.Role
			}
			continue
		}
		seen[l.name.wire] = len(folders)
		folders, wires = append(folders, f), append(wires, l.name.wire)
	}
	if !specialUse {
		rolesByName(folders)
	}
	return folders, wires
}

// counters puts what STATUS told beside its folder.
func (c *collector) counters(folders []Folder, wires []string) {
	at := make(map[string]int, len(wires))
	for i, w := range wires {
		at[w] = i
	}
	for _, s := range c.statuses {
		i, ok := at[s.name.wire]
		if !ok {
			continue
		}
		f := &folders[i]
		f.Messages, f.UIDNext, f.UIDValidity = s.sel.Messages, s.sel.UIDNext, s.sel.UIDValidity
		f.HighestModSeq = s.sel.HighestModSeq
		// RFC 7162 section 3.1.7: 0 says that the folder keeps none.
		f.HasModSeq = s.seq && f.HighestModSeq > 0
	}
}

// specialUseRoles are the attributes of RFC 6154; \Inbox and \AllMail and the
// like are those of XLIST, which some old servers send in LIST.
var specialUseRoles = map[string]Role{
	`\SENT`: RoleSent, `\ARCHIVE`: RoleArchive, `\ALL`: RoleAll, `\DRAFTS`: RoleDrafts, `\JUNK`: RoleJunk, `\TRASH`: RoleTrash,
	`\ALLMAIL`: RoleAll, `\SPAM`: RoleJunk,
}

// commonNames are what servers and mail programs call folders, in lower case,
// the best first.
var commonNames = []struct {
	role  Role
	names []string
}{
	{RoleSent, []string{"sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete objekte", "gesendete elemente", "envoyés", "éléments envoyés", "enviados", "elementos enviados", "inviata", "posta inviata", "verzonden", "verzonden items", "отправленные", "wysłane", "skickat", "sendt"}},
	{RoleDrafts, []string{"drafts", "draft", "entwürfe", "brouillons", "borradores", "bozze", "concepten", "черновики", "kladder"}},
	{RoleJunk, []string{"junk", "spam", "junk e-mail", "junk email", "junk mail", "bulk mail", "courrier indésirable", "correo no deseado", "posta indesiderata", "ongewenste e-mail", "спам"}},
	{RoleTrash, []string{"trash", "deleted items", "deleted messages", "deleted", "bin", "papierkorb", "gelöschte elemente", "gelöschte objekte", "corbeille", "éléments supprimés", "papelera", "cestino", "prullenbak", "корзина", "kosz"}},
	{RoleArchive, []string{"archive", "archives", "archiv", "archivo", "archivio", "archief", "архив"}},
	{RoleAll, []string{"all mail", "alle nachrichten"}},
}

// rolesByName guesses roles where the server names none: one folder per role,
// at the top or directly under INBOX.
func rolesByName(folders []Folder) {
	for _, c := range commonNames {
		best, rank := -1, len(c.names)
		for i, f := range folders {
			if f.Role != RoleNone || !f.Selectable {
				continue
			}
			name := f.Name
			if f.Delimiter != "" {
				for _, parent := range []string{"INBOX", "[Gmail]", "[Google Mail]"} {
					name = strings.TrimPrefix(name, parent+f.Delimiter)
				}
			}
			if r := slices.Index(c.names, strings.ToLower(name)); r >= 0 && r < rank {
				best, rank = i, r
			}
		}
		if best >= 0 {
			folders[best].Role = c.role
		}
	}
}
