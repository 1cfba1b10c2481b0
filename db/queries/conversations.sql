-- name: LinkCards :exec
-- Conversations that the cards' addresses and the authors' correspondences make and that are not there yet.
insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, shown, blocked)
select k.account_id, co.author_id, k.id, r.address_id, k.kind, true, false, is_blocked(k.account_id, co.author_id, r.address_id)
from cards k
cross join lateral (select x.address_id from card_reach x where x.account_id = k.account_id and x.card_id = k.id offset 0) r
join correspondences co on co.account_id = k.account_id and co.address_id = r.address_id
where k.account_id = @account_id and k.id = any(@card_ids::bigint[])
order by co.author_id, k.id, r.address_id
on conflict do nothing;

-- name: LinkAuthor :exec
-- The same, from an author's side.
insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, shown, blocked)
select @account_id, @author_id, r.card_id, n.address_id, r.kind, true, false, is_blocked(@account_id, @author_id, n.address_id)
from (select unnest(@address_ids::bigint[]) as address_id) n
cross join lateral (select x.card_id, x.kind from card_reach x where x.account_id = @account_id and x.address_id = n.address_id offset 0) r
order by r.card_id, n.address_id
on conflict do nothing;

-- name: RelinkCards :exec
-- What leaves its card or is blocked is unshown at once; the stamp's reason follows in the same transaction.
update conversations c
set on_card = f.on_card, blocked = f.blocked, visible = c.visible and f.on_card and not f.blocked
from (
    select i.author_id, i.card_id, i.address_id, is_blocked(i.account_id, i.author_id, i.address_id) as blocked,
           exists (select from card_reach r
                   where r.account_id = i.account_id and r.card_id = i.card_id and r.address_id = i.address_id offset 0) as on_card
    from conversations i
    where i.account_id = @account_id and i.card_id = any(@card_ids::bigint[])
) f
where c.account_id = @account_id and c.author_id = f.author_id and c.card_id = f.card_id and c.address_id = f.address_id
  and (c.on_card, c.blocked) <> (f.on_card, f.blocked);

-- name: RelinkAddresses :many
-- After a change of who is blocked: the conversations that it concerns.
update conversations c
set blocked = not c.blocked, visible = c.visible and c.blocked
where c.account_id = @account_id and c.address_id = any(@address_ids::bigint[])
  and c.blocked <> is_blocked(c.account_id, c.author_id, c.address_id)
returning c.author_id, c.card_id, c.address_id;

-- name: NoteBlocked :exec
-- Since when addresses are blocked for whom, after a change of who is.
update correspondences c
set blocked_at = case when f.blocked then now() end, purged_at = null
from (
    select i.author_id, i.address_id, is_blocked(i.account_id, i.author_id, i.address_id) as blocked
    from correspondences i
    where i.account_id = @account_id and i.address_id = any(@address_ids::bigint[])
) f
where c.account_id = @account_id and c.author_id = f.author_id and c.address_id = f.address_id
  and (c.blocked_at is not null) <> f.blocked;

-- name: LiftEarlierPrivates :exec
-- "Shared" on a contact lifts what its author said earlier on its deals, those linked later too (SPEC 3.2). When a share was
-- carried over is not when its author said it.
update conversations d
set share = null, share_at = said.share_at, share_by = said.share_by, share_implied = true
from (
    select k.author_id, dc.deal_id, k.address_id, max(k.share_at) as share_at, min(k.share_by) as share_by
    from deal_contacts dc
    join cards deal on deal.account_id = dc.account_id and deal.id = dc.deal_id and deal.state = 'open'
    join cards contact on contact.account_id = dc.account_id and contact.id = dc.contact_id and contact.state = 'open'
    join card_addresses ca on ca.account_id = dc.account_id and ca.card_id = dc.contact_id
    join conversations k on k.account_id = dc.account_id and k.card_id = dc.contact_id and k.address_id = ca.address_id
                        and k.share = 'shared' and k.share_from is null
    where dc.account_id = @account_id and dc.deal_id = any(@card_ids::bigint[])
    group by k.author_id, dc.deal_id, k.address_id
) said
where d.account_id = @account_id and d.author_id = said.author_id and d.card_id = said.deal_id and d.address_id = said.address_id
  and d.share = 'private' and d.share_at < said.share_at;

-- name: FactsOfCards :many
select * from conversation_facts where account_id = @account_id and card_id = any(@card_ids::bigint[]);

