-- What is known of the addresses on a batch of mail, as classification asks. Nobody is blocked who is no user and where there is
-- no block list: asking that first spares most of the calls. offset 0: asked for each address, never made a list of all cards'.
-- name: AddressFacts :many
select a.id, a.address, u.own, u.of_user, c.on_card,
       (c.on_card and (u.of_user or exists (select from blocklist_entries e where e.account_id = @account_id))
           and is_blocked(@account_id, @author_id, a.id))::boolean as blocked
from (select unnest(@addresses::text[]) as address) n
cross join lateral (select x.account_id, x.id, x.address from addresses x
                    where x.account_id = @account_id and x.address = n.address limit 1) a
cross join lateral (select coalesce(bool_or(x.user_id = @author_id), false)::boolean as own, (count(*) > 0)::boolean as of_user
                    from user_addresses x where x.account_id = @account_id and x.address_id = a.id) u
cross join lateral (select exists (select from card_reach r
                                   where r.account_id = @account_id and r.address_id = a.id offset 0) as on_card offset 0) c;

-- name: MessagesByIdentity :many
select m.id, m.identity, m.thread_id, m.date, m.sort_key, m.bcc_addrs, m.address_ids, m.seen
from (select unnest(@identities::bytea[]) as identity) n
cross join lateral (select * from messages x
                    where x.account_id = @account_id and x.author_id = @author_id and x.identity = n.identity limit 1) m;

-- name: InsertMessages :many
insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, header_id, subject, preview,
                      from_addr, to_addrs, cc_addrs, bcc_addrs, attachments, address_ids, subject_key, subject_reply, size, seen)
select @account_id, @author_id, t.thread_id, t.identity, t.sort_key, t.date, t.direction, t.header_id, t.subject, t.preview,
       t.from_addr::jsonb, t.to_addrs::jsonb, t.cc_addrs::jsonb, t.bcc_addrs::jsonb, t.attachments::jsonb, t.address_ids::bigint[],
       nullif(t.subject_key, ''::bytea), t.subject_reply, t.size, t.seen
from (select unnest(@thread_ids::bigint[]) as thread_id, unnest(@identities::bytea[]) as identity,
             unnest(@sort_keys::bigint[]) as sort_key, unnest(@dates::timestamptz[]) as date,
             unnest(@directions::text[]) as direction, unnest(@header_ids::text[]) as header_id,
             unnest(@subjects::text[]) as subject, unnest(@previews::text[]) as preview,
             unnest(@from_addrs::text[]) as from_addr, unnest(@to_addrs::text[]) as to_addrs,
             unnest(@cc_addrs::text[]) as cc_addrs, unnest(@bcc_addrs::text[]) as bcc_addrs,
             unnest(@attachments::text[]) as attachments, unnest(@address_ids::text[]) as address_ids,
             unnest(@subject_keys::bytea[]) as subject_key, unnest(@subject_replies::boolean[]) as subject_reply,
             unnest(@sizes::bigint[]) as size, unnest(@seens::boolean[]) as seen) t
returning id, identity;

-- name: InsertBodies :exec
insert into message_bodies (account_id, message_id, text, html)
select @account_id, unnest(@message_ids::bigint[]), unnest(@texts::text[]), unnest(@htmls::text[]);

-- name: InsertParticipants :exec
insert into participants (account_id, author_id, address_id, date, sort_key, message_id)
select @account_id, @author_id, unnest(@address_ids::bigint[]), unnest(@dates::timestamptz[]), unnest(@sort_keys::bigint[]),
       unnest(@message_ids::bigint[])
on conflict do nothing;

-- A copy of a stored message brought blind recipients that the first copy did not name.
-- name: AddBcc :exec
update messages set bcc_addrs = @bcc_addrs, address_ids = @address_ids
where account_id = @account_id and id = @id;

-- name: KnownCorrespondents :many
select c.address_id
from (select unnest(@address_ids::bigint[]) as address_id) n
cross join lateral (select x.address_id from correspondences x
                    where x.account_id = @account_id and x.author_id = @author_id and x.address_id = n.address_id limit 1) c;

-- name: UpsertCorrespondences :exec
insert into correspondences (account_id, author_id, address_id, last_at)
select @account_id, @author_id, unnest(@address_ids::bigint[]), unnest(@lasts::timestamptz[])
on conflict (account_id, author_id, address_id) do update set last_at = excluded.last_at
where correspondences.last_at < excluded.last_at;

-- name: InsertDeliveries :exec
insert into deliveries (account_id, message_id, address, at)
select @account_id, unnest(@message_ids::bigint[]), unnest(@addresses::text[]), unnest(@ats::timestamptz[])
on conflict do nothing;

-- name: UnplacedMessages :many
select m.id from messages m
where m.account_id = @account_id and m.author_id = @author_id
  and not exists (select from ledger l where l.account_id = m.account_id and l.message_id = m.id)
limit @most;

-- Of the messages, those that are in no folder any more, with what hangs on them; then the correspondences they were of.
-- name: RemoveUnplaced :many
delete from messages m
where m.account_id = @account_id and m.id = any (@ids::bigint[])
  and not exists (select from ledger l where l.account_id = m.account_id and l.message_id = m.id)
returning m.id, m.address_ids;

-- name: ShrinkCorrespondences :exec
update correspondences c set last_at = n.last_at
from (select a.address_id, (select max(p.date) from participants p
                            where p.account_id = @account_id and p.author_id = @author_id and p.address_id = a.address_id) as last_at
      from unnest(@address_ids::bigint[]) as a (address_id)) n
where c.account_id = @account_id and c.author_id = @author_id and c.address_id = n.address_id
  and n.last_at is not null and c.last_at <> n.last_at;

-- name: RemoveEmptyCorrespondences :exec
delete from correspondences c
where c.account_id = @account_id and c.author_id = @author_id and c.address_id = any (@address_ids::bigint[])
  and not exists (select from participants p
                  where p.account_id = c.account_id and p.author_id = c.author_id and p.address_id = c.address_id);
