-- A second webhook secret while the first is replaced.

-- +goose Up

-- The secret that was replaced last, and until when it still counts.
alter table accounts
    add column sealed_old_webhook_secret bytea,
    add column old_webhook_secret_until  timestamptz,
    add constraint accounts_old_secret_check check ((sealed_old_webhook_secret is null) = (old_webhook_secret_until is null));

-- +goose Down
alter table accounts drop column sealed_old_webhook_secret, drop column old_webhook_secret_until;
