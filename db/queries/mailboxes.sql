-- name: NameUser :one
with made as (
    insert into users (account_id, crm_id) values (@account_id, @crm_id)
    on conflict (account_id, crm_id) do nothing
    returning id
)
select id from made
union all
select id from users where account_id = @account_id and crm_id = @crm_id
limit 1;

-- name: NameSettings :exec
insert into settings (account_id, user_id, kind)
select @account_id, @user_id, unnest(array['lead', 'contact', 'deal'])
on conflict do nothing;

-- name: MailboxByCRMID :one
select sqlc.embed(m), u.crm_id as user_crm_id, l.synced_at
from mailboxes m
join users u on u.account_id = m.account_id and u.id = m.user_id
left join mailbox_leases l on l.account_id = m.account_id and l.mailbox_id = m.id
where m.account_id = @account_id and m.crm_id = @crm_id;

-- name: Mailboxes :many
select sqlc.embed(m), u.crm_id as user_crm_id, l.synced_at
from mailboxes m
join users u on u.account_id = m.account_id and u.id = m.user_id
left join mailbox_leases l on l.account_id = m.account_id and l.mailbox_id = m.id
where m.account_id = @account_id
order by m.crm_id;

-- name: LockMailbox :one
select id, user_id, removing from mailboxes where account_id = @account_id and crm_id = @crm_id for update;

-- name: InsertMailbox :one
insert into mailboxes (account_id, crm_id, user_id, host, port, tls, username, window_months, folder_choice)
values (@account_id, @crm_id, @user_id, @host, @port, @tls, @username, @window_months, @folder_choice)
returning id;

-- name: ConfigureMailbox :exec
update mailboxes
set host = @host, port = @port, tls = @tls, username = @username, sealed_auth = @sealed_auth, window_months = @window_months,
    folder_choice = @folder_choice, config_epoch = config_epoch + 1, state = 'connecting', problem = null, problem_since = null,
    auth_failures = 0
where account_id = @account_id and id = @id;

-- name: LockSealedAuth :one
-- The secret as it is now. Whoever renews a grant holds this lock from reading the old to writing the new one.
select sealed_auth, config_epoch from mailboxes where account_id = @account_id and id = @id for no key update;

-- name: SaveSealedAuth :exec
update mailboxes set sealed_auth = @sealed_auth
where account_id = @account_id and id = @id and config_epoch = @config_epoch;

-- name: DisconnectMailbox :exec
update mailboxes
set sealed_auth = null, config_epoch = config_epoch + 1, state = 'disconnected', problem = null, problem_since = null
where account_id = @account_id and id = @id;

-- name: BeginRemoval :exec
-- From here on nothing of the user's is shown, until EndRemoval.
with mailbox as (
    update mailboxes m set removing = true, problem_since = now()
    where m.account_id = @account_id and m.id = @id and not m.removing
    returning m.user_id
)
update users u set removals = u.removals + 1 from mailbox where u.account_id = @account_id and u.id = mailbox.user_id;

-- name: EndRemoval :exec
with mailbox as (
    delete from mailboxes m where m.account_id = @account_id and m.id = @id and m.removing
    returning m.user_id
)
update users u set removals = u.removals - 1 from mailbox where u.account_id = @account_id and u.id = mailbox.user_id;

-- name: MailboxBeingRemoved :one
-- other: the user has another mailbox.
select m.user_id, exists (select from mailboxes o where o.account_id = m.account_id and o.user_id = m.user_id and o.id <> m.id) as other
from mailboxes m
where m.account_id = @account_id and m.id = @id and m.removing;

-- name: MailboxesBeingRemoved :many
select id from mailboxes where account_id = @account_id and removing order by id;

-- name: LoopMailbox :one
select sqlc.embed(m), u.state as user_state, a.deletion
from mailboxes m
join users u on u.account_id = m.account_id and u.id = m.user_id
join accounts a on a.id = m.account_id
where m.account_id = @account_id and m.id = @id;

-- name: SetMailboxState :execrows
update mailboxes
set state = @state, problem = sqlc.narg(problem), problem_code = sqlc.narg(problem_code), problem_to_do = sqlc.narg(problem_to_do),
    problem_since = case when sqlc.narg(problem)::text is null then null when problem is not distinct from sqlc.narg(problem)::text then problem_since else now() end,
    last_sync = case when @state::text = 'live' then now() else last_sync end
where account_id = @account_id and id = @id and config_epoch = @config_epoch
  and (state, problem) is distinct from (@state::text, sqlc.narg(problem)::text);

-- name: SetAuthFailures :exec
update mailboxes set auth_failures = @auth_failures
where account_id = @account_id and id = @id and config_epoch = @config_epoch;

-- name: SetHeldEpoch :exec
update mailboxes set held_epoch = @held_epoch where account_id = @account_id and id = @id;

-- name: SetProgress :exec
update mailboxes set done = @done, total = @total, state = 'backfilling', problem = null, problem_since = null,
    backfill_since = case when state = 'backfilling' and backfill_since is not null then backfill_since else now() end,
    backfill_from = case when state = 'backfilling' and backfill_since is not null then backfill_from else @done end
where account_id = @account_id and id = @id;

-- name: OwnAddresses :many
select a.id, a.address
from user_addresses ua
join addresses a on a.account_id = ua.account_id and a.id = ua.address_id
where ua.account_id = @account_id and ua.user_id = @user_id;
