package db_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mailstamp/mailstamp/db"
	"github.com/mailstamp/mailstamp/testenv"
)

// TestTrailShowsTampering: the trail holds as written, and neither a changed nor a removed entry goes unnoticed, even by
// whoever owns the table.
func TestTrailShowsTampering(t *testing.T) {
	t.Parallel()
	for _, tamper := range []struct{ what, sql, want string }{
		{"nothing", "", ""},
		{"subject", `update audit_log set subject = '{"user":"eve"}' where id = 2`, "entry 2 (share.changed by anna"},
		{"actor", `update audit_log set actor = 'eve' where id = 3`, "entry 3 (share.changed by eve"},
		{"time", `update audit_log set at = at + interval '1 microsecond' where id = 1`, "entry 1"},
		{"removed", `delete from audit_log where id = 2`, "entry 2 is missing"},
		{"reordered", `update audit_log set id = case id when 1 then -2 when 2 then -1 end where id < 3;
			update audit_log set id = -id where id < 0`, "entry 1"},
	} {
		t.Run(tamper.what, func(t *testing.T) {
			t.Parallel()
			d := testenv.DB(t)
			ctx := context.Background()
			acc, err := d.NewAccount(ctx, "x")
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				err := d.Tx(ctx, acc.ID, func(tx *db.Tx) error {
					return tx.AppendAudit(ctx, db.AuditEntry{Actor: "anna", Act: "share.changed",
						Subject: map[string]any{"user": "anna", "version": int64(1) << 60}, Effect: map[string]int{"shown": 1}})
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			// The program itself cannot: only the table's owner, with the trigger out of the way.
			err = d.Tx(ctx, acc.ID, func(tx *db.Tx) error {
				_, err := tx.Exec(ctx, `update audit_log set actor = 'eve'`)
				return err
			})
			if err == nil {
				t.Fatal("the trail can be changed")
			}
			conn, err := pgx.ConnectConfig(ctx, d.Pool.Config().ConnConfig)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(ctx)
			_, err = conn.Exec(ctx, `alter table audit_log disable trigger audit_log_append_only;
				set mailstamp.account = '1'; `+tamper.sql)
			if err != nil {
				t.Fatal(err)
			}
			var heads int
			err = d.ReadTx(ctx, acc.ID, func(tx *db.Tx) error {
				head, err := tx.VerifyAudit(ctx, func(db.AuditHead) { heads++ })
				if err == nil && (head.Entries != 3 || heads != 3) {
					t.Errorf("head %+v after %d entries", head, heads)
				}
				return err
			})
			if tamper.want == "" && err != nil || tamper.want != "" && (err == nil || !strings.Contains(err.Error(), tamper.want)) {
				t.Errorf("verify says %v, want %q", err, tamper.want)
			}
		})
	}
}
