-- name: LastAuditEntry :one
select id, hash from audit_log where account_id = @account_id order by id desc limit 1;

-- name: AppendAudit :exec
insert into audit_log (account_id, id, at, actor, act, subject, effect, hash)
values (@account_id, @id, @at, @actor, @act, @subject, @effect, @hash);

-- name: AuditEntriesAfter :many
select * from audit_log where account_id = @account_id and id > @after_id order by id limit @max_rows;
