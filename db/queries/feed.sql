-- What a viewer sees. Every query takes its verdicts from granted_conversations and card_viewers alone.

-- name: FeedViewer :one
select id from users where account_id = @account_id and crm_id = @viewer and state = 'active';

-- name: FeedCard :one
-- The numbers of a card and of a viewer who can open it.
select card_id, user_id from card_viewers
where account_id = @account_id and viewer = @viewer and kind = @kind and card = @card;

-- name: FeedSharers :many
-- The authors of whose conversations on the card some are visible to others.
select distinct g.author_id from granted_conversations g
where g.account_id = @account_id and g.card_id = @card_id and g.shown and g.visible and g.granted;

-- name: FeedNewest :many
-- The newest messages before a point in time that the viewer may read on the card: those of the newest @places points
-- (date, sort_key), every copy of each; none where the viewer cannot open the card. Conversations are ranked by the date of
-- their correspondence, which no message of theirs exceeds; only those among the newest are looked into for their newest message
-- before the point (heads). The heads are points that the viewer may read, so at least @places points are as new as the
-- @places-th newest of them (edge), whichever and however many they are: nothing older is asked for, nor any conversation whose
-- date is older.
with seer as materialized (
    select v.card_id, v.user_id from card_viewers v
    where v.account_id = @account_id and v.viewer = @viewer and v.kind = @kind and v.card = @card
),
pairs as materialized (
    select g.author_id, g.author, g.address_id, true as granted
    from granted_conversations g
    where g.account_id = @account_id and g.card_id = (select card_id from seer)
      and g.shown and g.visible and g.granted and g.author_id <> (select user_id from seer)
    union all
    select g.author_id, g.author, g.address_id, g.granted
    from granted_conversations g
    where g.account_id = @account_id and g.card_id = (select card_id from seer)
      and g.tracked and g.author_id = (select user_id from seer)
),
dated as materialized (
    select p.author_id, p.author, p.address_id, p.granted, least(coalesce(c.last_at, 'infinity'), @before_date::timestamptz) as newest
    from pairs p
    left join correspondences c on c.account_id = @account_id and c.author_id = p.author_id and c.address_id = p.address_id
),
ranked as (
    select d.author_id, d.address_id, dense_rank() over (order by d.newest desc) as place from dated d
),
heads as (
    select h.date, h.sort_key, dense_rank() over (order by h.date desc, h.sort_key desc) as place
    from ranked r
    cross join lateral (
        select x.date, x.sort_key from participants x
        where x.account_id = @account_id and x.author_id = r.author_id and x.address_id = r.address_id
          and (x.date, x.sort_key) < (@before_date::timestamptz, @before_key::bigint)
        order by x.date desc, x.sort_key desc
        limit 1
    ) h
    where r.place <= @places::bigint
),
edge as materialized ( -- always one row: a coalesce where it is compared would keep the comparison out of the index
    select coalesce(min(date), '-infinity') as date, coalesce(min(sort_key), -9223372036854775808) as sort_key
    from heads where place = @places::bigint
),
reached as (
    select d.author, x.message_id, x.date, x.sort_key, d.granted
    from edge e
    join dated d on d.newest >= e.date
    cross join lateral (
        select p.message_id, p.date, p.sort_key from participants p
        where p.account_id = @account_id and p.author_id = d.author_id and p.address_id = d.address_id
          and (p.date, p.sort_key) < (@before_date::timestamptz, @before_key::bigint)
          and (p.date, p.sort_key) >= (e.date, e.sort_key)
        order by p.date desc, p.sort_key desc
        limit @rows_each::bigint
    ) x
),
placed as (
    select r.author, r.message_id, r.date, r.sort_key, bool_or(r.granted)::boolean as granted,
           dense_rank() over (order by r.date desc, r.sort_key desc) as place
    from reached r
    group by r.author, r.message_id, r.date, r.sort_key
    order by r.date desc, r.sort_key desc, r.message_id -- as the answer, so that all is sorted once
)
select m.id, m.author_id, m.thread_id, m.identity, m.sort_key, m.date, m.direction, m.subject, m.preview, m.from_addr, m.to_addrs,
       m.cc_addrs, m.bcc_addrs, m.attachments, m.seen, n.author, n.granted,
       coalesce(case when m.direction = 'outbound' then (
           select jsonb_agg(jsonb_build_object('address', d.address, 'status', d.status, 'class', d.class, 'code', d.code,
                                               'hard', d.hard, 'at', d.at) order by d.address)
           from deliveries d where d.account_id = m.account_id and d.message_id = m.id) end, '[]')::jsonb as deliveries