-- name: FactsOfAuthor :many
-- On the cards that have the addresses, each by its whole key: by author and address the planner may read all of the author's. Those
-- on other cards are older than the correspondence, which changes nothing about them.
select f.* from (
    select distinct r.card_id, n.address_id -- a deal may have an address from several contacts
    from (select unnest(@address_ids::bigint[]) as address_id) n
    cross join lateral (select x.card_id from card_reach x where x.account_id = @account_id and x.address_id = n.address_id offset 0) r
    order by r.card_id, n.address_id -- as everybody locks them
) k
cross join lateral (select * from conversation_facts x
                    where x.account_id = @account_id and x.author_id = @author_id and x.card_id = k.card_id and x.address_id = k.address_id
                    offset 0) f;

-- name: FactsOfConversations :many
select f.* from (select unnest(@author_ids::bigint[]) as author_id, unnest(@card_ids::bigint[]) as card_id, unnest(@address_ids::bigint[]) as address_id) k
join conversation_facts f on f.account_id = @account_id and f.author_id = k.author_id and f.card_id = k.card_id
                         and f.address_id = k.address_id;

-- name: Stamp :exec
-- since moves only when the verdict does. News, a verdict that is another than the one read, goes to the outbox unless somebody
-- else wrote the same meanwhile; after the rows are locked, so that events of a conversation have their ids in the order of the commits.
with stamped as (
    update conversations c
    set visible = v.visible, shown = c.shown or v.visible, reason = v.reason, author_epoch = v.author_epoch, card_epoch = v.card_epoch, owner_epoch = v.owner_epoch,
        since = case when c.visible = v.visible and c.reason = v.reason then c.since else now() end, stamped_at = now()
    from (select unnest(@author_ids::bigint[]) as author_id, unnest(@card_ids::bigint[]) as card_id, unnest(@address_ids::bigint[]) as address_id, unnest(@visibles::boolean[]) as visible, unnest(@reasons::text[]) as reason, unnest(@author_epochs::bigint[]) as author_epoch, unnest(@card_epochs::bigint[]) as card_epoch, unnest(@owner_epochs::bigint[]) as owner_epoch, unnest(@news::boolean[]) as is_news limit cardinality(@author_ids)) v
    where c.account_id = @account_id and c.author_id = v.author_id and c.card_id = v.card_id and c.address_id = v.address_id
    returning c.author_id, c.card_id, c.address_id, c.visible, c.reason, v.is_news and c.since = now() as is_news
)
insert into outbox (account_id, type, author_id, card_id, address_id, visible, reason)
select @account_id, 'thread.stamped', s.author_id, s.card_id, s.address_id, s.visible, s.reason
from stamped s
where s.is_news and exists (select from crm_endpoints e where e.account_id = @account_id);

