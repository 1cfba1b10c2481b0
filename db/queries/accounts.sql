-- name: CreateAccount :one
insert into accounts (public_id, name, sealed_webhook_secret, sealed_token_key, sealed_data_key)
values ($1, $2, $3, $4, $5)
returning id;

-- name: AccountByPublicID :one
select * from accounts where public_id = $1;

-- name: Account :one
select * from accounts where id = $1;

-- name: AccountIDs :many
select id from accounts order by id;

-- name: WebhookSecrets :one
select sealed_webhook_secret,
       (case when old_webhook_secret_until > now() then sealed_old_webhook_secret else '' end)::bytea as sealed_old
from accounts where id = $1;

-- name: RotateWebhookSecret :one
update accounts
set sealed_old_webhook_secret = sealed_webhook_secret, old_webhook_secret_until = now() + make_interval(secs => @overlap_seconds::float8),
    sealed_webhook_secret = @sealed_webhook_secret
where id = @id
returning old_webhook_secret_until::timestamptz as old_until;