from placed n
join messages m on m.account_id = @account_id and m.id = n.message_id
where n.place <= @places::bigint
order by n.date desc, n.sort_key desc, n.message_id;

-- name: FeedMessages :many
-- address_ids, bcc_addrs, seen and what became of blind copies are for the author alone: see feed.newItem.
select sqlc.embed(m), u.crm_id as author,
       coalesce(case when m.direction = 'outbound' then (
           select jsonb_agg(jsonb_build_object('address', d.address, 'status', d.status, 'class', d.class, 'code', d.code,
                                               'hard', d.hard, 'at', d.at) order by d.address)
           from deliveries d where d.account_id = m.account_id and d.message_id = m.id) end, '[]')::jsonb as deliveries
from messages m
join users u on u.account_id = m.account_id and u.id = m.author_id
where m.account_id = @account_id and m.id = any (@ids::bigint[]);

-- name: FeedDeliveryEvents :many
-- reporter and passage are for the author alone: see feed.history.
select e.address, e.source, e.status, e.class, e.code, e.hard, e.at, e.reporter, e.passage
from delivery_events e
where e.account_id = @account_id and e.message_id = @message_id
order by e.at, e.address, e.status, e.evidence;

-- name: FeedCopies :many
-- Whose copies of the same mail are visible on the card.
select distinct m.identity, g.author
from messages m
join granted_conversations g on g.account_id = m.account_id and g.card_id = @card_id and g.author_id = m.author_id
                            and g.address_id = any (m.address_ids) and g.granted
where m.account_id = @account_id and m.author_id = any (@authors::bigint[]) and m.identity = any (@identities::bytea[]);

-- name: FeedBody :one
select text, html from message_bodies where account_id = @account_id and message_id = @message_id;

-- name: FeedMessageCards :many
-- The verdict on a message: the cards on which the viewer may read it, each with the addresses that show it there.
select v.card_id, v.kind, v.card, g.address_id, g.granted
from messages m
join granted_conversations g on g.account_id = m.account_id and g.author_id = m.author_id and g.address_id = any (m.address_ids)
join card_viewers v on v.account_id = g.account_id and v.card_id = g.card_id and v.user_id = @viewer_id
where m.account_id = @account_id and m.id = @message_id
  and (g.author_id = @viewer_id or g.visible) -- of the stamp alone: before any join
  and g.tracked and (g.author_id = @viewer_id or g.granted);

-- name: FeedShowingCards :many
-- The cards on which the viewer may read the author's mail with any of the addresses.
select v.card_id, v.kind, v.card, g.address_id, g.granted
from granted_conversations g
join card_viewers v on v.account_id = g.account_id and v.card_id = g.card_id and v.user_id = @viewer_id
where g.account_id = @account_id and g.author_id = @author_id and g.address_id = any (@address_ids::bigint[])
  and (g.author_id = @viewer_id or g.visible) -- of the stamp alone: before any join
  and g.tracked and (g.author_id = @viewer_id or g.granted);

-- name: FeedThread :one
select author_id, merged_into from threads where account_id = @account_id and id = @id;

-- name: FeedThreadAddresses :many
select distinct a.id::bigint as address_id
from messages m, unnest(m.address_ids) as a(id)
where m.account_id = @account_id and m.thread_id = @thread_id;

-- name: FeedThreadMessages :many
-- The thread's messages with any of the addresses, newest first, before a point.
select id, date, sort_key, address_ids from messages
where account_id = @account_id and thread_id = @thread_id and address_ids && @address_ids::bigint[]
  and (date, sort_key, id) < (@before_date::timestamptz, @before_key::bigint, @before_id::bigint)
order by date desc, sort_key desc, id desc
limit @row_limit::bigint;

-- name: FeedThreadSummaries :many
-- Per thread: its messages on the card, how many of them are visible to others, and the newest that the viewer may read.
with pairs as materialized (
    select g.author_id, g.address_id, g.granted
    from granted_conversations g
    where g.account_id = @account_id and g.card_id = @card_id and g.tracked
),
shown as (
    select m.thread_id, m.author_id, m.id, m.date, m.sort_key, m.direction, bool_or(p.granted) as granted,
           bool_or(p.granted or m.author_id = @viewer_id) as readable
    from messages m
    cross join unnest(m.address_ids) as a(id)
    join pairs p on p.author_id = m.author_id and p.address_id = a.id
    where m.account_id = @account_id and m.thread_id = any (@threads::bigint[])
    group by m.account_id, m.id
)
select s.thread_id, s.author_id, count(*) as messages, count(*) filter (where s.granted) as granted_messages,
       (array_agg(s.id order by s.date desc, s.sort_key desc, s.id) filter (where s.readable))[1]::bigint as newest,
       (array_agg(s.date order by s.date desc, s.sort_key desc, s.id) filter (where s.readable))[1]::timestamptz as newest_date,
       (array_agg(s.sort_key order by s.date desc, s.sort_key desc, s.id) filter (where s.readable))[1]::bigint as newest_key,
       coalesce((array_agg(s.id order by s.date desc, s.sort_key desc, s.id)
                 filter (where s.readable and s.direction = 'outbound'))[1], 0)::bigint as newest_outbound
