-- name: RequestErasure :one
-- A person erased before is looked for again: something may have named them since.
insert into erasures (account_id, hash, address_id)
values (@account_id, @hash, @address_id)
on conflict (account_id, hash) do update
set address_id = excluded.address_id, walked = 0, finished_at = null
returning *;

-- name: Erasure :one
select * from erasures where account_id = @account_id and id = @id;

-- name: ErasuresUnderWay :many
select id from erasures where account_id = @account_id and finished_at is null order by id;

-- name: ErasedHashes :many
-- Lateral, so that the index is asked for each: there are few erasures, or many.
select e.hash
from (select unnest(@hashes::bytea[]) as hash) n
cross join lateral (select x.hash from erasures x where x.account_id = @account_id and x.hash = n.hash limit 1) e;

-- name: NoteErased :exec
update erasures set removed = @removed, walked = @walked where account_id = @account_id and id = @id;

-- name: FinishErasure :exec
update erasures set address_id = null, finished_at = now() where account_id = @account_id and id = @id;

-- name: EnsureAddress :one
-- Of a person to be erased, known or not. (Nobody else is given rows without looking at erasures: InternAddresses.)
with made as (
    insert into addresses (account_id, address, hash, domains) values (@account_id, @address, @hash, @domains::text[])
    on conflict do nothing
    returning id
)
select id from made
union all
select a.id from addresses a where a.account_id = @account_id and a.hash = @hash
limit 1;

-- name: AddressByHash :one
select id, address from addresses where account_id = @account_id and hash = @hash;

-- name: RemoveAddress :execrows
delete from addresses where account_id = @account_id and id = @id;

-- name: UsersWithAddress :many
-- Whose address it is, or whose login.
select u.id, u.state from user_addresses ua
join users u on u.account_id = ua.account_id and u.id = ua.user_id
where ua.account_id = @account_id and ua.address_id = @address_id
union
select u.id, u.state from mailboxes m
join users u on u.account_id = m.account_id and u.id = m.user_id
where m.account_id = @account_id and m.username ~* @pattern::text;

-- What the CRM told of a person, removed by package visibility.

-- name: ForgetConversations :execrows
delete from conversations where account_id = @account_id and address_id = @address_id;

-- name: ForgetCardAddresses :many
delete from card_addresses where account_id = @account_id and address_id = @address_id returning card_id;

-- name: ForgetUserAddresses :many
delete from user_addresses where account_id = @account_id and address_id = @address_id returning user_id;

-- name: ForgetBlocklistEntries :execrows
delete from blocklist_entries where account_id = @account_id and address = @address;

-- name: ForgetCardNames :execrows
-- The names of the person's own cards, and of those that hold the address in their text.
update cards set name = ''
where account_id = @account_id and name <> '' and (id = any (@ids::bigint[]) or name ~* @pattern::text);

-- name: ForgetUserNames :execrows
update users set name = ''
where account_id = @account_id and name <> '' and (id = any (@ids::bigint[]) or name ~* @pattern::text);

-- name: ForgetLogins :execrows
update mailboxes set username = ''
where account_id = @account_id and (user_id = any (@user_ids::bigint[]) or username ~* @pattern::text) and username <> '';

-- name: ForgetLabels :execrows
update card_addresses set label = '' where account_id = @account_id and label ~* @pattern::text;

-- Mail of a person, removed by package ingest.

-- name: WithdrawMessages :one
-- Takes mail with the address out of sight, that of users who still are (living), or of all. Participants and address_ids are
-- the only ways from a conversation to a message and back.
with chosen as materialized (
    select distinct p.message_id
    from correspondences c
    join users u on u.account_id = c.account_id and u.id = c.author_id and (u.state <> 'deleted' or not @living::boolean)
    join participants p on p.account_id = c.account_id and p.author_id = c.author_id and p.address_id = c.address_id
    where c.account_id = @account_id and c.address_id = @address_id
    limit @at_most
), kept as (
    insert into withdrawn_messages (account_id, message_id, erasure_id, address_ids)
    select m.account_id, m.id, @erasure_id, m.address_ids
    from chosen join messages m on m.account_id = @account_id and m.id = chosen.message_id
    on conflict do nothing
), cut as (
    delete from participants p using chosen where p.account_id = @account_id and p.message_id = chosen.message_id
    returning p.message_id
), blanked as (
    update messages m set address_ids = '{}' from chosen where m.account_id = @account_id and m.id = chosen.message_id
)
select (select count(*) from chosen) as messages, (select count(*) from cut) as participants;

-- name: WithdrawnMessages :many
select message_id from withdrawn_messages
where account_id = @account_id and erasure_id = @erasure_id
order by message_id limit @at_most;