-- name: StampBySetting :one
-- The author's next conversations of a kind, in key order after a position, where the setting decides alone what the author did
-- not decide for each (rules.Setting.Decides): stamped with what the rules make of the author's words. Their card's epoch stays:
-- what else the stamp rests on is the card's to say. The chunk is found first and stamped by its range: joining it to itself
-- by key costs half as much again. The range is said of card_id alone too: planners know what such a range holds, and not what
-- one of pairs holds, and else go by the cards' other authors.
with verdict as materialized (
    select unnest(@on_cards::boolean[]) as on_card, unnest(@blockeds::boolean[]) as blocked, unnest(@shares::text[]) as share, unnest(@shareds_on_contact::boolean[]) as shared_on_contact, unnest(@visibles::boolean[]) as visible, unnest(@reasons::text[]) as reason
), chunk as materialized (
    select c.card_id, c.address_id, c.visible, c.reason, c.on_card, c.blocked,
           (case when c.share is null or is_held(c) then '' else c.share end)::text as share
    from conversations c
    where c.account_id = @account_id and c.author_id = @author_id and c.kind = @kind and c.author_epoch < @epoch
      and (c.card_id, c.address_id) > (@after_card::bigint, @after_address::bigint)
    order by c.card_id, c.address_id limit @max_rows
), on_contact as materialized ( -- asked of what the author shares on some contact only, which a table in memory knows
    select k.card_id, k.address_id from chunk k
    where @kind = 'deal' and case when k.address_id in (
        select x.address_id from conversations x
        where x.account_id = @account_id and x.author_id = @author_id and x.kind = 'contact' and x.share = 'shared'
    ) then exists (
        select from shares_on_contacts s
        where s.account_id = @account_id and s.author_id = @author_id and s.card_id = k.card_id and s.address_id = k.address_id
    ) else false end
), last as materialized (
    select card_id, address_id from chunk order by card_id desc, address_id desc limit 1
), stamped as (
    update conversations c
    set visible = v.visible, shown = c.shown or v.visible, reason = v.reason, author_epoch = @epoch,
        since = case when c.visible = v.visible and c.reason = v.reason then c.since else now() end, stamped_at = now()
    from verdict v
    where c.account_id = @account_id and c.author_id = @author_id and c.kind = @kind and c.author_epoch < @epoch
      and c.card_id >= @after_card and c.card_id <= (select card_id from last)
      and (c.card_id, c.address_id) > (@after_card, @after_address)
      and (c.card_id, c.address_id) <= ((select card_id from last), (select address_id from last))
      and v.on_card = c.on_card and v.blocked = c.blocked
      and v.share = case when c.share is null or is_held(c) then '' else c.share end
      and v.shared_on_contact = ((c.card_id, c.address_id) in (select card_id, address_id from on_contact))
    returning c.card_id, c.address_id, c.visible, c.reason, c.since = now() as changed
), announced as (
    insert into outbox (account_id, type, author_id, card_id, address_id, visible, reason)
    select @account_id, 'thread.stamped', @author_id, s.card_id, s.address_id, s.visible, s.reason
    from stamped s
    join chunk k on k.card_id = s.card_id and k.address_id = s.address_id
    where exists (select from crm_endpoints e where e.account_id = @account_id)
      and s.changed and (s.visible, s.reason) <> (k.visible, k.reason) and (k.reason <> 'unstamped' or k.on_card and not k.blocked)
)
select count(*) as stamped, count(*) filter (where v.visible and not k.visible) as shown,
       count(*) filter (where k.visible and not v.visible) as hidden,
       coalesce((select card_id from last), 0)::bigint as last_card, coalesce((select address_id from last), 0)::bigint as last_address
from chunk k
join verdict v on v.on_card = k.on_card and v.blocked = k.blocked and v.share = k.share
              and v.shared_on_contact = ((k.card_id, k.address_id) in (select card_id, address_id from on_contact));

-- name: BehindAuthor :many
-- The author's conversations of a kind whose stamps are older than the setting's epoch, in key order after a position.
select card_id, address_id from conversations
where account_id = @account_id and author_id = @author_id and kind = @kind and author_epoch < @epoch
  and (card_id, address_id) > (@after_card::bigint, @after_address::bigint)
order by card_id, address_id limit @max_rows;

-- name: FactsBehindAuthor :many
-- The facts of what BehindAuthor found, by its range: one walk through the key, not a look-up for each.
select * from conversation_facts
where account_id = @account_id and author_id = @author_id and kind = @kind and stamped_author_epoch < @epoch
  and (card_id, address_id) >= (@first_card::bigint, @first_address::bigint)
  and (card_id, address_id) <= (@last_card::bigint, @last_address::bigint);

-- name: OwnersAfterAuthor :many
-- OwnersThatDecide, of one author and a range of cards (said of both tables, or all cards are read).
select distinct k.owner_id::bigint as owner_id
from card_owners o
join cards k on k.account_id = o.account_id and k.id = o.card_id
where o.account_id = @account_id and o.user_id = @author_id and o.card_id between @first_card::bigint and @last_card::bigint
  and k.id between @first_card::bigint and @last_card::bigint
  and k.owner_id <> o.user_id;

-- name: BehindOwner :many
-- Conversations of former owners on the cards that the owner has now.
select c.author_id, c.card_id, c.address_id
from cards k
join card_owners o on o.account_id = k.account_id and o.card_id = k.id and o.user_id <> k.owner_id
join conversations c on c.account_id = o.account_id and c.author_id = o.user_id and c.card_id = o.card_id
where k.account_id = @account_id and k.owner_id = @owner_id::bigint and k.kind = @kind and c.owner_epoch < @epoch
  and (c.author_id, c.card_id, c.address_id) > (@after_author::bigint, @after_card::bigint, @after_address::bigint)
order by c.author_id, c.card_id, c.address_id limit @max_rows;

-- name: BehindCard :many
select author_id, address_id from conversations
where account_id = @account_id and card_id = @card_id and card_epoch < @epoch
  and (author_id, address_id) > (@after_author::bigint, @after_address::bigint)
order by author_id, address_id limit @max_rows;

