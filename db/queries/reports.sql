-- Delivery reports, what they say of sent mail, and the answers to it (SPEC 7). Everything here runs under the lock of the
-- author's mail.

-- name: InsertReports :many
insert into reports (account_id, author_id, digest, n, kind, status, class, code, hard, at, original, envelope, recipients,
                     sent_at, arrived_at, subject, said)
select @account_id, @author_id, r.digest, r.n, r.kind, r.status, nullif(r.class, ''), nullif(r.code, ''), r.hard, r.at,
       nullif(r.original, ''::bytea), nullif(r.envelope, ''::bytea), r.recipients::bytea[],
       nullif(r.sent_at, 'epoch'::timestamptz), nullif(r.arrived_at, 'epoch'::timestamptz), nullif(r.subject, ''::bytea), r.said
from (select unnest(@digests::bytea[]) as digest, unnest(@ns::integer[]) as n, unnest(@kinds::text[]) as kind,
             unnest(@statuses::text[]) as status, unnest(@classes::text[]) as class, unnest(@codes::text[]) as code,
             unnest(@hards::boolean[]) as hard, unnest(@ats::timestamptz[]) as at, unnest(@originals::bytea[]) as original,
             unnest(@envelopes::bytea[]) as envelope, unnest(@recipients::text[]) as recipients,
             unnest(@sent_ats::timestamptz[]) as sent_at, unnest(@arrived_ats::timestamptz[]) as arrived_at,
             unnest(@subjects::bytea[]) as subject, unnest(@saids::bytea[]) as said) r
on conflict do nothing
returning id;

-- name: SentByHeaderID :many
select id, header_id from messages
where account_id = @account_id and author_id = @author_id and direction = 'outbound' and header_id = any (@header_ids::text[]);

-- The author's reports that name one of the messages, by Message-ID or envelope id (names, of ids), and one of its recipients.
-- Of several ways in which a report names the recipient the strongest counts.
-- name: ReportsNaming :many
select distinct on (r.id, o.id) r.id, r.digest, r.kind, r.status, r.class, r.code, r.hard, r.at, r.said,
       o.id::bigint as message_id, d.address
from (select unnest(@ids::bigint[]) as id, unnest(@names::bytea[]) as name) o
cross join lateral (
    select x.* from reports x where x.account_id = @account_id and x.author_id = @author_id and x.original = o.name
    union all
    select x.* from reports x where x.account_id = @account_id and x.author_id = @author_id and x.envelope = o.name
) r
cross join lateral (
    select y.address, a.hash from deliveries y
    join addresses a on a.account_id = y.account_id and a.address = y.address
    where y.account_id = @account_id and y.message_id = o.id and a.hash = any (r.recipients)
    offset 0 -- one look-up per report: there are none for most mail
) d
order by r.id, o.id, array_position(r.recipients, d.hash), d.address;

-- Reports that name no message, near in time to one of the messages.
-- name: NamelessReports :many
with nameless as materialized (
    select x.id, x.at, x.recipients from reports x
    where x.account_id = @account_id and x.author_id = @author_id and x.original is null and x.envelope is null
)
select distinct r.id
from nameless r
join messages m on m.account_id = @account_id and m.id = any (@ids::bigint[]) and m.direction = 'outbound'
    and r.at between m.date - make_interval(secs => @early_seconds) and m.date + make_interval(secs => @late_seconds)
where exists (select from deliveries d
              join addresses a on a.account_id = d.account_id and a.address = d.address
              where d.account_id = m.account_id and d.message_id = m.id and a.hash = any (r.recipients));

-- What the author sent to the recipients of nameless reports in their time.
-- name: SentInTime :many
select distinct on (r.id, m.id) r.id, r.digest, r.kind, r.status, r.class, r.code, r.hard, r.at, r.said,
       r.sent_at, r.arrived_at, r.subject, coalesce(r.message_id, 0)::bigint as tied_to,
       m.id as message_id, m.date, m.subject as message_subject, d.address
