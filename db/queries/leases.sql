-- name: RenewWorker :exec
insert into workers (id, expires_at) values (@id, now() + make_interval(secs => @ttl_seconds::float8))
on conflict (id) do update set expires_at = excluded.expires_at;

-- name: RemoveWorker :exec
delete from workers where id = @id;

-- name: RemoveDeadWorkers :exec
delete from workers where expires_at not between now() - interval '1 hour' and now() + interval '1 hour';

-- name: TakeLeases :many
-- A time further ahead than anybody ever sets one is of before the clock was put back, and counts for nothing.
with free as (
    select l.account_id, l.mailbox_id
    from mailbox_leases l
    where (l.due_at <= now() or l.due_at > now() + make_interval(secs => @longest_rest_seconds::float8))
      and l.account_id <> all (@full_accounts::bigint[])
      and not exists (select from workers w where w.id = l.holder
                      and w.expires_at between now() and now() + make_interval(secs => @longest_lease_seconds::float8))
    order by l.due_at, l.account_id, l.mailbox_id
    limit @most
    for update of l skip locked
)
update mailbox_leases l set holder = @holder::text, token = l.token + 1
from free
where l.account_id = free.account_id and l.mailbox_id = free.mailbox_id
returning l.account_id, l.mailbox_id, l.token;

-- name: HeldLeases :many
select account_id, mailbox_id, token from mailbox_leases where holder = @holder::text;

-- name: ReleaseLease :exec
update mailbox_leases set holder = null, due_at = now() + make_interval(secs => @delay_seconds::float8)
where account_id = @account_id and mailbox_id = @mailbox_id and token = @token;

-- The lock keeps a takeover waiting until the writer has committed.
-- name: ProveLease :one
select token from mailbox_leases
where account_id = @account_id and mailbox_id = @mailbox_id and token = @token and holder = @holder::text
for share;

-- name: NoteSynced :exec
update mailbox_leases l set synced_at = now()
from (select unnest(@accounts::bigint[]) as account_id, unnest(@mailboxes::bigint[]) as mailbox_id) s
where l.account_id = s.account_id and l.mailbox_id = s.mailbox_id and l.holder = @holder::text;

-- name: NewLease :exec
-- A mailbox made again after a disconnect gets tokens that no earlier lease of it had.
insert into mailbox_leases (account_id, mailbox_id, token)
values (@account_id, @mailbox_id, (extract(epoch from clock_timestamp()) * 1e6)::bigint)
on conflict (account_id, mailbox_id) do update set due_at = least(mailbox_leases.due_at, now());

-- name: RemoveLease :exec
delete from mailbox_leases where account_id = @account_id and mailbox_id = @mailbox_id;

-- name: Wake :exec
select pg_notify('mailstamp_wake', @payload::text);