-- name: OwnersThatDecide :many
-- Whose settings the authors' conversations on these cards may rest on by R5.
select distinct k.owner_id::bigint as owner_id
from (select unnest(@card_ids::bigint[]) as card_id) n
cross join lateral (select x.owner_id from cards x where x.account_id = @account_id and x.id = n.card_id limit 1) k
cross join lateral (select x.user_id from card_owners x where x.account_id = @account_id and x.card_id = n.card_id offset 0) o
where o.user_id <> k.owner_id and o.user_id = any(@author_ids::bigint[]);

-- name: CardsWithAddresses :many
select distinct r.card_id from (select unnest(@address_ids::bigint[]) as address_id) n
cross join lateral (select x.card_id from card_reach x where x.account_id = @account_id and x.address_id = n.address_id offset 0) r;

-- name: Setting :one
select value, epoch from settings where account_id = @account_id and user_id = @user_id and kind = @kind;

-- name: CountStampsBehind :one
select count(*) from conversation_facts
where account_id = @account_id
  and (stamped_author_epoch < author_epoch or stamped_card_epoch < card_epoch
       or (reason in ('handover_visible', 'handover_hidden') and stamped_owner_epoch < owner_epoch));

-- name: Conversation :one
select * from conversations
where account_id = @account_id and author_id = @author_id and card_id = @card_id and address_id = @address_id;

-- name: PutShare :exec
-- The author's word; the conversation may come later.
insert into conversations (account_id, author_id, card_id, address_id, kind, shown, on_card, blocked, share, share_version,
                           share_at, share_by, share_implied, share_called)
values (@account_id, @author_id, @card_id, @address_id, @kind, false,
        exists (select from card_reach r where r.account_id = @account_id and r.card_id = @card_id and r.address_id = @address_id),
        is_blocked(@account_id, @author_id, @address_id), @share, @share_version, @share_at, @share_by, @share_implied, @share_called)
on conflict (account_id, author_id, card_id, address_id) do update
set share = excluded.share, share_version = excluded.share_version, share_at = excluded.share_at, share_by = excluded.share_by,
    share_implied = excluded.share_implied, share_called = excluded.share_called, share_from = null;

-- name: ImplyShares :exec
-- What a word on one card says of others (SPEC 3.2), where the author did not say something there later.
insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, shown, blocked, share, share_at, share_by,
                           share_implied)
select k.account_id, @author_id, k.id, @address_id, k.kind, true, false, is_blocked(k.account_id, @author_id, @address_id),
       sqlc.narg(share), @share_at, @share_by, true
from cards k where k.account_id = @account_id and k.id = any(@card_ids::bigint[])
order by k.id
on conflict (account_id, author_id, card_id, address_id) do update
set share = excluded.share, share_at = excluded.share_at, share_by = excluded.share_by, share_implied = true, share_from = null
where conversations.share_at is null or conversations.share_at <= excluded.share_at;

-- name: LinkedDeals :many
-- Open deals that have the address from the open contact, with the author's conversation there as it stands.
select d.id, d.crm_id, coalesce(c.share, '') as share, coalesce(c.reason, '') as reason, c.share_at
from deal_contacts dc
join cards d on d.account_id = dc.account_id and d.id = dc.deal_id and d.state = 'open'
join cards k on k.account_id = dc.account_id and k.id = dc.contact_id and k.state = 'open'
join card_addresses ca on ca.account_id = dc.account_id and ca.card_id = dc.contact_id and ca.address_id = @address_id
left join conversations c on c.account_id = d.account_id and c.author_id = @author_id and c.card_id = d.id and c.address_id = @address_id
where dc.account_id = @account_id and dc.contact_id = @contact_id
order by d.crm_id;

-- name: LinkedContacts :many
-- Open contacts of the open deal that have the address, and what the author said there.
select k.id, k.crm_id, (case when c.share is null or is_held(c) then '' else c.share end)::text as share, c.share_at,
       (c.share_from is not null)::boolean as carried
from deal_contacts dc
join cards d on d.account_id = dc.account_id and d.id = dc.deal_id and d.state = 'open'
join cards k on k.account_id = dc.account_id and k.id = dc.contact_id and k.state = 'open'
join card_addresses ca on ca.account_id = dc.account_id and ca.card_id = dc.contact_id and ca.address_id = @address_id
left join conversations c on c.account_id = k.account_id and c.author_id = @author_id and c.card_id = k.id and c.address_id = @address_id
where dc.account_id = @account_id and dc.deal_id = @deal_id
order by k.crm_id;

