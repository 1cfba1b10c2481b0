-- Events to the CRM (SPEC 8). The announcing statements run in the transaction of the change; where the account has no endpoint
-- nothing is written. Verdicts are announced by what stamps (conversations.sql), deliveries by what folds them (reports.sql).

-- name: AnnounceHeldShare :exec
insert into outbox (account_id, type, author_id, card_id, address_id)
select @account_id, 'share.held', @author_id::bigint, @card_id::bigint, @address_id::bigint
where exists (select from crm_endpoints e where e.account_id = @account_id);

-- name: AnnounceMessages :exec
insert into outbox (account_id, type, author_id, message_id)
select @account_id, 'message.stored', @author_id::bigint, unnest(@message_ids::bigint[])
where exists (select from crm_endpoints e where e.account_id = @account_id);

-- name: AnnounceNamed :exec
-- Conversations that existed by blind copies alone, of which EventsDue tells nothing, and that one of these new messages names to
-- all its readers. After the rows are locked, so that events of a conversation have their ids in the order of the commits.
with named as materialized (
    select distinct a.id, a.address
    from messages m
    cross join unnest(m.address_ids) as x(id)
    join addresses a on a.account_id = m.account_id and a.id = x.id
    where m.account_id = @account_id and m.id = any (@message_ids::bigint[])
      and exists (select from crm_endpoints e where e.account_id = @account_id)
      and (m.bcc_addrs = '[]' or exists (
          select from jsonb_array_elements(m.to_addrs || m.cc_addrs || jsonb_build_array(m.from_addr)) as e
          where lower(trim(e ->> 'address')) = a.address))
), keys as materialized ( -- by whole keys: by author and address the planner may read all of the author's
    select distinct r.card_id, n.id as address_id from named n -- a deal may have an address from several contacts
    cross join lateral (select x.card_id from card_reach x where x.account_id = @account_id and x.address_id = n.id offset 0) r
    where exists (select from participants p where p.account_id = @account_id and p.author_id = @author_id
                  and p.address_id = n.id and p.message_id <> all (@message_ids) offset 0)
      and not exists (
          select from participants p
          join messages m on m.account_id = p.account_id and m.id = p.message_id
          where p.account_id = @account_id and p.author_id = @author_id and p.address_id = n.id and p.message_id <> all (@message_ids)
            and (m.bcc_addrs = '[]' or exists (
                select from jsonb_array_elements(m.to_addrs || m.cc_addrs || jsonb_build_array(m.from_addr)) as e
                where lower(trim(e ->> 'address')) = n.address))
          offset 0)
    order by r.card_id, n.id -- as everybody locks them
), locked as materialized (
    select c.* from keys k
    cross join lateral (select x.*, is_held(x) as held from conversations x
                        where x.account_id = @account_id and x.author_id = @author_id and x.card_id = k.card_id
                          and x.address_id = k.address_id and x.on_card and not x.blocked
                        for no key update) c
)
insert into outbox (account_id, type, author_id, card_id, address_id, visible, reason)
select @account_id, v.type, c.author_id, c.card_id, c.address_id, v.visible, v.reason
from locked c
cross join lateral (values ('thread.stamped', c.visible, c.reason, c.reason <> 'unstamped'),
                           ('share.held', null, null, c.held)) v (type, visible, reason, told)
where v.told;

-- name: AnnounceMailbox :exec
insert into outbox (account_id, type, mailbox_id)
select @account_id, @type, @mailbox_id::bigint
where exists (select from crm_endpoints e where e.account_id = @account_id);

-- name: SetEndpoint :exec
-- A new URL is tried at once, whatever became of the one before.
insert into crm_endpoints (account_id, url) values (@account_id, @url)
on conflict (account_id) do update set url = excluded.url, failures = 0, failing_since = null, due_at = now();

-- name: RemoveEndpoint :exec
delete from crm_endpoints where account_id = @account_id;

-- name: Endpoint :one
select * from crm_endpoints where account_id = @account_id;

-- name: AccountsToTell :many
select accounts_to_tell(@moment::timestamptz, @at_most::bigint, @last_event::timestamptz, @last_pause::timestamptz, @last_turn::timestamptz)::bigint as account_id;

-- name: TakeEndpoint :one
update crm_endpoints set taken_until = @until
where account_id = @account_id
  and (due_at <= @now or due_at > @last_pause)
  and (taken_until <= @now or taken_until > @last_turn)
returning url, failures, failing_since;

-- name: GiveEndpoint :exec
-- Until is that of the taking: who came too late gives back nothing of another's.
update crm_endpoints set taken_until = @now, due_at = @due_at, failures = @failures, failing_since = sqlc.narg(failing_since)
where account_id = @account_id and taken_until = @until;

-- name: EventsDue :many
-- With what the CRM is told of them, as it is now. What is null then is gone, or is a person's who is being erased; what is not known
-- is a conversation by blind copies alone.
select o.id, o.type, o.at, o.author_id, o.card_id, o.address_id, o.message_id, o.mailbox_id, o.visible, o.reason, o.status, o.class, o.code,
       o.hard, o.tried_from,
       u.crm_id as author, k.kind as card_kind, k.crm_id as card, a.address, m.thread_id, b.crm_id as mailbox, bu.crm_id as mailbox_user,
       n.threads, n.messages, (n.messages > 0
           or n.blind = 0 and ( -- the mail that is gone may have been blind copies alone; the CRM knows what it said itself or was told
               exists (select from correspondences x
                       where x.account_id = o.account_id and x.author_id = o.author_id and x.address_id = o.address_id)
               or exists (select from conversations v
                          where v.account_id = o.account_id and v.author_id = o.author_id and v.card_id = o.card_id and v.address_id = o.address_id
                            and v.share_at is not null and not v.share_called)
               or exists (select from outbox e
                          where e.account_id = o.account_id and e.author_id = o.author_id and e.card_id = o.card_id
                            and e.address_id = o.address_id and e.type in ('thread.stamped', 'share.held') and e.state = 'delivered')))::boolean as known,
       coalesce(c.cards, '[]')::jsonb as cards
