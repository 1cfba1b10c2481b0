package testenv

import "testing"

func TestKilledPostgresKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	p := PostgresContainer(t)
	if err := execute(t.Context(), p.URL, "CREATE TABLE kept (v int)", "INSERT INTO kept VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	p.Kill(t)
	if err := execute(t.Context(), p.URL, "SELECT"); err == nil {
		t.Error("a killed server answers")
	}
	p.Start(t)
	if err := execute(t.Context(), p.URL, "INSERT INTO kept SELECT v FROM kept"); err != nil {
		t.Error(err)
	}
	p.Restart(t)
	if err := execute(t.Context(), p.URL, "SELECT 1 / (count(*) - 1) FROM kept"); err != nil {
		t.Errorf("the row is gone: %v", err)
	}
}