-- name: WantMail :many
-- Mail that was not stored and now has an address of one of these cards: to be fetched. Returns the mailboxes concerned.
with wanted as (
    update ledger l set wanted = true
    from (
        select distinct ia.folder_id, ia.uid_validity, ia.uid
        from card_reach r
        join addresses a on a.account_id = r.account_id and a.id = r.address_id
        join indexed_addresses ia on ia.account_id = a.account_id and ia.hash = a.hash
        where r.account_id = @account_id and r.card_id = any(@card_ids::bigint[])
          and not is_blocked(r.account_id, ia.author_id, r.address_id)
    ) m
    where l.account_id = @account_id and l.folder_id = m.folder_id and l.uid_validity = m.uid_validity and l.uid = m.uid
      and l.disposition in ('indexed', 'blocked', 'internal') and not l.wanted
    returning l.folder_id
)
select distinct f.mailbox_id from wanted w join folders f on f.account_id = @account_id and f.id = w.folder_id;

-- name: WakeMailbox :exec
-- Tells the workers, at commit, that a mailbox has something to do.
select pg_notify('mailstamp_wake', @account_id::bigint || '/' || @mailbox_id::bigint);

-- name: CardsNear :many
-- The deals of a contact; a deal's contacts and their other deals.
select dc.deal_id as card_id from deal_contacts dc where dc.account_id = @account_id and dc.contact_id = @card_id
union
select dc.contact_id from deal_contacts dc where dc.account_id = @account_id and dc.deal_id = @card_id
union
select o.deal_id from deal_contacts d
join deal_contacts o on o.account_id = d.account_id and o.contact_id = d.contact_id
where d.account_id = @account_id and d.deal_id = @card_id;

-- name: AddressesEverOn :many
-- Addresses that the cards have, or had when some conversation was made.
select r.address_id from card_holds r where r.account_id = @account_id and r.card_id = any(@card_ids::bigint[])
union
select c.address_id from conversations c where c.account_id = @account_id and c.card_id = any(@card_ids::bigint[]);

-- name: SharesToCarry :many
-- What authors said on cards that are converted or merged away, the private words first.
select c.author_id, u.crm_id as author, c.address_id, c.share::text as share, c.share_from, c.card_id, c.share_by
from conversations c
join users u on u.account_id = c.account_id and u.id = c.author_id
where c.account_id = @account_id and c.card_id = any(@card_ids::bigint[]) and c.share is not null
order by c.share, c.card_id, c.author_id, c.address_id;

-- name: CarryShare :one
-- Private wins; a shared goes only where nothing was said, and is held while the audience is larger than it was. What the author
-- said on the card later than the change stands; what was carried there too gives way to private whenever.
insert into conversations (account_id, author_id, card_id, address_id, kind, shown, on_card, blocked, share, share_at, share_by,
                           share_implied, share_from)
values (@account_id, @author_id, @card_id, @address_id, @kind, false,
        exists (select from card_reach r where r.account_id = @account_id and r.card_id = @card_id and r.address_id = @address_id),
        is_blocked(@account_id, @author_id, @address_id), @share, @share_at, @share_by, true, sqlc.narg(share_from))
on conflict (account_id, author_id, card_id, address_id) do update
set share = excluded.share, share_at = excluded.share_at, share_by = excluded.share_by, share_implied = true,
    share_from = excluded.share_from
where (conversations.share_at is null or conversations.share_at <= excluded.share_at or conversations.share_from is not null)
  and (excluded.share = 'private' or conversations.share is null)
returning is_held(conversations)::boolean as held;

-- name: CarriedShares :many
-- Shares that were carried over to this card or from it and not confirmed since, and whether they are held as the audiences are now.
select c.author_id, u.crm_id as author, c.card_id, k.kind, k.crm_id, c.address_id, is_held(c)::boolean as held
from conversations c
join users u on u.account_id = c.account_id and u.id = c.author_id
join cards k on k.account_id = c.account_id and k.id = c.card_id
where c.account_id = @account_id and c.share_from is not null and (c.card_id = @card_id or c.share_from = @card_id)
order by c.card_id, c.author_id, c.address_id;

-- name: CardsCarriedTo :many
select distinct card_id from conversations where account_id = @account_id and share_from = any(@from_ids::bigint[]);

-- name: DropCarried :exec
update conversations set share = null, share_at = null, share_by = null, share_from = null, share_implied = false
where account_id = @account_id and author_id = @author_id and card_id = @card_id and address_id = @address_id
  and share_from = @from_card::bigint;
