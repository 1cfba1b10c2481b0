-- name: Folders :many
select * from folders where account_id = @account_id and mailbox_id = @mailbox_id order by id;

-- name: InsertFolder :one
insert into folders (account_id, mailbox_id, name, role, uid_validity, on_server)
values (@account_id, @mailbox_id, @name, @role, @uid_validity, @on_server)
on conflict (account_id, mailbox_id, name) do update
set role = excluded.role, uid_validity = excluded.uid_validity, on_server = excluded.on_server, uid_next = 0, mod_seq = 0, gone_at = null
returning *;

-- name: SetFolderCursor :exec
update folders set uid_next = @uid_next, mod_seq = @mod_seq, on_server = @on_server, role = @role
where account_id = @account_id and id = @id and uid_validity = @uid_validity;

-- name: SetFolderGone :exec
update folders set gone_at = now(), uid_next = 0, mod_seq = 0, on_server = 0
where account_id = @account_id and id = @id and gone_at is null;

-- name: FolderCounts :many
select f.mailbox_id, f.name, f.on_server,
       count(*) filter (where l.disposition = 'stored') as stored,
       count(*) filter (where l.disposition = 'indexed') as indexed,
       count(*) filter (where l.disposition in ('internal', 'blocked', 'skipped')) as skipped,
       count(*) filter (where l.disposition = 'quarantined') as quarantined
from folders f
left join ledger l on l.account_id = f.account_id and l.folder_id = f.id
where f.account_id = @account_id and f.gone_at is null
  and (sqlc.narg(mailbox_id)::bigint is null or f.mailbox_id = sqlc.narg(mailbox_id)::bigint)
group by f.account_id, f.id
order by f.mailbox_id, f.id;
