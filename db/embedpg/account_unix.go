//go:build unix

package embedpg

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the operating system's user who runs the server.
type account struct {
	name     string
	uid, gid uint32
	dropped  bool // we are root and give up our rights for it
}

// serverAccount is ourselves, or for root an unprivileged user.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{name: "this user", uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}, nil
	}
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return account{name: name, uid: uint32(uid), gid: uint32(gid), dropped: true}, nil
		}
	}
	return account{}, fmt.Errorf("PostgreSQL does not run as root and there is no user postgres or nobody: add one, or run as another user")
}

func (a account) attr() *syscall.SysProcAttr {
	attr := dieWithParent()
	attr.Setpgid = true // Ctrl-C is for us; we stop the server in order
	if a.dropped {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// own gives a file or directory to the account.
func (a account) own(path string) error {
	if !a.dropped {
		return nil
	}
	if err := os.Chown(path, int(a.uid), int(a.gid)); err != nil {
		return fmt.Errorf("give %s to user %s: %w", path, a.name, err)
	}
	return nil
}

// place returns the directory to use for the wish dir: made, reachable for
// the account, absolute and free of symbolic links.
func (a account) place(dir, fallback string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", dir, err)
	}
	if err := os.MkdirAll(abs, 0o755); err != nil {
		return "", fmt.Errorf("make data directory: %w", err)
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return "", fmt.Errorf("resolve data directory: %w", err)
	}
	if !a.dropped {
		return abs, nil
	}
	shut, err := a.shutOut(abs)
	if err != nil {
		return "", err
	}
	if shut == "" {
		return abs, nil
	}
	sum := sha256.Sum256([]byte(abs))
	abs = filepath.Join(fallback, "pg-"+hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(abs, 0o755); err != nil {
		return "", fmt.Errorf("make data directory (user %s, who must run PostgreSQL for root, cannot enter %s): %w", a.name, shut, err)
	}
	if again, err := a.shutOut(abs); err != nil || again != "" {
		return "", fmt.Errorf("user %s, who must run PostgreSQL for root, can enter neither %s nor %s: allow it or choose another directory", a.name, shut, again)
	}
	return abs, nil
}

// shutOut returns the topmost directory on the way to path that the account
// cannot enter, or "".
func (a account) shutOut(path string) (string, error) {
	parent := filepath.Dir(path)
	if parent != path {
		if shut, err := a.shutOut(parent); err != nil || shut != "" {
			return shut, err
		}
	}
	fi, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("look at data directory: %w", err)
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return "", nil
	}
	var bit os.FileMode = 0o001
	switch {
	case st.Uid == a.uid:
		bit = 0o100
	case st.Gid == a.gid:
		bit = 0o010
	}
	if fi.Mode().Perm()&bit == 0 {
		return path, nil
	}
	return "", nil
}
