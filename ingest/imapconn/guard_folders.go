package imapconn

import (
	"math"
	"strings"
)

type listLine struct {
	attrs []string // upper case
	delim string
	name  folderName
}

type statusLine struct {
	name folderName
	sel  Selected
	seq  bool // HIGHESTMODSEQ was among the items
}

// readList reads `* LIST (\Sent) "/" name`. A line that is not understood
// costs its folder.
func (g *guard) readList(col *collector) error {
	lx := &g.lx
	if col == nil || len(col.lists) >= maxFolders {
		return lx.skipResponse()
	}
	var l listLine
	k, err := lx.next()
	if err != nil {
		return err
	}
	if k != tokOpen {
		return errSyntax
	}
	for k != tokClose {
		if k, err = lx.next(); err != nil {
			return err
		}
		switch k {
		case tokAtom:
			if len(l.attrs) < maxLiterals {
				upper(lx.text)
				l.attrs = append(l.attrs, string(lx.text))
			}
		case tokClose:
		default:
			return errSyntax
		}
	}
	if k, err = lx.next(); err != nil {
		return err
	}
	switch {
	case k == tokQuoted && len(lx.text) <= 4:
		l.delim = string(lx.text)
	case k == tokAtom && strings.EqualFold(string(lx.text), "NIL"):
	default:
		return errSyntax
	}
	if l.name, err = readName(lx, col.utf8); err != nil {
		return err
	}
	col.lists = append(col.lists, l)
	return lx.skipResponse()
}

// readFolderStatus reads `* STATUS name (MESSAGES 3 …)`.
func (g *guard) readFolderStatus(col *collector) error {
	lx := &g.lx
	if col == nil || len(col.statuses) >= maxFolders {
		return lx.skipResponse()
	}
	var (
		s   statusLine
		err error
	)
	if s.name, err = readName(lx, col.utf8); err != nil {
		return err
	}
	k, err := lx.next()
	if err != nil {
		return err
	}
	if k != tokOpen {
		return errSyntax
	}
	for {
		if k, err = lx.next(); err != nil {
			return err
		}
		if k == tokClose {
			break
		}
		if k != tokAtom {
			return errSyntax
		}
		upper(lx.text)
		item := string(lx.text)
		if k, err = lx.next(); err != nil {
			return err
		}
		n, numErr := number(lx, k, math.MaxInt64)
		if numErr != nil {
			if err := lx.skipValue(k); err != nil {
				return err
			}
			continue
		}
		s.set(item, n)
	}
	col.statuses = append(col.statuses, s)
	return lx.skipResponse()
}

func (s *statusLine) set(item string, n uint64) {
	if item == "HIGHESTMODSEQ" {
		s.sel.HighestModSeq, s.seq = n, true
		return
	}
	if n > math.MaxUint32 {
		return
	}
	switch item {
	case "MESSAGES":
		s.sel.Messages = uint32(n)
	case "UIDNEXT":
		s.sel.UIDNext = uint32(n)
	case "UIDVALIDITY":
		s.sel.UIDValidity = uint32(n)
	}
}

// readName reads a folder's name in any of the forms that IMAP allows.
func readName(lx *lexer, utf8 bool) (folderName, error) {
	k, err := lx.next()
	if err != nil {
		return folderName{}, err
	}
	switch k {
	case tokQuoted, tokAtom:
		if len(lx.text) >= maxNameBytes {
			return folderName{}, errTooLong
		}
		return newFolderName(string(lx.text), utf8), nil
	case tokLiteral:
		if lx.size >= maxNameBytes {
			if err := lx.skipLiteral(); err != nil {
				return folderName{}, err
			}
			return folderName{}, errTooLong
		}
		raw, err := lx.readLiteral()
		if err != nil {
			return folderName{}, err
		}
		return newFolderName(string(raw), utf8), nil
	}
	return folderName{}, errSyntax
}
