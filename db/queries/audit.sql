-- name: AppendAudit :exec
insert into audit_log (account_id, actor, act, subject, effect) values (@account_id, @actor, @act, @subject, @effect);
