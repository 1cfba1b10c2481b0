package testenv

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Every test has a database of its own, and none is left when they are done.
func TestDatabasesAreFreshAndDropped(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var urls []string
	t.Run("use", func(t *testing.T) {
		for i := range 6 {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				pool := Postgres(t)
				var migrated bool
				if err := pool.QueryRow(t.Context(), "SELECT to_regclass('river_job') IS NOT NULL").Scan(&migrated); err != nil || !migrated {
					t.Errorf("migrated: %v, %v", migrated, err)
				}
				if _, err := pool.Exec(t.Context(), "CREATE TABLE mine (v int)"); err != nil {
					t.Fatal(err)
				}
				mu.Lock()
				defer mu.Unlock()
				urls = append(urls, pool.Config().ConnString())
			})
		}
	})
	for _, u := range urls {
		conn, err := pgx.Connect(t.Context(), u)
		if err == nil {
			conn.Close(t.Context())
			t.Errorf("%s is still there", u)
		} else if !strings.Contains(err.Error(), "3D000") {
			t.Errorf("connect to a dropped database: %v", err)
		}
	}
}

func TestDBOpens(t *testing.T) {
	t.Parallel()
	if err := DB(t).Pool.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// Row-level security does not bind a superuser, so tests must not be one.
func TestRoleIsBoundByRowLevelSecurity(t *testing.T) {
	t.Parallel()
	if os.Getenv(DatabaseURLEnv) != "" {
		t.Skip("another server is used: whether its role is a superuser is its owner's choice")
	}
	var exempt bool
	err := Postgres(t).QueryRow(t.Context(), "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").Scan(&exempt)
	if err != nil || exempt {
		t.Errorf("exempt from row-level security: %v, %v", exempt, err)
	}
}

// Processes that start at once share one server; it goes with the last.
func TestKeeperIsSharedAndGoes(t *testing.T) {
	t.Parallel()
	tmp, err := os.MkdirTemp("", "testenv-keeper-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(tmp); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(tmp, 0o755); err != nil { // other than t.TempDir: PostgreSQL must reach it
		t.Fatal(err)
	}
	const processes = 3
	urls := map[string]int{}
	var leave []func() error
	for range processes {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "TMPDIR="+tmp, holderEnv+"=1")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		leave = append(leave, func() error {
			line, err := bufio.NewReader(out).ReadString('\n')
			urls[line]++
			return err
		}, in.Close, cmd.Wait)
	}
	for _, phase := range []int{0, 1, 2} { // all are there before the first one leaves
		for i := phase; i < len(leave); i += 3 {
			if err := leave[i](); err != nil {
				t.Fatalf("a process that uses the server: %v", err)
			}
		}
	}
	if len(urls) != 1 {
		t.Fatalf("%d servers were started: %v", len(urls), urls)
	}
	for u := range urls {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if conn, err := pgx.Connect(ctx, strings.TrimSpace(u)); err == nil {
			conn.Close(ctx)
			t.Error("the server lives on although the last process asked for its end")
		}
	}
	if left, err := os.ReadDir(tmp + "/" + strings.TrimPrefix(mustStateDir(t), os.TempDir()+"/")); err != nil {
		t.Error(err)
	} else {
		for _, e := range left {
			if e.Name() == "keeper.sock" || e.Name() == "postgres" {
				t.Errorf("%s is left behind", e.Name())
			}
		}
	}
}

func mustStateDir(t *testing.T) string {
	t.Helper()
	dir, err := stateDir()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// holderEnv makes this test binary a process that uses the shared server.
const holderEnv = "MAILSTAMP_TESTENV_HOLDER"

func TestMain(m *testing.M) {
	if os.Getenv(holderEnv) != "" {
		if err := holdAndLeave(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func holdAndLeave() error {
	k, err := holdKeeper()
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(context.Background(), k.hello.URL)
	if err != nil {
		return err
	}
	if err := conn.Ping(context.Background()); err != nil {
		return err
	}
	fmt.Println(k.hello.URL)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	conn.Close(context.Background())
	return k.end()
}