from outbox o
left join messages m on m.account_id = o.account_id and m.id = o.message_id
left join users u on u.account_id = o.account_id and u.id = coalesce(o.author_id, m.author_id)
left join cards k on k.account_id = o.account_id and k.id = o.card_id
left join addresses a on a.account_id = o.account_id and a.id = o.address_id
                     and not exists (select from erasures e where e.account_id = a.account_id and e.hash = a.hash)
left join mailboxes b on b.account_id = o.account_id and b.id = o.mailbox_id
left join users bu on bu.account_id = b.account_id and bu.id = b.user_id
cross join lateral ( -- of the conversation's messages those that name its address to all their readers, and those that do not
    select count(*) filter (where y.named) as messages, count(distinct y.thread_id) filter (where y.named) as threads,
           count(*) filter (where not y.named) as blind
    from (select x.thread_id, x.bcc_addrs = '[]' or exists (
                     select from jsonb_array_elements(x.to_addrs || x.cc_addrs || jsonb_build_array(x.from_addr)) as e
                     where lower(trim(e ->> 'address')) = a.address) as named
          from participants p join messages x on x.account_id = p.account_id and x.id = p.message_id
          where o.type in ('thread.stamped', 'share.held')
            and p.account_id = o.account_id and p.author_id = o.author_id and p.address_id = o.address_id) y
) n
left join lateral (
    select jsonb_agg(distinct jsonb_build_object('kind', y.kind, 'id', y.crm_id)) as cards
    from conversations v
    join cards y on y.account_id = v.account_id and y.id = v.card_id and y.state = 'open'
    join addresses w on w.account_id = v.account_id and w.id = v.address_id
    where o.type = 'message.stored' and v.account_id = o.account_id and v.author_id = m.author_id and v.address_id = any (m.address_ids)
      and v.on_card and not v.blocked
      and (m.bcc_addrs = '[]' or exists (
          select from jsonb_array_elements(m.to_addrs || m.cc_addrs || jsonb_build_array(m.from_addr)) as e
          where lower(trim(e ->> 'address')) = w.address))
) c on true
where o.account_id = @account_id and o.state = 'pending'
  and (o.due_at <= @now or o.due_at > @last_event)
order by o.due_at, o.id
limit @at_most::bigint;

-- name: RecordAttempts :exec
with tried as (
    select unnest(@ids::bigint[]) as id, unnest(@ats::timestamptz[]) as at, unnest(@statuses::integer[]) as status, unnest(@errors::text[]) as error, unnest(@took::integer[]) as ms, unnest(@states::text[]) as state, unnest(@dues::timestamptz[]) as due_at
), noted as (
    update outbox o set state = t.state, due_at = t.due_at, attempts = o.attempts + 1
    from tried t where o.account_id = @account_id and o.id = t.id and o.state = 'pending'
    returning o.id, o.attempts
)
insert into outbox_attempts (account_id, event_id, n, at, status, error, ms)
select @account_id, t.id, n.attempts, t.at, nullif(t.status, 0), nullif(t.error, ''), t.ms
from tried t join noted n on n.id = t.id;

-- name: VoidEvents :exec
update outbox set state = 'void' where account_id = @account_id and id = any (@ids::bigint[]);

-- name: PendingEvents :one
select count(*) filter (where state = 'pending') as pending, count(*) filter (where state = 'failed') as failed,
       coalesce(min(tried_from) filter (where state = 'pending'), 'epoch')::timestamptz as oldest
from outbox where account_id = @account_id;

-- name: EventsPending :one
select p.pending::bigint as pending, coalesce(p.oldest, 'epoch')::timestamptz as oldest from events_pending() p;

-- name: ListEvents :many
-- The newest first.
select o.id, o.type, o.at, o.state, o.due_at, o.attempts,
       coalesce((select jsonb_agg(jsonb_build_object('at', t.at, 'status', t.status, 'error', t.error, 'ms', t.ms) order by t.n)
                 from outbox_attempts t where t.account_id = o.account_id and t.event_id = o.id), '[]')::jsonb as results
from outbox o
where o.account_id = @account_id and o.at >= @since and o.at < @until and (@state::text = '' or o.state = @state)
  and (cardinality(@ids::bigint[]) = 0 or o.id = any (@ids::bigint[]))
order by o.at desc, o.id desc
limit @at_most::bigint;

-- name: ReplayEvents :execrows
update outbox o set state = 'pending', due_at = now(), tried_from = now()
where o.account_id = @account_id and o.at >= @since and o.at < @until and (@state::text = '' or o.state = @state)
  and (cardinality(@ids::bigint[]) = 0 or o.id = any (@ids::bigint[]));

-- name: FailOldEvents :execrows
-- What waited for its turn for too long behind a CRM that takes nothing.
update outbox set state = 'failed'
where account_id = @account_id and state = 'pending' and tried_from < now() - make_interval(secs => @older_than_seconds::float8);

-- name: PruneEvents :execrows
delete from outbox o
where o.account_id = @account_id and o.id in (
    select x.id from outbox x
    where x.account_id = @account_id and x.state <> 'pending' and x.at < now() - make_interval(secs => @older_than_seconds::float8)
    order by x.at limit @at_most);
