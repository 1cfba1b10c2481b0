-- name: ReceiveWebhook :execrows
-- No row: this delivery was applied before. A concurrent delivery of the same id waits here until that is known.
insert into webhook_receipts (account_id, webhook_id, events)
values (@account_id, @webhook_id, @events)
on conflict do nothing;

-- name: PruneWebhookReceipts :execrows
delete from webhook_receipts
where (account_id, webhook_id) in (
    select account_id, webhook_id from webhook_receipts
    where webhook_receipts.account_id = @account_id and received_at < now() - make_interval(secs => @older_than_seconds::float8)
    limit @at_most);

-- name: WakeMailboxes :exec
-- Makes mailboxes due and wakes whoever holds them, once the transaction commits. Where a login is refused only a new secret
-- helps (FAULTS F32), so those are left alone. Leases are locked in one order.
with due as (
    select l.account_id, l.mailbox_id
    from mailbox_leases l
    join mailboxes m on m.account_id = l.account_id and m.id = l.mailbox_id
    join users u on u.account_id = m.account_id and u.id = m.user_id
    where l.account_id = @account_id
      and m.state not in ('needs_auth', 'disconnected')
      and (m.crm_id = any (@mailboxes::text[]) or u.crm_id = any (@users::text[]))
    order by l.mailbox_id
    for update of l
), made_due as (
    update mailbox_leases l set due_at = least(l.due_at, now())
    from due where l.account_id = due.account_id and l.mailbox_id = due.mailbox_id
)
select pg_notify('mailstamp_wake', due.account_id || '/' || due.mailbox_id) from due;
