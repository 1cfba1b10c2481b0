-- When quarantined mail was last asked for: what a bad line cost is asked for again from time to time.

-- +goose Up
alter table ledger add column tried_at timestamptz;

-- +goose Down
alter table ledger drop column tried_at;
