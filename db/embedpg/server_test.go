//go:build unix

package embedpg

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

// launcherDir makes this test binary a launcher that is going to be killed.
const launcherDir = "MAILSTAMP_EMBEDPG_LAUNCHER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(launcherDir); dir != "" {
		s, err := Start(context.Background(), Options{Dir: dir})
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println(s.URL(Database))
		select {}
	}
	goleak.VerifyTestMain(m)
}

// reachableDir is a temporary directory that other users can enter, which
// t.TempDir is not.
func reachableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "embedpg-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func mustStart(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close(context.Background())
	var v string
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func exec1(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestDataSurvivesStopAndStart(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	s := mustStart(t, Options{Dir: dir, Durable: true})
	exec1(t, s.URL(Database), "CREATE TABLE kept AS SELECT 'yes' AS v")
	for expr, want := range map[string]string{
		"current_setting('fsync')":                                                     "on",
		"current_setting('default_toast_compression')":                                 "lz4",
		"current_setting('listen_addresses')":                                          "127.0.0.1",
		"(SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)": "false",
	} {
		if got := query(t, s.URL(Database), "SELECT "+expr+"::text"); got != want {
			t.Errorf("%s: got %s, want %s", expr, got, want)
		}
	}
	if err := s.Stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}

	again := mustStart(t, Options{Dir: dir})
	if got := query(t, again.URL(Database), "SELECT v FROM kept"); got != "yes" {
		t.Errorf("after a second start: got %q", got)
	}
	if got := query(t, again.URL(Database), "SHOW fsync"); got != "off" {
		t.Errorf("fsync of a server that is not durable: %s", got)
	}
}

func TestPasswordIsAsked(t *testing.T) {
	t.Parallel()
	s := mustStart(t, Options{Dir: reachableDir(t)})
	conf, err := pgx.ParseConfig(s.AdminURL(Database))
	if err != nil {
		t.Fatal(err)
	}
	conf.Password = "guess"
	if conn, err := pgx.ConnectConfig(t.Context(), conf); err == nil {
		conn.Close(t.Context())
		t.Error("the server let a wrong password in")
	}
	fi, err := os.Stat(filepath.Join(s.Dir(), "password"))
	if err != nil {
		t.Fatal(err)
	}
	if fi.Mode().Perm() != 0o600 {
		t.Errorf("password file has mode %v", fi.Mode())
	}
}

func TestSecondLauncherIsRefused(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	s := mustStart(t, Options{Dir: dir})
	if second, err := Start(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrInUse) {
		if err == nil {
			err = second.Stop()
		}
		t.Errorf("second start: %v, want ErrInUse", err)
	}
	if got := query(t, s.URL(Database), "SELECT 'alive'"); got != "alive" {
		t.Errorf("the first server: %q", got)
	}
}

// The pid of a dead server may have gone to another program; PostgreSQL then
// refuses to start until a person removes the file.
func TestStalePidFileOfAStranger(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	s := mustStart(t, Options{Dir: dir})
	data := s.cluster.data()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}

	stranger := exec.Command("sleep", "600")
	stranger.SysProcAttr = s.cluster.acct.attr() // the server's user: PostgreSQL believes those
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer stranger.Wait()
	defer stranger.Process.Kill()
	file := filepath.Join(data, "postmaster.pid")
	text := strconv.Itoa(stranger.Process.Pid) + "\n" + data + "\n1\n1\n\n127.0.0.1\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.cluster.acct.own(file); err != nil {
		t.Fatal(err)
	}

	mustStart(t, Options{Dir: dir})
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the stranger was ended: %v", err)
	}
}

// Without Pdeathsig a server outlives its launcher; the next one ends it.
func TestOrphanIsEnded(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	orphan, err := Start(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := orphan.cluster.close(); err != nil { // as the launcher's death does
		t.Fatal(err)
	}
	s := mustStart(t, Options{Dir: dir})
	<-orphan.Done()
	if got := query(t, s.URL(Database), "SELECT 'alive'"); got != "alive" {
		t.Errorf("the new server: %q", got)
	}
}

func TestKilledLauncherTakesItsServerAlong(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	launcher := exec.Command(os.Args[0])
	launcher.Env = append(os.Environ(), launcherDir+"="+dir)
	out, err := launcher.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := launcher.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "postgres://") {
		t.Fatalf("launcher: %q, %v", line, err)
	}
	url := strings.TrimSpace(line)
	exec1(t, url, "CREATE TABLE kept AS SELECT 'yes' AS v")
	pid, err := readPid(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}

	if err := launcher.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	launcher.Wait()              // reports the kill
	if runtime.GOOS == "linux" { // elsewhere nothing promises it
		deadline := time.Now().Add(20 * time.Second)
		for isServerOf(pid, filepath.Join(dir, "data")) {
			if time.Now().After(deadline) {
				t.Fatalf("server %d lives on", pid)
			}
			time.Sleep(pollInterval)
		}
	}

	s := mustStart(t, Options{Dir: dir})
	if got := query(t, s.URL(Database), "SELECT v FROM kept"); got != "yes" {
		t.Errorf("after the launcher was killed: %q", got)
	}
}

func TestFailedStartSaysWhatTheServerSays(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	first := mustStart(t, Options{Dir: reachableDir(t)})
	_, err := Start(t.Context(), Options{Dir: dir, Port: first.port})
	if err == nil || !strings.Contains(err.Error(), "could not bind") {
		t.Errorf("start on a taken port: %v", err)
	}
	mustStart(t, Options{Dir: dir}) // the failure left nothing behind
}

func TestRootMovesWhereTheServerCanReach(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("not root: the hand-over to another user is not covered")
	}
	acct, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	base := reachableDir(t)
	shut := filepath.Join(base, "shut")
	if err := os.Mkdir(shut, 0o700); err != nil {
		t.Fatal(err)
	}
	wish, fallback := filepath.Join(shut, "pg"), filepath.Join(base, "fallback")
	first, err := acct.place(wish, fallback)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(first) != fallback {
		t.Errorf("placed at %s, want below %s", first, fallback)
	}
	if again, err := acct.place(wish, fallback); err != nil || again != first {
		t.Errorf("second time: %s, %v, want %s again", again, err, first)
	}
	if _, err := acct.place(wish, filepath.Join(shut, "fallback")); err == nil || !strings.Contains(err.Error(), shut) {
		t.Errorf("nothing reachable: error %v, want one that names %s", err, shut)
	}
}