from reports r
join addresses a on a.account_id = r.account_id and a.hash = any (r.recipients)
join participants p on p.account_id = r.account_id and p.author_id = r.author_id and p.address_id = a.id
    and p.date between r.at - make_interval(secs => @late_seconds) and r.at + make_interval(secs => @early_seconds)
join messages m on m.account_id = p.account_id and m.id = p.message_id and m.direction = 'outbound'
join deliveries d on d.account_id = m.account_id and d.message_id = m.id and d.address = a.address
where r.account_id = @account_id and r.id = any (@ids::bigint[]) and r.original is null and r.envelope is null
order by r.id, m.id, array_position(r.recipients, a.hash), d.address;

-- name: UntieReports :exec
with untied as (
    update reports u set message_id = null
    from (select r.id, r.digest, r.message_id from reports r
          where r.account_id = @account_id and r.id = any (@ids::bigint[]) and r.message_id is not null) was
    where u.account_id = @account_id and u.id = was.id
    returning was.digest, was.message_id
)
delete from delivery_events e using untied
where e.account_id = @account_id and e.message_id = untied.message_id and e.evidence = untied.digest;

-- The condition on message_id is none that the index of reports that fit nothing serves: of a table that has not been analysed yet the
-- planner would rather read all of those.
-- name: TieReports :exec
update reports r set message_id = (
    select t.message_id from (select unnest(@ids::bigint[]) as id, unnest(@message_ids::bigint[]) as message_id) t where t.id = r.id limit 1)
where r.account_id = @account_id and r.id = any (@ids::bigint[]) and coalesce(r.message_id, 0) = 0;

-- name: InsertDeliveryEvents :exec
insert into delivery_events (account_id, message_id, address, evidence, source, status, class, code, hard, at, reporter, passage)
select @account_id, e.message_id, e.address, e.evidence, e.source, e.status, nullif(e.class, ''), nullif(e.code, ''), e.hard, e.at,
       e.reporter, e.passage
from (select unnest(@message_ids::bigint[]) as message_id, unnest(@addresses::text[]) as address,
             unnest(@evidences::bytea[]) as evidence, unnest(@sources::text[]) as source, unnest(@statuses::text[]) as status,
             unnest(@classes::text[]) as class, unnest(@codes::text[]) as code, unnest(@hards::boolean[]) as hard,
             unnest(@ats::timestamptz[]) as at, unnest(@reporters::text[]) as reporter, unnest(@passages::text[]) as passage) e
on conflict do nothing;

-- name: MarkAutomatic :exec
update messages set automatic = true where account_id = @account_id and id = any (@ids::bigint[]);

-- The first answer of each recipient in the thread after the message, where the answer or the message is among ids, or in one of
-- the threads that were joined. Returns the messages with a new or an earlier one.
-- name: InsertAnswers :many
with touched as materialized (
    select x.id, x.thread_id, x.date, x.direction, x.automatic, lower(trim(x.from_addr ->> 'address')) as sender
    from unnest(@ids::bigint[]) as n(id) cross join lateral (select * from messages y where y.account_id = @account_id and y.id = n.id offset 0) x
    union
    select x.id, x.thread_id, x.date, x.direction, x.automatic, lower(trim(x.from_addr ->> 'address'))
    from unnest(@threads::bigint[]) as n(id) cross join lateral (select * from messages y where y.account_id = @account_id and y.thread_id = n.id offset 0) x
), pairs as (
    select m.id as message_id, d.address, t.date
    from touched t
    cross join lateral (select x.id from messages x
                        where x.account_id = @account_id and x.thread_id = t.thread_id and x.direction = 'outbound' and x.date < t.date offset 0) m
    cross join lateral (select x.address from deliveries x
                        where x.account_id = @account_id and x.message_id = m.id and x.address = t.sender offset 0) d
    where t.direction = 'inbound' and not t.automatic
    union all
    select t.id, d.address, i.date
    from touched t
    cross join lateral (select x.address from deliveries x where x.account_id = @account_id and x.message_id = t.id offset 0) d
    cross join lateral (select x.date from messages x
                        where x.account_id = @account_id and x.thread_id = t.thread_id and x.direction = 'inbound' and not x.automatic
                          and x.date > t.date and lower(trim(x.from_addr ->> 'address')) = d.address offset 0) i
    where t.direction = 'outbound'
)
insert into delivery_events (account_id, message_id, address, evidence, source, status, at)
select @account_id, p.message_id, p.address, '', 'answer', 'replied', min(p.date)
from pairs p
group by p.message_id, p.address
on conflict (account_id, message_id, address, evidence, status) do update set at = excluded.at
where excluded.at < delivery_events.at
returning message_id;

