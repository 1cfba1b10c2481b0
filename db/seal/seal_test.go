package seal

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func load(t *testing.T, path string) *Sealer {
	t.Helper()
	s, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func seal(t *testing.T, s *Sealer, secret, place string) []byte {
	t.Helper()
	sealed, err := s.Seal([]byte(secret), []byte(place))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func opens(t *testing.T, s *Sealer, sealed []byte, place, want string) {
	t.Helper()
	if got, err := s.Open(sealed, []byte(place)); err != nil || string(got) != want {
		t.Errorf("opened %q (%v), want %q", got, err, want)
	}
}

// TestS04SwappedSecretsDoNotOpen: a secret opens in its own place alone.
func TestS04SwappedSecretsDoNotOpen(t *testing.T) {
	t.Parallel()
	s := load(t, filepath.Join(t.TempDir(), "keys.json"))
	sealed := seal(t, s, "secret", "account/mailbox/1")
	opens(t, s, sealed, "account/mailbox/1", "secret")
	if got, err := s.Open(sealed, []byte("account/mailbox/2")); err == nil {
		t.Errorf("opened %q in another's place", got)
	}
}

// TestS04RotationIsUnnoticed: whoever runs on opens what new keys seal, and what is sealed by old ones still opens.
func TestS04RotationIsUnnoticed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	running := load(t, path)
	old := seal(t, running, "old", "x")
	for range 3 {
		if err := Rotate(path); err != nil {
			t.Fatal(err)
		}
		started := load(t, path)
		opens(t, started, old, "x", "old")
		opens(t, running, seal(t, started, "new", "y"), "y", "new")
		opens(t, running, old, "x", "old")
		opens(t, started, seal(t, running, "again", "z"), "z", "again")
	}
	if sealed := seal(t, running, "s", "x"); string(sealed[:5]) == string(old[:5]) {
		t.Error("the first key still seals") // Tink's prefix names the key
	}
}

// TestRotationKeepsAccess: who could read the key set before still can, and nobody else, whoever rotated it.
func TestRotationKeepsAccess(t *testing.T) {
	t.Parallel()
	file, link := filepath.Join(t.TempDir(), "keys.json"), filepath.Join(t.TempDir(), "link.json")
	load(t, file)
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = 4711, 4712
	}
	if err := os.Chown(file, uid, gid); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link} {
		if err := Rotate(path); err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(file)
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != uid || int(owner.Gid) != gid || info.Mode() != 0o640 {
			t.Errorf("it is %d:%d, %s; want %d:%d, -rw-r-----", owner.Uid, owner.Gid, info.Mode(), uid, gid)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v (%v)", info, err)
	}
}
