package span

import "testing"

func TestStatementName(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"-- name: AddAudience :exec\ninsert into card_audience": "AddAudience",
		"begin; set local mailstamp.account = '7'":              "begin",
		"\n\t\tselect 'content'":                                "select",
		"commit":                                                "commit",
		"'content'":                                             "",
	} {
		if got := statementName(sql); got != want {
			t.Errorf("%q is named %q, want %q", sql, got, want)
		}
	}
}