-- A delivery is the fold of its events, in whatever order they came: the highest status, of equal ones a hard one, of those the
-- first. A bounce outweighs what systems said before or say after it, not what the recipient did.
-- name: FoldDeliveries :exec
-- What changed is announced to the CRM, but for blind copies, which are the author's to know.
with folded as (
    select distinct on (d.message_id, d.address) d.message_id, d.address, coalesce(e.status, 'sent') as status, e.class, e.code,
           coalesce(e.hard, false) as hard, coalesce(e.at, m.date) as at,
           (d.status, d.class, d.code, d.hard) is distinct from (coalesce(e.status, 'sent'), e.class, e.code, coalesce(e.hard, false)) as is_news
    from (select unnest(@ids::bigint[]) as id) n
    cross join lateral (select x.date from messages x where x.account_id = @account_id and x.id = n.id limit 1) m
    cross join lateral (select * from deliveries x where x.account_id = @account_id and x.message_id = n.id offset 0) d
    left join lateral (select * from delivery_events x
                       where x.account_id = @account_id and x.message_id = n.id and x.address = d.address offset 0) e on true
    order by d.message_id, d.address,
             array_position(array['sent', 'delayed', 'relayed', 'delivered', 'bounced', 'displayed', 'replied'], e.status) desc nulls last,
             e.hard desc, e.at, e.evidence
), changed as (
    update deliveries d set status = f.status, class = f.class, code = f.code, hard = f.hard, at = f.at
    from folded f
    where d.account_id = @account_id and d.message_id = f.message_id and d.address = f.address
      and (d.status, d.class, d.code, d.hard, d.at) is distinct from (f.status, f.class, f.code, f.hard, f.at)
    returning f.message_id, f.address, f.status, f.class, f.code, f.hard, f.is_news
)
insert into outbox (account_id, type, author_id, message_id, address_id, status, class, code, hard)
select @account_id, 'delivery.changed', m.author_id, c.message_id, a.id, c.status, c.class, c.code, c.hard
from changed c
join messages m on m.account_id = @account_id and m.id = c.message_id
join addresses a on a.account_id = @account_id and a.address = c.address
where c.is_news and exists (select from crm_endpoints e where e.account_id = @account_id)
  and (m.bcc_addrs = '[]' or exists (select from jsonb_array_elements(m.to_addrs || m.cc_addrs) p where lower(trim(p ->> 'address')) = c.address))
order by c.message_id, c.address;

-- name: UnmatchedReports :many
select r.id, u.crm_id as author, r.kind, r.status, r.class, r.code, r.hard, r.at,
       (case when r.original is not null then 'message_id' when r.envelope is not null then 'envelope_id' else 'recipient' end)::text as names
from reports r
join users u on u.account_id = r.account_id and u.id = r.author_id
where r.account_id = @account_id and r.message_id is null and r.id < @before_id
order by r.id desc
limit @row_limit::bigint;

-- Nothing is kept of the reports of an author who has no mailbox any more.
-- name: RemoveReports :exec
delete from reports r
where r.account_id = @account_id and r.author_id = @author_id
  and not exists (select from mailboxes m where m.account_id = r.account_id and m.user_id = r.author_id);
