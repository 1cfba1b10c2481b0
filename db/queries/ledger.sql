-- What was given up for a reason that may have passed is fetched once more.
-- name: WantQuarantined :exec
update ledger l set wanted = true
from folders f
where f.account_id = @account_id and f.mailbox_id = @mailbox_id and f.gone_at is null
  and l.account_id = f.account_id and l.folder_id = f.id and l.uid_validity = f.uid_validity
  and l.disposition = 'quarantined' and l.reason = any (@reasons::text[]) and not l.wanted;

-- What was given up for such a reason, the longest untried first. A time ahead is of before the clock was put back.
-- name: QuarantinedUIDs :many
select l.folder_id, l.uid_validity, l.uid,
       (l.tried_at is null or l.tried_at not between now() - make_interval(secs => @rest_seconds::float8) and now())::boolean as due
from folders f
join ledger l on l.account_id = f.account_id and l.folder_id = f.id and l.uid_validity = f.uid_validity
where f.account_id = @account_id and f.mailbox_id = @mailbox_id and f.gone_at is null
  and l.disposition = 'quarantined' and l.reason = any (@reasons::text[])
order by due desc, l.tried_at nulls first, l.folder_id, l.uid
limit @most;

-- name: NoteTried :exec
update ledger set tried_at = now()
where account_id = @account_id and folder_id = @folder_id and uid_validity = @uid_validity and uid = @uid;

-- The UIDs that have a disposition, as ranges.
-- name: LedgerRanges :many
select min(uid)::bigint as first, max(uid)::bigint as last
from (select uid, uid - row_number() over (order by uid) as run
      from ledger
      where account_id = @account_id and folder_id = @folder_id and uid_validity = @uid_validity and disposition <> 'expunged') s
group by run
order by 1;

-- name: StoredRanges :many
select min(uid)::bigint as first, max(uid)::bigint as last
from (select uid, uid - row_number() over (order by uid) as run
      from ledger
      where account_id = @account_id and folder_id = @folder_id and uid_validity = @uid_validity and disposition = 'stored') s
group by run
order by 1;

-- name: WantedUIDs :many
select l.folder_id, l.uid
from folders f
join ledger l on l.account_id = f.account_id and l.folder_id = f.id and l.uid_validity = f.uid_validity
where f.account_id = @account_id and f.mailbox_id = @mailbox_id and f.gone_at is null and l.wanted;

-- name: LedgerCounts :many
select l.folder_id, count(*) as rows
from folders f
join ledger l on l.account_id = f.account_id and l.folder_id = f.id and l.uid_validity = f.uid_validity
where f.account_id = @account_id and f.mailbox_id = @mailbox_id and l.disposition <> 'expunged'
group by l.folder_id;

-- What is held of earlier lives of the folders, and of folders that are gone.
-- name: StaleUIDs :many
select l.folder_id, l.uid_validity, l.uid
from folders f
join ledger l on l.account_id = f.account_id and l.folder_id = f.id
where f.account_id = @account_id and f.mailbox_id = @mailbox_id and l.disposition <> 'expunged'
  and (l.uid_validity <> f.uid_validity or f.gone_at is not null)
order by 1, 2, 3;

-- name: UpsertLedger :exec
insert into ledger (account_id, folder_id, uid_validity, uid, disposition, reason, message_id, header_digest, size, internal_date, seen, tried_at)
select @account_id, @folder_id, @uid_validity, t.uid, t.disposition, nullif(t.reason, ''), nullif(t.message_id, 0),
       nullif(t.header_digest, ''::bytea), t.size, nullif(t.internal_date, 'epoch'::timestamptz), t.seen,
       case when t.disposition = 'quarantined' then now() end
from (select unnest(@uids::bigint[]) as uid, unnest(@dispositions::text[]) as disposition, unnest(@reasons::text[]) as reason,
             unnest(@message_ids::bigint[]) as message_id, unnest(@header_digests::bytea[]) as header_digest,
             unnest(@sizes::bigint[]) as size, unnest(@internal_dates::timestamptz[]) as internal_date,
             unnest(@seens::boolean[]) as seen) t
on conflict (account_id, folder_id, uid_validity, uid) do update
set disposition = excluded.disposition, reason = excluded.reason, message_id = excluded.message_id,
    header_digest = excluded.header_digest, size = excluded.size, internal_date = excluded.internal_date, seen = excluded.seen,
    wanted = false, tried_at = excluded.tried_at;

