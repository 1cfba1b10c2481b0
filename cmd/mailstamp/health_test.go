//go:build unix

package main_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/testenv"
)

// health asks the private listener how the process is.
func health(t *testing.T, w *testenv.Worker, path string) (status int, body string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.AdminURL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, string(answer), err
}

func execute(t *testing.T, databaseURL, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func awaitHealth(t *testing.T, w *testenv.Worker, path string, status int, body string) {
	t.Helper()
	testenv.Eventually(t, time.Minute, func() error {
		s, b, err := health(t, w, path)
		if err == nil && (s != status || b != body+"\n") {
			err = fmt.Errorf("%s answers %d %s", path, s, b)
		}
		return err
	})
}

// TestReadyFollowsTheDatabase: without its database the process is alive and not ready, and says why; it is ready by itself
// when the database is back.
func TestReadyFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	server := testenv.PostgresContainer(t)
	p := testenv.NewProgramOn(t, server.URL)
	w := p.StartWorker(t)
	awaitHealth(t, w, "/readyz", 200, `{"ready":true}`)
	server.Kill(t)
	awaitHealth(t, w, "/readyz", 503, `{"problems":{"database":"it does not answer","schema":"it cannot be read"},"ready":false}`)
	awaitHealth(t, w, "/healthz", 200, `{"alive":true}`)
	server.Start(t)
	awaitHealth(t, w, "/readyz", 200, `{"ready":true}`)
	w.Stop(t)
}

// TestReadyNeedsTheSchema: a program that is newer than the schema under it is not ready. It does not start on one either.
func TestReadyNeedsTheSchema(t *testing.T) {
	t.Parallel()
	p := testenv.NewProgram(t)
	p.Migrate(t)
	w := p.StartWorker(t)
	execute(t, p.DatabaseURL, "delete from goose_db_version where version_id = 2")
	awaitHealth(t, w, "/readyz", 503, `{"problems":{"schema":"it is older than this program: run `+"`mailstamp migrate`"+`"},"ready":false}`)
	w.Stop(t)
}
