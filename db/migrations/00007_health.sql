-- What a mailbox's problem is called and what to do about it, and since when its back-fill works, for an estimate.

-- +goose Up
alter table mailboxes
    add column problem_code   text,        -- stable; means something only beside a problem
    add column problem_to_do  text,
    add column backfill_since timestamptz, -- when the present back-fill began to store …
    add column backfill_from  bigint not null default 0; -- … with so many messages done

-- +goose Down
alter table mailboxes
    drop column problem_code, drop column problem_to_do, drop column backfill_since, drop column backfill_from;