from shown s
group by s.thread_id, s.author_id
having bool_or(s.readable);

-- name: FeedThreadStamps :many
-- The conversations of the threads' messages on the card, as far as the viewer may read them. named: on one of the messages
-- the address stands where every reader of it sees it (an address stored with capitals in its domain's Unicode form counts
-- as not named, which hides).
select m.thread_id, g.author_id, g.author, a.address, g.granted, g.visible, g.reason,
       bool_or(m.bcc_addrs = '[]' or exists (
           select from jsonb_array_elements(m.to_addrs || m.cc_addrs || jsonb_build_array(m.from_addr)) as e
           where lower(trim(e ->> 'address')) = a.address))::boolean as named
from messages m
cross join unnest(m.address_ids) as x(id)
join granted_conversations g on g.account_id = m.account_id and g.card_id = @card_id and g.author_id = m.author_id
                            and g.address_id = x.id and g.tracked and (g.author_id = @viewer_id or g.granted)
join addresses a on a.account_id = g.account_id and a.id = g.address_id
where m.account_id = @account_id and m.thread_id = any (@threads::bigint[])
group by m.thread_id, g.author_id, g.author, a.address, g.granted, g.visible, g.reason
order by m.thread_id, a.address;

-- name: FeedConversations :many
-- Others' only where some message names the address to all its readers: that of blind copies alone is the author's to know.
select g.author_id, g.author, a.address, g.granted, g.visible, g.reason, coalesce(g.share, 'none')::text as share, g.since
from granted_conversations g
join addresses a on a.account_id = g.account_id and a.id = g.address_id
where g.account_id = @account_id and g.card_id = @card_id and g.tracked and (g.author_id = @viewer_id or g.granted)
  and (g.author_id = @viewer_id or g.shown and g.visible)
  and exists (select from correspondences c
              where c.account_id = g.account_id and c.author_id = g.author_id and c.address_id = g.address_id)
  and (g.author_id = @viewer_id or exists (
      select from participants p
      join messages m on m.account_id = p.account_id and m.id = p.message_id
      where p.account_id = g.account_id and p.author_id = g.author_id and p.address_id = g.address_id
        and (m.bcc_addrs = '[]' or exists (
            select from jsonb_array_elements(m.to_addrs || m.cc_addrs || jsonb_build_array(m.from_addr)) as e
            where lower(trim(e ->> 'address')) = a.address))))
order by g.author_id <> @viewer_id, g.author, a.address;

-- name: FeedConversation :one
select g.author, a.address, g.granted, g.visible, g.reason, coalesce(g.share, 'none')::text as share, g.since
from granted_conversations g
join addresses a on a.account_id = g.account_id and a.id = g.address_id
where g.account_id = @account_id and g.card_id = @card_id and g.author_id = @author_id and a.address = @address;

-- name: FeedSettings :many
select kind, value from settings where account_id = @account_id and user_id = @user_id;

-- name: FeedCards :many
select kind, card, name from card_viewers
where account_id = @account_id and user_id = @user_id
order by kind, name, card
limit @row_limit::bigint;

-- name: FeedUsers :many
select crm_id, name from users
where account_id = @account_id and state = 'active'
order by name, crm_id
limit @row_limit::bigint;

-- name: FeedUser :one
select id from users where account_id = @account_id and crm_id = @crm_id;

-- name: FeedCardID :one
select id from cards where account_id = @account_id and kind = @kind and crm_id = @crm_id;

-- name: FeedSender :one
-- The viewer as the sender of a mail: the name, and the first of the own addresses.
select u.name, coalesce((select min(a.address) from user_addresses ua
                         join addresses a on a.account_id = ua.account_id and a.id = ua.address_id
                         where ua.account_id = u.account_id and ua.user_id = u.id), '')::text as address
from users u where u.account_id = @account_id and u.crm_id = @viewer;

-- name: FeedAudit :many
select id, at, actor, act, subject, effect from audit_log
where account_id = @account_id and id < @before_id
order by id desc
limit @row_limit::bigint;