-- By place, each looked up by its whole key: of a table that has not been analysed yet the planner would rather read all of the folder's.
-- name: RemoveIndexedAddresses :exec
delete from indexed_addresses
where ctid = any (array(
    select i.place from unnest(@uids::bigint[]) as n(uid)
    cross join lateral (select x.ctid as place from indexed_addresses x
                        where x.account_id = @account_id and x.folder_id = @folder_id and x.uid_validity = @uid_validity and x.uid = n.uid
                        offset 0) i));

-- name: InsertIndexedAddresses :exec
insert into indexed_addresses (account_id, author_id, hash, folder_id, uid_validity, uid)
select @account_id, @author_id, unnest(@hashes::bytea[]), @folder_id, @uid_validity, unnest(@uids::bigint[])
on conflict do nothing;

-- Of the hashes, those whose address matches a card for the author now.
-- name: MatchingHashes :many
select a.hash
from (select unnest(@hashes::bytea[]) as hash) n
cross join lateral (select x.account_id, x.id, x.hash from addresses x
                    where x.account_id = @account_id and x.hash = n.hash limit 1) a
cross join lateral (select exists (select from card_reach r
                                   where r.account_id = a.account_id and r.address_id = a.id offset 0) as on_card) c
where c.on_card and not is_blocked(a.account_id, @author_id, a.id);

-- name: WantIndexed :exec
update ledger l set wanted = true
from indexed_addresses i
where i.account_id = @account_id and i.folder_id = @folder_id and i.uid_validity = @uid_validity and i.hash = any (@hashes::bytea[])
  and i.uid = any (@uids::bigint[])
  and l.account_id = i.account_id and l.folder_id = i.folder_id and l.uid_validity = i.uid_validity and l.uid = i.uid
  and not l.wanted;

-- The same copy again: header and size agree with one that is stored.
-- name: CopiesByDigest :many
select distinct l.header_digest, l.size, m.id as message_id
from (select unnest(@digests::bytea[]) as digest) n
cross join lateral (select x.header_digest, x.size, x.account_id, x.message_id from ledger x
                    where x.account_id = @account_id and x.header_digest = n.digest and x.disposition = 'stored' offset 0) l
cross join lateral (select x.id from messages x
                    where x.account_id = l.account_id and x.id = l.message_id and x.author_id = @author_id limit 1) m;

-- Each flag is looked up by its whole key: of a table that has not been analysed yet the planner would rather read all that is stored.
-- name: FlagsDiffer :one
select exists (
    select from (select unnest(@uids::bigint[]) as uid, unnest(@seens::boolean[]) as seen) t
    cross join lateral (select p.disposition, p.seen from ledger p
                        where p.account_id = @account_id and p.folder_id = @folder_id and p.uid_validity = @uid_validity and p.uid = t.uid
                        offset 0) l
    where l.disposition = 'stored' and l.seen <> t.seen);

-- By place: nobody else changes what is stored while the lock of the author's mail is held.
-- name: SetLedgerSeen :many
update ledger set seen = not seen
where ctid = any (array(
    select l.place from (select unnest(@uids::bigint[]) as uid, unnest(@seens::boolean[]) as seen) t
    cross join lateral (select p.ctid as place, p.disposition, p.seen from ledger p
                        where p.account_id = @account_id and p.folder_id = @folder_id and p.uid_validity = @uid_validity and p.uid = t.uid
                        offset 0) l
    where l.disposition = 'stored' and l.seen <> t.seen))
returning message_id;

-- name: SetMessagesSeen :exec
update messages m set seen = s.seen
from (select l.message_id, bool_or(l.seen) as seen
      from ledger l
      where l.account_id = @account_id and l.message_id = any (@ids::bigint[])
      group by l.message_id) s
where m.account_id = @account_id and m.id = s.message_id and m.seen <> s.seen;

-- name: CountStored :one
select count(distinct l.message_id)
from folders f
join ledger l on l.account_id = f.account_id and l.folder_id = f.id
where f.account_id = @account_id and f.mailbox_id = @mailbox_id and l.message_id is not null;