-- name: WithdrawnParties :many
-- Whom the withdrawn mail was exchanged with, but for the person, by whose correspondences the rest of the mail is found.
select m.author_id, array_agg(distinct w.party)::bigint[] as address_ids
from (select x.message_id, unnest(x.address_ids) as party from withdrawn_messages x
      where x.account_id = @account_id and x.erasure_id = @erasure_id) w
join messages m on m.account_id = @account_id and m.id = w.message_id
where w.party <> @address_id::bigint
group by m.author_id;

-- name: EraseFromLedger :execrows
update ledger set disposition = 'skipped', reason = @reason, message_id = null, header_digest = null, wanted = false
where account_id = @account_id and message_id = any (@ids::bigint[]);

-- name: EraseDeliveryEvents :execrows
delete from delivery_events where account_id = @account_id and message_id = any (@ids::bigint[]);

-- name: EraseDeliveries :execrows
delete from deliveries where account_id = @account_id and message_id = any (@ids::bigint[]);

-- name: EraseBodies :execrows
delete from message_bodies where account_id = @account_id and message_id = any (@ids::bigint[]);

-- name: EraseMessages :execrows
delete from messages where account_id = @account_id and id = any (@ids::bigint[]);

-- name: EraseCorrespondences :execrows
delete from correspondences where account_id = @account_id and address_id = @address_id;

-- name: EraseReports :execrows
-- Reports on the person's mail that is removed.
delete from reports where account_id = @account_id and message_id = any (@ids::bigint[]);

-- name: EraseReportsTo :execrows
-- Reports on mail to the person, whatever mail that was: reads all of the account's.
delete from reports where account_id = @account_id and @hash::bytea = any (recipients);

-- name: EraseIndexed :one
-- Mail that was never stored, known by the hashes of its addresses: it is not to be found again by any of them.
with found as materialized (
    select distinct x.folder_id, x.uid_validity, x.uid from indexed_addresses x
    where x.account_id = @account_id and x.hash = @hash limit @at_most
), gone as (
    delete from indexed_addresses i using found f
    where i.account_id = @account_id and i.folder_id = f.folder_id and i.uid_validity = f.uid_validity and i.uid = f.uid
    returning i.uid
), marked as (
    update ledger l set disposition = 'skipped', reason = @reason, header_digest = null, wanted = false
    from found f
    where l.account_id = @account_id and l.folder_id = f.folder_id and l.uid_validity = f.uid_validity and l.uid = f.uid
    returning l.uid
)
select (select count(*) from gone) as hashes, (select count(*) from marked) as uids;

-- name: LastOfWalk :one
-- The message at which the next step of the walk through the texts ends; 0: there is none left.
select coalesce(max(s.message_id), 0)::bigint as message_id
from (select b.message_id from message_bodies b
      where b.account_id = @account_id and b.message_id > @after order by b.message_id limit @at_most) s;

-- name: RedactBodies :execrows
update message_bodies b
set text = regexp_replace(b.text, @pattern::text, @instead::text, 'gi'), html = regexp_replace(b.html, @pattern::text, @instead::text, 'gi')
where b.account_id = @account_id and b.message_id > @after and b.message_id <= @until
  and (b.text ~* @pattern::text or b.html ~* @pattern::text);

-- name: RedactMessages :execrows
update messages m
set subject = regexp_replace(m.subject, @pattern::text, @instead::text, 'gi'),
    preview = regexp_replace(m.preview, @pattern::text, @instead::text, 'gi'),
    from_addr = regexp_replace(m.from_addr::text, @pattern::text, @instead::text, 'gi')::jsonb,
    to_addrs = regexp_replace(m.to_addrs::text, @pattern::text, @instead::text, 'gi')::jsonb,
    cc_addrs = regexp_replace(m.cc_addrs::text, @pattern::text, @instead::text, 'gi')::jsonb,
    bcc_addrs = regexp_replace(m.bcc_addrs::text, @pattern::text, @instead::text, 'gi')::jsonb,
    attachments = regexp_replace(m.attachments::text, @pattern::text, @instead::text, 'gi')::jsonb
where m.account_id = @account_id and m.id > @after and m.id <= @until
  and (m.subject || ' ' || m.preview || ' ' || m.from_addr::text || ' ' || m.to_addrs::text || ' ' || m.cc_addrs::text || ' '
       || m.bcc_addrs::text || ' ' || m.attachments::text) ~* @pattern::text;

-- name: RedactDeliveryEvents :execrows
update delivery_events
set reporter = regexp_replace(reporter, @pattern::text, @instead::text, 'gi'), passage = regexp_replace(passage, @pattern::text, @instead::text, 'gi')
where account_id = @account_id and message_id > @after and message_id <= @until and (reporter ~* @pattern::text or passage ~* @pattern::text);
