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