-- name: ExpungeUIDs :many
with rows as (
    select l.* from (select unnest(@uids::bigint[]) as uid) t
    cross join lateral (select p.folder_id, p.uid_validity, p.uid, p.message_id from ledger p
                        where p.account_id = @account_id and p.folder_id = @folder_id and p.uid_validity = @uid_validity and p.uid = t.uid
                          and p.disposition <> 'expunged' for update) l
), done as (
    update ledger l
    set disposition = 'expunged', reason = null, message_id = null, wanted = false
    from rows
    where l.account_id = @account_id and l.folder_id = rows.folder_id and l.uid_validity = rows.uid_validity and l.uid = rows.uid
)
select distinct message_id::bigint from rows where message_id is not null;


-- name: RemoveLedgerOfMailbox :many
delete from ledger l
where l.ctid = any (array(select p.ctid from folders f
                          join ledger p on p.account_id = f.account_id and p.folder_id = f.id
                          where f.account_id = @account_id and f.mailbox_id = @mailbox_id limit @most))
returning coalesce(l.message_id, 0)::bigint as message_id;

-- name: Placements :many
select f.mailbox_id, f.name, l.uid_validity, l.uid, l.header_digest, l.size
from ledger l
join folders f on f.account_id = l.account_id and f.id = l.folder_id and f.uid_validity = l.uid_validity
join mailboxes m on m.account_id = f.account_id and m.id = f.mailbox_id
where l.account_id = @account_id and l.message_id = @message_id::bigint and f.gone_at is null and m.state <> 'disconnected'
order by (f.role = 'inbox') desc, l.folder_id;

-- name: CorrespondencesToPurge :many
-- Blocked for long enough, and not looked through since, or so long ago that what their mail is exchanged with may have changed.
-- Own addresses are on every mail of their author's: they never decide.
select c.author_id, c.address_id
from correspondences c
where c.account_id = @account_id and c.blocked_at <= @before::timestamptz and (c.purged_at is null or c.purged_at <= @before)
  and not exists (select from user_addresses ua
                  where ua.account_id = c.account_id and ua.address_id = c.address_id and ua.user_id = c.author_id)
order by c.blocked_at, c.author_id, c.address_id
limit @at_most;

-- name: NotePurged :exec
update correspondences set purged_at = @at::timestamptz
where account_id = @account_id and author_id = @author_id and address_id = @address_id;

-- name: MessagesToPurge :many
-- Not what only disconnected mailboxes hold: unblocking could not fetch it from there.
select p.message_id, p.date, p.sort_key, m.address_ids
from participants p
join messages m on m.account_id = p.account_id and m.id = p.message_id
where p.account_id = @account_id and p.author_id = @author_id and p.address_id = @address_id
  and (p.date, p.sort_key, p.message_id) > (@after_date::timestamptz, @after_key::bigint, @after_id::bigint)
  and coalesce((select bool_or(b.state <> 'disconnected')
                from ledger l
                join folders f on f.account_id = l.account_id and f.id = l.folder_id
                join mailboxes b on b.account_id = f.account_id and b.id = f.mailbox_id
                where l.account_id = p.account_id and l.message_id = p.message_id), true)
order by p.date, p.sort_key, p.message_id
limit @at_most;

-- name: PurgeFacts :many
-- What classification asks of an address, and since when it is blocked for the author.
select a.id, a.hash,
       exists (select from user_addresses ua
               where ua.account_id = a.account_id and ua.address_id = a.id and ua.user_id = @author_id) as own,
       exists (select from user_addresses ua where ua.account_id = a.account_id and ua.address_id = a.id) as of_user,
       exists (select from card_reach r where r.account_id = a.account_id and r.address_id = a.id) as on_card,
       is_blocked(a.account_id, @author_id, a.id) as blocked,
       (select c.blocked_at from correspondences c
        where c.account_id = a.account_id and c.author_id = @author_id and c.address_id = a.id) as blocked_at
from addresses a
where a.account_id = @account_id and a.id = any (@ids::bigint[]);

-- name: PurgeFromLedger :many
-- Back to what the mail would be had it come today.
update ledger l set disposition = n.disposition, message_id = null, wanted = false
from (select unnest(@ids::bigint[]) as id, unnest(@dispositions::text[]) as disposition) n
where l.account_id = @account_id and l.message_id = n.id
returning n.id::bigint as message_id, l.folder_id, l.uid_validity, l.uid;

-- name: IndexPlaces :exec
insert into indexed_addresses (account_id, author_id, hash, folder_id, uid_validity, uid)
select @account_id, @author_id, unnest(@hashes::bytea[]), unnest(@folder_ids::bigint[]), unnest(@uid_validities::bigint[]), unnest(@uids::bigint[])
on conflict do nothing;
