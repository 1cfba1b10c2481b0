-- Every statement of release 1, as its generated code sends it: they must go on working on the schemas of its successors.

-- name: Account :one
select id, public_id, name, sealed_webhook_secret, sealed_token_key, sealed_data_key, handover, deletion, policy_version, created_at from accounts where id = $1;

-- name: AccountByPublicID :one
select id, public_id, name, sealed_webhook_secret, sealed_token_key, sealed_data_key, handover, deletion, policy_version, created_at from accounts where public_id = $1;

-- name: AccountIDs :many
select id from accounts order by id;

-- name: CreateAccount :one
insert into accounts (public_id, name, sealed_webhook_secret, sealed_token_key, sealed_data_key)
values ($1, $2, $3, $4, $5)
returning id;

-- name: AddressIDs :many
select id, address from addresses where account_id = $1 and address = any($2::text[]);

-- name: AddressesByID :many
select id, address from addresses where account_id = $1 and id = any($2::bigint[]);

-- name: InternAddresses :exec
insert into addresses (account_id, address, hash, domains)
select $1, a.address, a.hash, string_to_array(a.domains, ' ')
from (select unnest($2::text[]) as address, unnest($3::bytea[]) as hash, unnest($4::text[]) as domains) a
order by a.address
on conflict do nothing;

-- name: AppendAudit :exec
insert into audit_log (account_id, id, at, actor, act, subject, effect, hash)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: AuditEntriesAfter :many
select account_id, id, at, actor, act, subject, effect, hash from audit_log where account_id = $1 and id > $2 order by id limit $3;

-- name: LastAuditEntry :one
select id, hash from audit_log where account_id = $1 order by id desc limit 1;

-- name: AddBlocklistEntries :exec
insert into blocklist_entries (account_id, blocklist_id, address, domain, card_id)
select $1, $2, nullif(e.address, ''), nullif(e.domain, ''), nullif(e.card_id, 0)
from (select unnest($3::text[]) as address, unnest($4::text[]) as domain, unnest($5::bigint[]) as card_id) e
on conflict do nothing;

-- name: AddressesBlockedByCards :many
select distinct r.address_id
from blocklist_entries e
join card_holds r on r.account_id = e.account_id and r.card_id = e.card_id
where e.account_id = $1
  and (e.card_id = any($2::bigint[])
       or e.card_id in (select deal_id from deal_contacts dc where dc.account_id = $1 and dc.contact_id = any($2::bigint[])));

-- name: BlockedBy :many
select distinct a.id from addresses a
join blocklist_entries e on e.account_id = a.account_id
where a.account_id = $1 and e.blocklist_id = $2
  and (e.address = a.address or e.domain = any (a.domains)
       or exists (select from card_holds r where r.account_id = a.account_id and r.card_id = e.card_id and r.address_id = a.id));

-- name: Blocklist :one
select account_id, id, user_id, version from blocklists where account_id = $1 and user_id is not distinct from $2;

-- name: CardBlockEntries :many
select distinct card_id::bigint as card_id from blocklist_entries where account_id = $1 and card_id = any($2::bigint[]);

-- name: ChangePolicy :exec
update accounts set policy_version = $1, handover = $2, deletion = $3 where id = $4;

-- name: ClearBlocklist :exec
delete from blocklist_entries where account_id = $1 and blocklist_id = $2;

-- name: EnsureBlocklist :exec
insert into blocklists (account_id, user_id) values ($1, $2) on conflict do nothing;

-- name: SetBlocklistVersion :exec
update blocklists set version = $1 where account_id = $2 and id = $3;

-- name: AddAudience :exec
insert into card_audience (account_id, card_id, user_id)
select $1, $2, unnest($3::bigint[]) on conflict do nothing;

-- name: AddCollaborators :exec
insert into card_collaborators (account_id, card_id, user_id, since)
select $1, $2, unnest($3::bigint[]), $4 on conflict do nothing;

-- name: CanOpenCard :one
select exists (select from card_viewers where account_id = $1 and card_id = $2 and user_id = $3);

-- name: CardByCRMID :one
select account_id, id, kind, crm_id, version, told, name, state, owner_id, owner_since, everyone, epoch, fence, restamped, merged_into from cards where account_id = $1 and kind = $2 and crm_id = $3;

-- name: CardByID :one
select account_id, id, kind, crm_id, version, told, name, state, owner_id, owner_since, everyone, epoch, fence, restamped, merged_into from cards where account_id = $1 and id = $2;

-- name: CardEpoch :one
select epoch from cards where account_id = $1 and id = $2;

-- name: CardsBehind :many
select id from cards where account_id = $1 and restamped < epoch order by id;

-- name: CardsByCRMID :many
select id, kind, crm_id from cards where account_id = $1 and kind = $2 and crm_id = any($3::text[]);

-- name: CardsByID :many
select id, kind, crm_id from cards where account_id = $1 and id = any($2::bigint[]) order by kind, crm_id;

-- name: CopyCardAddresses :exec
insert into card_addresses (account_id, card_id, address_id, label, since)
select distinct on (ca.address_id) ca.account_id, $1::bigint, ca.address_id, ca.label, $2 from card_addresses ca
where ca.account_id = $3 and ca.card_id = any($4::bigint[])
order by ca.address_id, ca.card_id
on conflict do nothing;

-- name: DealsOfContacts :many
select distinct deal_id from deal_contacts where account_id = $1 and contact_id = any($2::bigint[]);

-- name: DeleteCard :exec
update cards set version = $1, state = 'deleted' where account_id = $2 and id = $3;

-- name: EnsureCards :exec
insert into cards (account_id, kind, crm_id)
select $1, c.kind, c.crm_id from (select unnest($2::text[]) as kind, unnest($3::text[]) as crm_id) c
order by c.kind, c.crm_id
on conflict do nothing;

-- name: FinishCard :exec
update cards set restamped = greatest(restamped, $1::bigint)
where account_id = $2 and id = $3 and epoch >= $1;

-- name: HandedOverCards :many
select distinct k.id from cards k
join card_owners o on o.account_id = k.account_id and o.card_id = k.id
where k.account_id = $1 and o.user_id is distinct from k.owner_id;

-- name: MergeCardsInto :exec
update cards set state = 'deleted', merged_into = $1 where account_id = $2 and id = any($3::bigint[]);

-- name: MoveDeals :exec
insert into deal_contacts (account_id, deal_id, contact_id, is_primary, since)
select dc.account_id, dc.deal_id, $1, bool_or(dc.is_primary), min(dc.since) from deal_contacts dc
where dc.account_id = $2 and dc.contact_id = any($3::bigint[])
group by dc.account_id, dc.deal_id
on conflict do nothing;

-- name: PutCardAddresses :exec
insert into card_addresses (account_id, card_id, address_id, label, since)
select $1, $2, a.address_id, a.label, $3
from (select unnest($4::bigint[]) as address_id, unnest($5::text[]) as label) a
on conflict (account_id, card_id, address_id) do update set label = excluded.label
where card_addresses.label <> excluded.label;

-- name: PutDealContacts :exec
insert into deal_contacts (account_id, deal_id, contact_id, is_primary, since)
select $1, $2, c.contact_id, c.is_primary, $3
from (select unnest($4::bigint[]) as contact_id, unnest($5::boolean[]) as is_primary) c
on conflict (account_id, deal_id, contact_id) do update set is_primary = excluded.is_primary
where deal_contacts.is_primary <> excluded.is_primary;

-- name: RaiseCards :exec
update cards set epoch = epoch + 1, fence = epoch + 1, restamped = case when $1::boolean then epoch + 1 else restamped end
where account_id = $2 and id = any($3::bigint[]);

-- name: RememberOwner :execrows
insert into card_owners (account_id, card_id, user_id, since)
values ($1, $2, $3, $4) on conflict do nothing;

-- name: RemoveOtherAudience :exec
delete from card_audience
where account_id = $1 and card_id = $2 and user_id <> all($3::bigint[]);

-- name: RemoveOtherCardAddresses :exec
delete from card_addresses
where account_id = $1 and card_id = $2 and address_id <> all($3::bigint[]);

-- name: RemoveOtherCollaborators :exec
delete from card_collaborators
where account_id = $1 and card_id = $2 and user_id <> all($3::bigint[]);

-- name: RemoveOtherDealContacts :exec
delete from deal_contacts
where account_id = $1 and deal_id = $2 and contact_id <> all($3::bigint[]);

-- name: SetCardVersion :exec
update cards set version = $1 where account_id = $2 and id = $3;

-- name: UpdateCard :exec
update cards
set version = greatest(version, $1), told = $1, name = $2,
    state = case when $1 > version then 'open' else state end,
    merged_into = case when $1 > version then null else merged_into end,
    everyone = $3, owner_id = $4,
    owner_since = case when owner_id is distinct from $4 then $5 else owner_since end
where account_id = $6 and id = $7;

-- name: AddressesEverOn :many
select r.address_id from card_holds r where r.account_id = $1 and r.card_id = any($2::bigint[])
union
select c.address_id from conversations c where c.account_id = $1 and c.card_id = any($2::bigint[]);

-- name: BehindAuthor :many
select card_id, address_id from conversations
where account_id = $1 and author_id = $2 and kind = $3 and author_epoch < $4
  and (card_id, address_id) > ($5::bigint, $6::bigint)
order by card_id, address_id limit $7;

-- name: BehindCard :many
select author_id, address_id from conversations
where account_id = $1 and card_id = $2 and card_epoch < $3
  and (author_id, address_id) > ($4::bigint, $5::bigint)
order by author_id, address_id limit $6;

-- name: BehindOwner :many
select c.author_id, c.card_id, c.address_id
from cards k
join card_owners o on o.account_id = k.account_id and o.card_id = k.id and o.user_id <> k.owner_id
join conversations c on c.account_id = o.account_id and c.author_id = o.user_id and c.card_id = o.card_id
where k.account_id = $1 and k.owner_id = $2::bigint and k.kind = $3 and c.owner_epoch < $4
  and (c.author_id, c.card_id, c.address_id) > ($5::bigint, $6::bigint, $7::bigint)
order by c.author_id, c.card_id, c.address_id limit $8;

-- name: CardsCarriedTo :many
select distinct card_id from conversations where account_id = $1 and share_from = any($2::bigint[]);

-- name: CardsNear :many
select dc.deal_id as card_id from deal_contacts dc where dc.account_id = $1 and dc.contact_id = $2
union
select dc.contact_id from deal_contacts dc where dc.account_id = $1 and dc.deal_id = $2
union
select o.deal_id from deal_contacts d
join deal_contacts o on o.account_id = d.account_id and o.contact_id = d.contact_id
where d.account_id = $1 and d.deal_id = $2;

-- name: CardsWithAddresses :many
select distinct card_id from card_reach where account_id = $1 and address_id = any($2::bigint[]);

-- name: CarryShare :one
insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, blocked, share, share_at, share_by,
                           share_implied, share_from)
values ($1, $2, $3, $4, $5,
        exists (select from card_reach r where r.account_id = $1 and r.card_id = $3 and r.address_id = $4),
        is_blocked($1, $2, $4), $6, $7, $8, true, $9)
on conflict (account_id, author_id, card_id, address_id) do update
set share = excluded.share, share_at = excluded.share_at, share_by = excluded.share_by, share_implied = true,
    share_from = excluded.share_from
where (conversations.share_at is null or conversations.share_at <= excluded.share_at or conversations.share_from is not null)
  and (excluded.share = 'private' or conversations.share is null)
returning is_held(conversations)::boolean as held;

-- name: Conversation :one
select account_id, author_id, card_id, address_id, kind, on_card, blocked, share, share_version, share_at, share_by, share_implied, share_called, share_from, visible, reason, author_epoch, card_epoch, owner_epoch, since, stamped_at from conversations
where account_id = $1 and author_id = $2 and card_id = $3 and address_id = $4;

-- name: CountStampsBehind :one
select count(*) from conversation_facts
where account_id = $1
  and (stamped_author_epoch < author_epoch or stamped_card_epoch < card_epoch
       or (reason in ('handover_visible', 'handover_hidden') and stamped_owner_epoch < owner_epoch));

-- name: DropCarried :exec
update conversations set share = null, share_at = null, share_by = null, share_from = null, share_implied = false
where account_id = $1 and author_id = $2 and card_id = $3 and address_id = $4
  and share_from = $5::bigint;

-- name: FactsBehindAuthor :many
select account_id, author_id, card_id, address_id, kind, on_card, blocked, share, shared_on_contact, setting, handover, was_owner, is_owner, is_collaborator, new_owner, new_owners, author_epoch, card_epoch, owner_epoch, visible, reason, stamped_author_epoch, stamped_card_epoch, stamped_owner_epoch from conversation_facts
where account_id = $1 and author_id = $2 and kind = $3 and stamped_author_epoch < $4
  and (card_id, address_id) >= ($5::bigint, $6::bigint)
  and (card_id, address_id) <= ($7::bigint, $8::bigint);

-- name: FactsOfAuthor :many
select account_id, author_id, card_id, address_id, kind, on_card, blocked, share, shared_on_contact, setting, handover, was_owner, is_owner, is_collaborator, new_owner, new_owners, author_epoch, card_epoch, owner_epoch, visible, reason, stamped_author_epoch, stamped_card_epoch, stamped_owner_epoch from conversation_facts
where account_id = $1 and author_id = $2 and address_id = any($3::bigint[]);

-- name: FactsOfCards :many
select account_id, author_id, card_id, address_id, kind, on_card, blocked, share, shared_on_contact, setting, handover, was_owner, is_owner, is_collaborator, new_owner, new_owners, author_epoch, card_epoch, owner_epoch, visible, reason, stamped_author_epoch, stamped_card_epoch, stamped_owner_epoch from conversation_facts where account_id = $1 and card_id = any($2::bigint[]);

-- name: FactsOfConversations :many
select f.account_id, f.author_id, f.card_id, f.address_id, f.kind, f.on_card, f.blocked, f.share, f.shared_on_contact, f.setting, f.handover, f.was_owner, f.is_owner, f.is_collaborator, f.new_owner, f.new_owners, f.author_epoch, f.card_epoch, f.owner_epoch, f.visible, f.reason, f.stamped_author_epoch, f.stamped_card_epoch, f.stamped_owner_epoch from (select unnest($1::bigint[]) as author_id, unnest($2::bigint[]) as card_id, unnest($3::bigint[]) as address_id) k
join conversation_facts f on f.account_id = $4 and f.author_id = k.author_id and f.card_id = k.card_id
                         and f.address_id = k.address_id;

-- name: ImplyShares :exec
insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, blocked, share, share_at, share_by,
                           share_implied)
select k.account_id, $1, k.id, $2, k.kind, true, is_blocked(k.account_id, $1, $2),
       $3, $4, $5, true
from cards k where k.account_id = $6 and k.id = any($7::bigint[])
order by k.id
on conflict (account_id, author_id, card_id, address_id) do update
set share = excluded.share, share_at = excluded.share_at, share_by = excluded.share_by, share_implied = true, share_from = null
where conversations.share_at is null or conversations.share_at <= excluded.share_at;

-- name: LiftEarlierPrivates :exec
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
    where dc.account_id = $1 and dc.deal_id = any($2::bigint[])
    group by k.author_id, dc.deal_id, k.address_id
) said
where d.account_id = $1 and d.author_id = said.author_id and d.card_id = said.deal_id and d.address_id = said.address_id
  and d.share = 'private' and d.share_at < said.share_at;

-- name: LinkAuthor :exec
insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, blocked)
select k.account_id, $1, k.id, r.address_id, k.kind, true, is_blocked(k.account_id, $1, r.address_id)
from card_reach r
join cards k on k.account_id = r.account_id and k.id = r.card_id
where r.account_id = $2 and r.address_id = any($3::bigint[])
order by k.id, r.address_id
on conflict do nothing;

-- name: LinkCards :exec
insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, blocked)
select k.account_id, co.author_id, k.id, r.address_id, k.kind, true, is_blocked(k.account_id, co.author_id, r.address_id)
from cards k
join card_reach r on r.account_id = k.account_id and r.card_id = k.id
join correspondences co on co.account_id = k.account_id and co.address_id = r.address_id
where k.account_id = $1 and k.id = any($2::bigint[])
order by co.author_id, k.id, r.address_id
on conflict do nothing;

-- name: LinkedContacts :many
select k.id, k.crm_id, (case when c.share is null or is_held(c) then '' else c.share end)::text as share, c.share_at,
       (c.share_from is not null)::boolean as carried
from deal_contacts dc
join cards d on d.account_id = dc.account_id and d.id = dc.deal_id and d.state = 'open'
join cards k on k.account_id = dc.account_id and k.id = dc.contact_id and k.state = 'open'
join card_addresses ca on ca.account_id = dc.account_id and ca.card_id = dc.contact_id and ca.address_id = $1
left join conversations c on c.account_id = k.account_id and c.author_id = $2 and c.card_id = k.id and c.address_id = $1
where dc.account_id = $3 and dc.deal_id = $4
order by k.crm_id;

-- name: LinkedDeals :many
select d.id, d.crm_id, coalesce(c.share, '') as share, coalesce(c.reason, '') as reason
from deal_contacts dc
join cards d on d.account_id = dc.account_id and d.id = dc.deal_id and d.state = 'open'
join cards k on k.account_id = dc.account_id and k.id = dc.contact_id and k.state = 'open'
join card_addresses ca on ca.account_id = dc.account_id and ca.card_id = dc.contact_id and ca.address_id = $1
left join conversations c on c.account_id = d.account_id and c.author_id = $2 and c.card_id = d.id and c.address_id = $1
where dc.account_id = $3 and dc.contact_id = $4
order by d.crm_id;

-- name: OwnersAfterAuthor :many
select distinct k.owner_id::bigint as owner_id
from card_owners o
join cards k on k.account_id = o.account_id and k.id = o.card_id
where o.account_id = $1 and o.user_id = $2 and o.card_id between $3::bigint and $4::bigint
  and k.id between $3::bigint and $4::bigint
  and k.owner_id <> o.user_id;

-- name: OwnersThatDecide :many
select distinct k.owner_id::bigint as owner_id
from cards k
join card_owners o on o.account_id = k.account_id and o.card_id = k.id and o.user_id <> k.owner_id
where k.account_id = $1 and k.id = any($2::bigint[]) and o.user_id = any($3::bigint[]);

-- name: PutShare :exec
insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, blocked, share, share_version,
                           share_at, share_by, share_implied, share_called)
values ($1, $2, $3, $4, $5,
        exists (select from card_reach r where r.account_id = $1 and r.card_id = $3 and r.address_id = $4),
        is_blocked($1, $2, $4), $6, $7, $8, $9, $10, $11)
on conflict (account_id, author_id, card_id, address_id) do update
set share = excluded.share, share_version = excluded.share_version, share_at = excluded.share_at, share_by = excluded.share_by,
    share_implied = excluded.share_implied, share_called = excluded.share_called, share_from = null;

-- name: RelinkAddresses :many
update conversations c
set blocked = not c.blocked, visible = c.visible and c.blocked
where c.account_id = $1 and c.address_id = any($2::bigint[])
  and c.blocked <> is_blocked(c.account_id, c.author_id, c.address_id)
returning c.author_id, c.card_id, c.address_id;

-- name: RelinkCards :exec
update conversations c
set on_card = f.on_card, blocked = f.blocked, visible = c.visible and f.on_card and not f.blocked
from (
    select i.author_id, i.card_id, i.address_id, is_blocked(i.account_id, i.author_id, i.address_id) as blocked,
           exists (select from card_reach r
                   where r.account_id = i.account_id and r.card_id = i.card_id and r.address_id = i.address_id) as on_card
    from conversations i
    where i.account_id = $1 and i.card_id = any($2::bigint[])
) f
where c.account_id = $1 and c.author_id = f.author_id and c.card_id = f.card_id and c.address_id = f.address_id
  and (c.on_card, c.blocked) <> (f.on_card, f.blocked);

-- name: SettingEpoch :one
select epoch from settings where account_id = $1 and user_id = $2 and kind = $3;

-- name: SharesToCarry :many
select c.author_id, u.crm_id as author, c.address_id, c.share::text as share, c.share_from, c.card_id, c.share_by
from conversations c
join users u on u.account_id = c.account_id and u.id = c.author_id
where c.account_id = $1 and c.card_id = any($2::bigint[]) and c.share is not null
order by c.share, c.card_id, c.author_id, c.address_id;

-- name: Stamp :exec
update conversations c
set visible = v.visible, reason = v.reason, author_epoch = v.author_epoch, card_epoch = v.card_epoch, owner_epoch = v.owner_epoch,
    since = case when c.visible = v.visible and c.reason = v.reason then c.since else now() end, stamped_at = now()
from (select unnest($2::bigint[]) as author_id, unnest($3::bigint[]) as card_id, unnest($4::bigint[]) as address_id, unnest($5::boolean[]) as visible, unnest($6::text[]) as reason, unnest($7::bigint[]) as author_epoch, unnest($8::bigint[]) as card_epoch, unnest($9::bigint[]) as owner_epoch) v
where c.account_id = $1 and c.author_id = v.author_id and c.card_id = v.card_id and c.address_id = v.address_id;

-- name: WakeMailbox :exec
select pg_notify('mailstamp_wake', $1::bigint || '/' || $2::bigint);

-- name: WantMail :many
with wanted as (
    update ledger l set wanted = true
    from (
        select distinct ia.folder_id, ia.uid_validity, ia.uid
        from card_reach r
        join addresses a on a.account_id = r.account_id and a.id = r.address_id
        join indexed_addresses ia on ia.account_id = a.account_id and ia.hash = a.hash
        where r.account_id = $1 and r.card_id = any($2::bigint[])
          and not is_blocked(r.account_id, ia.author_id, r.address_id)
    ) m
    where l.account_id = $1 and l.folder_id = m.folder_id and l.uid_validity = m.uid_validity and l.uid = m.uid
      and l.disposition in ('indexed', 'blocked') and not l.wanted
    returning l.folder_id
)
select distinct f.mailbox_id from wanted w join folders f on f.account_id = $1 and f.id = w.folder_id;

-- name: ExplainedCard :one
select k.kind, k.crm_id, k.owner_since, coalesce(o.crm_id, '') as owner, w.since as owned_since, c.since as collaborates_since
from cards k
left join users o on o.account_id = k.account_id and o.id = k.owner_id
left join card_owners w on w.account_id = k.account_id and w.card_id = k.id and w.user_id = $1
left join card_collaborators c on c.account_id = k.account_id and c.card_id = k.id and c.user_id = $1
where k.account_id = $2 and k.id = $3;

-- name: ExplainedContactShares :many
select k.crm_id, cc.share_at, coalesce(cc.share_by, '') as share_by
from deal_contacts dc
join cards k on k.account_id = dc.account_id and k.id = dc.contact_id and k.state = 'open'
join card_addresses ca on ca.account_id = dc.account_id and ca.card_id = dc.contact_id and ca.address_id = $1
join conversations cc on cc.account_id = dc.account_id and cc.author_id = $2 and cc.card_id = dc.contact_id
                     and cc.address_id = $1 and cc.share = 'shared' and not is_held(cc)
where dc.account_id = $3 and dc.deal_id = $4
  and ($5::bigint = 0 or $5 = $2
       or exists (select from card_viewers v where v.account_id = k.account_id and v.card_id = k.id and v.user_id = $5))
order by k.crm_id;

-- name: ExplainedConversations :many
select f.address_id, a.address, f.share, f.shared_on_contact, f.setting, f.handover, f.was_owner, f.is_owner, f.is_collaborator,
       f.new_owner, f.new_owners, f.on_card, f.blocked,
       coalesce(g.granted, false)::boolean as granted, c.share_at, coalesce(c.share_by, '') as share_by, c.since
from conversation_facts f
join conversations c on c.account_id = f.account_id and c.author_id = f.author_id and c.card_id = f.card_id and c.address_id = f.address_id
join addresses a on a.account_id = f.account_id and a.id = f.address_id
left join granted_conversations g
    on g.account_id = f.account_id and g.author_id = f.author_id and g.card_id = f.card_id and g.address_id = f.address_id
where f.account_id = $1 and f.author_id = $2 and f.card_id = $3 and f.address_id = any($4::bigint[])
order by a.address;

-- name: ExplainedMessage :one
select m.author_id, u.crm_id as author, m.address_ids,
       (select coalesce(array_agg(a.id), '{}') from addresses a
        where a.account_id = m.account_id and a.id = any (m.address_ids)
          and not exists (select from jsonb_array_elements(m.to_addrs || m.cc_addrs || jsonb_build_array(m.from_addr)) shown(entry)
                          where shown.entry ->> 'address' = a.address))::bigint[] as bcc_only
from messages m
join users u on u.account_id = m.account_id and u.id = m.author_id
where m.account_id = $1 and m.id = $2;

-- name: FeedAudit :many
select id, at, actor, act, subject, effect from audit_log
where account_id = $1 and id < $2
order by id desc
limit $3::bigint;

-- name: FeedBody :one
select text, html from message_bodies where account_id = $1 and message_id = $2;

-- name: FeedCard :one
select card_id, user_id from card_viewers
where account_id = $1 and viewer = $2 and kind = $3 and card = $4;

-- name: FeedCardID :one
select id from cards where account_id = $1 and kind = $2 and crm_id = $3;

-- name: FeedCards :many
select kind, card, name from card_viewers
where account_id = $1 and user_id = $2
order by kind, name, card
limit $3::bigint;

-- name: FeedConversation :one
select g.author, a.address, g.granted, g.visible, g.reason, coalesce(g.share, 'none')::text as share, g.since
from granted_conversations g
join addresses a on a.account_id = g.account_id and a.id = g.address_id
where g.account_id = $1 and g.card_id = $2 and g.author_id = $3 and a.address = $4;

-- name: FeedConversations :many
select g.author_id, g.author, a.address, g.granted, g.visible, g.reason, coalesce(g.share, 'none')::text as share, g.since
from granted_conversations g
join addresses a on a.account_id = g.account_id and a.id = g.address_id
where g.account_id = $1 and g.card_id = $2 and g.tracked and (g.author_id = $3 or g.granted)
  and exists (select from correspondences c
              where c.account_id = g.account_id and c.author_id = g.author_id and c.address_id = g.address_id)
  and (g.author_id = $3 or exists (
      select from participants p
      join messages m on m.account_id = p.account_id and m.id = p.message_id
      where p.account_id = g.account_id and p.author_id = g.author_id and p.address_id = g.address_id
        and (m.bcc_addrs = '[]' or exists (
            select from jsonb_array_elements(m.to_addrs || m.cc_addrs || jsonb_build_array(m.from_addr)) as e
            where lower(trim(e ->> 'address')) = a.address))))
order by g.author_id <> $3, g.author, a.address;

-- name: FeedCopies :many
select distinct m.identity, g.author
from messages m
join granted_conversations g on g.account_id = m.account_id and g.card_id = $1 and g.author_id = m.author_id
                            and g.address_id = any (m.address_ids) and g.granted
where m.account_id = $2 and m.author_id = any ($3::bigint[]) and m.identity = any ($4::bytea[]);

-- name: FeedDeliveryEvents :many
select e.address, e.source, e.status, e.class, e.code, e.hard, e.at, e.reporter, e.passage
from delivery_events e
where e.account_id = $1 and e.message_id = $2
order by e.at, e.address, e.status, e.evidence;

-- name: FeedIdentities :many
select id, identity from messages where account_id = $1 and id = any ($2::bigint[]);

-- name: FeedMessage :one
select author_id, address_ids from messages where account_id = $1 and id = $2;

-- name: FeedMessages :many
select m.id, m.author_id, u.crm_id as author, m.thread_id, m.identity, m.date, m.sort_key, m.direction, m.subject, m.preview,
       m.from_addr, m.to_addrs, m.cc_addrs, m.bcc_addrs, m.attachments, m.address_ids, m.seen,
       coalesce(case when m.direction = 'outbound' then (
           select jsonb_agg(jsonb_build_object('address', d.address, 'status', d.status, 'class', d.class, 'code', d.code,
                                               'hard', d.hard, 'at', d.at) order by d.address)
           from deliveries d where d.account_id = m.account_id and d.message_id = m.id) end, '[]')::jsonb as deliveries
from messages m
join users u on u.account_id = m.account_id and u.id = m.author_id
where m.account_id = $1 and m.id = any ($2::bigint[]);

-- name: FeedPairs :many
select g.author_id, g.author, g.address_id, g.granted
from granted_conversations g
where g.account_id = $1 and g.card_id = $2 and g.tracked and (g.author_id = $3 or g.granted);

-- name: FeedPositions :many
with pairs as materialized (
    select g.author_id, g.author, g.address_id, g.granted
    from granted_conversations g
    where g.account_id = $2 and g.card_id = $3 and g.tracked and (g.author_id = $4 or g.granted)
),
heads as materialized (
    select p.author_id, p.author, p.address_id, p.granted,
           h.date, h.sort_key, dense_rank() over (order by h.date desc, h.sort_key desc) as place
    from pairs p
    cross join lateral (
        select x.date, x.sort_key from participants x
        where x.account_id = $2 and x.author_id = p.author_id and x.address_id = p.address_id
          and (x.date, x.sort_key) < ($5::timestamptz, $6::bigint)
        order by x.date desc, x.sort_key desc
        limit 1
    ) h
),
edge as materialized ( -- always one row: a coalesce where it is compared would keep the comparison out of the index
    select coalesce(min(date), '-infinity') as date, coalesce(min(sort_key), -9223372036854775808) as sort_key
    from heads where place = $1::bigint
),
reached as (
    select h.author_id, h.author, x.message_id, x.date, x.sort_key, h.granted
    from heads h
    cross join lateral (
        select p.message_id, p.date, p.sort_key from participants p
        where p.account_id = $2 and p.author_id = h.author_id and p.address_id = h.address_id
          and (p.date, p.sort_key) < ($5::timestamptz, $6::bigint)
          and (p.date, p.sort_key) >= ((select date from edge), (select sort_key from edge))
        order by p.date desc, p.sort_key desc
        limit $7::bigint
    ) x
    where h.place <= $1::bigint
),
placed as (
    select r.author_id, r.author, r.message_id, r.date, r.sort_key, r.granted,
           dense_rank() over (order by r.date desc, r.sort_key desc) as place
    from reached r
)
select author_id, author, message_id, date, sort_key, bool_or(granted)::boolean as granted
from placed
where place <= $1::bigint
group by author_id, author, message_id, date, sort_key
order by date desc, sort_key desc, message_id;

-- name: FeedSender :one
select u.name, coalesce((select min(a.address) from user_addresses ua
                         join addresses a on a.account_id = ua.account_id and a.id = ua.address_id
                         where ua.account_id = u.account_id and ua.user_id = u.id), '')::text as address
from users u where u.account_id = $1 and u.crm_id = $2;

-- name: FeedSettings :many
select kind, value from settings where account_id = $1 and user_id = $2;

-- name: FeedShowingCards :many
select distinct v.card_id, v.kind, v.card, g.address_id, g.granted
from granted_conversations g
join card_viewers v on v.account_id = g.account_id and v.card_id = g.card_id and v.user_id = $1
where g.account_id = $2 and g.author_id = $3 and g.address_id = any ($4::bigint[])
  and g.tracked and (g.author_id = $1 or g.granted)
order by v.kind, v.card, g.address_id;

-- name: FeedThread :one
select author_id, merged_into from threads where account_id = $1 and id = $2;

-- name: FeedThreadAddresses :many
select distinct a.id::bigint as address_id
from messages m, unnest(m.address_ids) as a(id)
where m.account_id = $1 and m.thread_id = $2;

-- name: FeedThreadMessages :many
select id, date, sort_key, address_ids from messages
where account_id = $1 and thread_id = $2 and address_ids && $3::bigint[]
  and (date, sort_key, id) < ($4::timestamptz, $5::bigint, $6::bigint)
order by date desc, sort_key desc, id desc
limit $7::bigint;

-- name: FeedThreadStamps :many
select m.thread_id, g.author_id, g.author, a.address, g.granted, g.visible, g.reason,
       bool_or(m.bcc_addrs = '[]' or exists (
           select from jsonb_array_elements(m.to_addrs || m.cc_addrs || jsonb_build_array(m.from_addr)) as e
           where lower(trim(e ->> 'address')) = a.address))::boolean as named
from messages m
cross join unnest(m.address_ids) as x(id)
join granted_conversations g on g.account_id = m.account_id and g.card_id = $1 and g.author_id = m.author_id
                            and g.address_id = x.id and g.tracked and (g.author_id = $2 or g.granted)
join addresses a on a.account_id = g.account_id and a.id = g.address_id
where m.account_id = $3 and m.thread_id = any ($4::bigint[])
group by m.thread_id, g.author_id, g.author, a.address, g.granted, g.visible, g.reason
order by m.thread_id, a.address;

-- name: FeedThreadSummaries :many
with pairs as materialized (
    select g.author_id, g.address_id, g.granted
    from granted_conversations g
    where g.account_id = $1 and g.card_id = $2 and g.tracked
),
shown as (
    select m.thread_id, m.author_id, m.id, m.date, m.sort_key, m.direction, bool_or(p.granted) as granted,
           bool_or(p.granted or m.author_id = $3) as readable
    from messages m
    cross join unnest(m.address_ids) as a(id)
    join pairs p on p.author_id = m.author_id and p.address_id = a.id
    where m.account_id = $1 and m.thread_id = any ($4::bigint[])
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

-- name: FeedThreads :many
select distinct thread_id from messages where account_id = $1 and id = any ($2::bigint[]);

-- name: FeedUser :one
select id from users where account_id = $1 and crm_id = $2;

-- name: FeedUsers :many
select crm_id, name from users
where account_id = $1 and state = 'active'
order by name, crm_id
limit $2::bigint;

-- name: FeedViewer :one

select id from users where account_id = $1 and crm_id = $2 and state = 'active';

-- name: FolderCounts :many
select f.mailbox_id, f.name, f.on_server,
       count(*) filter (where l.disposition = 'stored') as stored,
       count(*) filter (where l.disposition = 'indexed') as indexed,
       count(*) filter (where l.disposition in ('internal', 'blocked', 'skipped')) as skipped,
       count(*) filter (where l.disposition = 'quarantined') as quarantined
from folders f
left join ledger l on l.account_id = f.account_id and l.folder_id = f.id
where f.account_id = $1 and f.gone_at is null
  and ($2::bigint is null or f.mailbox_id = $2::bigint)
group by f.account_id, f.id
order by f.mailbox_id, f.id;

-- name: Folders :many
select account_id, id, mailbox_id, name, role, uid_validity, uid_next, mod_seq, on_server, gone_at from folders where account_id = $1 and mailbox_id = $2 order by id;

-- name: InsertFolder :one
insert into folders (account_id, mailbox_id, name, role, uid_validity, on_server)
values ($1, $2, $3, $4, $5, $6)
on conflict (account_id, mailbox_id, name) do update
set role = excluded.role, uid_validity = excluded.uid_validity, on_server = excluded.on_server, uid_next = 0, mod_seq = 0, gone_at = null
returning account_id, id, mailbox_id, name, role, uid_validity, uid_next, mod_seq, on_server, gone_at;

-- name: SetFolderCursor :exec
update folders set uid_next = $1, mod_seq = $2, on_server = $3, role = $4
where account_id = $5 and id = $6 and uid_validity = $7;

-- name: SetFolderGone :exec
update folders set gone_at = now(), uid_next = 0, mod_seq = 0, on_server = 0
where account_id = $1 and id = $2 and gone_at is null;

-- name: HeldLeases :many
select account_id, mailbox_id, token from mailbox_leases where holder = $1::text;

-- name: NewLease :exec
insert into mailbox_leases (account_id, mailbox_id, token)
values ($1, $2, (extract(epoch from clock_timestamp()) * 1e6)::bigint)
on conflict (account_id, mailbox_id) do update set due_at = least(mailbox_leases.due_at, now());

-- name: NoteSynced :exec
update mailbox_leases l set synced_at = now()
from (select unnest($2::bigint[]) as account_id, unnest($3::bigint[]) as mailbox_id) s
where l.account_id = s.account_id and l.mailbox_id = s.mailbox_id and l.holder = $1::text;

-- name: ProveLease :one
select token from mailbox_leases
where account_id = $1 and mailbox_id = $2 and token = $3 and holder = $4::text
for share;

-- name: ReleaseLease :exec
update mailbox_leases set holder = null, due_at = now() + make_interval(secs => $1::float8)
where account_id = $2 and mailbox_id = $3 and token = $4;

-- name: RemoveDeadWorkers :exec
delete from workers where expires_at < now() - interval '1 hour';

-- name: RemoveLease :exec
delete from mailbox_leases where account_id = $1 and mailbox_id = $2;

-- name: RemoveWorker :exec
delete from workers where id = $1;

-- name: RenewWorker :exec
insert into workers (id, expires_at) values ($1, now() + make_interval(secs => $2::float8))
on conflict (id) do update set expires_at = excluded.expires_at;

-- name: TakeLeases :many
with free as (
    select l.account_id, l.mailbox_id
    from mailbox_leases l
    where l.due_at <= now() and l.account_id <> all ($2::bigint[])
      and not exists (select from workers w where w.id = l.holder and w.expires_at >= now())
    order by l.due_at, l.account_id, l.mailbox_id
    limit $3
    for update of l skip locked
)
update mailbox_leases l set holder = $1::text, token = l.token + 1
from free
where l.account_id = free.account_id and l.mailbox_id = free.mailbox_id
returning l.account_id, l.mailbox_id, l.token;

-- name: Wake :exec
select pg_notify('mailstamp_wake', $1::text);

-- name: CopiesByDigest :many
select distinct l.header_digest, l.size, m.id as message_id
from (select unnest($1::bytea[]) as digest) n
cross join lateral (select x.header_digest, x.size, x.account_id, x.message_id from ledger x
                    where x.account_id = $2 and x.header_digest = n.digest and x.disposition = 'stored' offset 0) l
cross join lateral (select x.id from messages x
                    where x.account_id = l.account_id and x.id = l.message_id and x.author_id = $3 limit 1) m;

-- name: CountStored :one
select count(distinct l.message_id)
from folders f
join ledger l on l.account_id = f.account_id and l.folder_id = f.id
where f.account_id = $1 and f.mailbox_id = $2 and l.message_id is not null;

-- name: ExpungeUIDs :many
with rows as (
    select l.folder_id, l.uid_validity, l.uid, l.message_id
    from ledger l
    where l.account_id = $1 and l.folder_id = $2 and l.uid_validity = $3 and l.uid = any ($4::bigint[])
      and l.disposition <> 'expunged'
    for update
), done as (
    update ledger l
    set disposition = 'expunged', reason = null, message_id = null, wanted = false
    from rows
    where l.account_id = $1 and l.folder_id = rows.folder_id and l.uid_validity = rows.uid_validity and l.uid = rows.uid
)
select distinct message_id::bigint from rows where message_id is not null;

-- name: FlagsDiffer :one
select exists (
    select from (select unnest($1::bigint[]) as uid, unnest($2::boolean[]) as seen) t
    join ledger l on l.account_id = $3 and l.folder_id = $4 and l.uid_validity = $5 and l.uid = t.uid
    where l.disposition = 'stored' and l.seen <> t.seen);

-- name: InsertIndexedAddresses :exec
insert into indexed_addresses (account_id, author_id, hash, folder_id, uid_validity, uid)
select $1, $2, unnest($3::bytea[]), $4, $5, unnest($6::bigint[])
on conflict do nothing;

-- name: LedgerCounts :many
select l.folder_id, count(*) as rows
from folders f
join ledger l on l.account_id = f.account_id and l.folder_id = f.id and l.uid_validity = f.uid_validity
where f.account_id = $1 and f.mailbox_id = $2 and l.disposition <> 'expunged'
group by l.folder_id;

-- name: LedgerRanges :many
select min(uid)::bigint as first, max(uid)::bigint as last
from (select uid, uid - row_number() over (order by uid) as run
      from ledger
      where account_id = $1 and folder_id = $2 and uid_validity = $3 and disposition <> 'expunged') s
group by run
order by 1;

-- name: MatchingHashes :many
select a.hash
from (select unnest($1::bytea[]) as hash) n
cross join lateral (select x.account_id, x.id, x.hash from addresses x
                    where x.account_id = $2 and x.hash = n.hash limit 1) a
cross join lateral (select exists (select from card_reach r where r.account_id = a.account_id and r.address_id = a.id) as on_card) c
where c.on_card and not is_blocked(a.account_id, $3, a.id);

-- name: Placements :many
select f.mailbox_id, f.name, l.uid_validity, l.uid, l.header_digest, l.size
from ledger l
join folders f on f.account_id = l.account_id and f.id = l.folder_id and f.uid_validity = l.uid_validity
join mailboxes m on m.account_id = f.account_id and m.id = f.mailbox_id
where l.account_id = $1 and l.message_id = $2::bigint and f.gone_at is null and m.state <> 'disconnected'
order by (f.role = 'inbox') desc, l.folder_id;

-- name: RemoveIndexedAddresses :exec
delete from indexed_addresses
where account_id = $1 and folder_id = $2 and uid_validity = $3 and uid = any ($4::bigint[]);

-- name: RemoveLedgerOfMailbox :many
delete from ledger l
where l.ctid = any (array(select p.ctid from folders f
                          join ledger p on p.account_id = f.account_id and p.folder_id = f.id
                          where f.account_id = $1 and f.mailbox_id = $2 limit $3))
returning coalesce(l.message_id, 0)::bigint as message_id;

-- name: SetLedgerSeen :many
update ledger l set seen = t.seen
from (select unnest($4::bigint[]) as uid, unnest($5::boolean[]) as seen) t
where l.account_id = $1 and l.folder_id = $2 and l.uid_validity = $3 and l.uid = t.uid
  and l.disposition = 'stored' and l.seen <> t.seen
returning l.message_id;

-- name: SetMessagesSeen :exec
update messages m set seen = s.seen
from (select l.message_id, bool_or(l.seen) as seen
      from ledger l
      where l.account_id = $1 and l.message_id = any ($2::bigint[])
      group by l.message_id) s
where m.account_id = $1 and m.id = s.message_id and m.seen <> s.seen;

-- name: StaleRows :many
select f.id as folder_id, (f.gone_at is not null)::boolean as gone, count(*) as rows
from folders f
join ledger l on l.account_id = f.account_id and l.folder_id = f.id
where f.account_id = $1 and f.mailbox_id = $2 and l.disposition <> 'expunged'
  and (l.uid_validity <> f.uid_validity or f.gone_at is not null)
group by f.account_id, f.id;

-- name: StaleUIDs :many
select l.uid_validity, l.uid
from folders f
join ledger l on l.account_id = f.account_id and l.folder_id = f.id
where f.account_id = $1 and f.id = $2 and l.disposition <> 'expunged'
  and (l.uid_validity <> f.uid_validity or f.gone_at is not null)
order by 1, 2;

-- name: StoredRanges :many
select min(uid)::bigint as first, max(uid)::bigint as last
from (select uid, uid - row_number() over (order by uid) as run
      from ledger
      where account_id = $1 and folder_id = $2 and uid_validity = $3 and disposition = 'stored') s
group by run
order by 1;

-- name: UpsertLedger :exec
insert into ledger (account_id, folder_id, uid_validity, uid, disposition, reason, message_id, header_digest, size, internal_date, seen)
select $1, $2, $3, t.uid, t.disposition, nullif(t.reason, ''), nullif(t.message_id, 0),
       nullif(t.header_digest, ''::bytea), t.size, nullif(t.internal_date, 'epoch'::timestamptz), t.seen
from (select unnest($4::bigint[]) as uid, unnest($5::text[]) as disposition, unnest($6::text[]) as reason,
             unnest($7::bigint[]) as message_id, unnest($8::bytea[]) as header_digest,
             unnest($9::bigint[]) as size, unnest($10::timestamptz[]) as internal_date,
             unnest($11::boolean[]) as seen) t
on conflict (account_id, folder_id, uid_validity, uid) do update
set disposition = excluded.disposition, reason = excluded.reason, message_id = excluded.message_id,
    header_digest = excluded.header_digest, size = excluded.size, internal_date = excluded.internal_date, seen = excluded.seen,
    wanted = false;

-- name: WantIndexed :exec
update ledger l set wanted = true
from indexed_addresses i
where i.account_id = $1 and i.folder_id = $2 and i.uid_validity = $3 and i.hash = any ($4::bytea[])
  and i.uid = any ($5::bigint[])
  and l.account_id = i.account_id and l.folder_id = i.folder_id and l.uid_validity = i.uid_validity and l.uid = i.uid
  and not l.wanted;

-- name: WantedUIDs :many
select l.folder_id, l.uid
from folders f
join ledger l on l.account_id = f.account_id and l.folder_id = f.id and l.uid_validity = f.uid_validity
where f.account_id = $1 and f.mailbox_id = $2 and f.gone_at is null and l.wanted;

-- name: ConfigureMailbox :exec
update mailboxes
set host = $1, port = $2, tls = $3, username = $4, sealed_auth = $5, window_months = $6,
    folder_choice = $7, config_epoch = config_epoch + 1, state = 'connecting', problem = null, problem_since = null,
    auth_failures = 0
where account_id = $8 and id = $9;

-- name: DisconnectMailbox :exec
update mailboxes
set sealed_auth = null, config_epoch = config_epoch + 1, state = 'disconnected', problem = null, problem_since = null
where account_id = $1 and id = $2;

-- name: InsertMailbox :one
insert into mailboxes (account_id, crm_id, user_id, host, port, tls, username, window_months, folder_choice)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
returning id;

-- name: LockMailbox :one
select id, user_id from mailboxes where account_id = $1 and crm_id = $2 for update;

-- name: LoopMailbox :one
select m.account_id, m.id, m.crm_id, m.user_id, m.host, m.port, m.tls, m.username, m.sealed_auth, m.window_months, m.folder_choice, m.config_epoch, m.state, m.problem, m.problem_since, m.total, m.done, m.last_sync, m.auth_failures, m.held_epoch, m.created_at, u.state as user_state, a.deletion
from mailboxes m
join users u on u.account_id = m.account_id and u.id = m.user_id
join accounts a on a.id = m.account_id
where m.account_id = $1 and m.id = $2;

-- name: MailboxByCRMID :one
select m.account_id, m.id, m.crm_id, m.user_id, m.host, m.port, m.tls, m.username, m.sealed_auth, m.window_months, m.folder_choice, m.config_epoch, m.state, m.problem, m.problem_since, m.total, m.done, m.last_sync, m.auth_failures, m.held_epoch, m.created_at, u.crm_id as user_crm_id, l.synced_at
from mailboxes m
join users u on u.account_id = m.account_id and u.id = m.user_id
left join mailbox_leases l on l.account_id = m.account_id and l.mailbox_id = m.id
where m.account_id = $1 and m.crm_id = $2;

-- name: Mailboxes :many
select m.account_id, m.id, m.crm_id, m.user_id, m.host, m.port, m.tls, m.username, m.sealed_auth, m.window_months, m.folder_choice, m.config_epoch, m.state, m.problem, m.problem_since, m.total, m.done, m.last_sync, m.auth_failures, m.held_epoch, m.created_at, u.crm_id as user_crm_id, l.synced_at
from mailboxes m
join users u on u.account_id = m.account_id and u.id = m.user_id
left join mailbox_leases l on l.account_id = m.account_id and l.mailbox_id = m.id
where m.account_id = $1
order by m.crm_id;

-- name: NameSettings :exec
insert into settings (account_id, user_id, kind)
select $1, $2, unnest(array['lead', 'contact', 'deal'])
on conflict do nothing;

-- name: NameUser :one
with made as (
    insert into users (account_id, crm_id) values ($1, $2)
    on conflict (account_id, crm_id) do nothing
    returning id
)
select id from made
union all
select id from users where account_id = $1 and crm_id = $2
limit 1;

-- name: OwnAddresses :many
select a.id, a.address
from user_addresses ua
join addresses a on a.account_id = ua.account_id and a.id = ua.address_id
where ua.account_id = $1 and ua.user_id = $2;

-- name: RemoveMailbox :exec
delete from mailboxes where account_id = $1 and id = $2;

-- name: SaveSealedAuth :exec
update mailboxes set sealed_auth = $1
where account_id = $2 and id = $3 and config_epoch = $4;

-- name: SetAuthFailures :exec
update mailboxes set auth_failures = $1
where account_id = $2 and id = $3 and config_epoch = $4;

-- name: SetHeldEpoch :exec
update mailboxes set held_epoch = $1 where account_id = $2 and id = $3;

-- name: SetMailboxState :exec
update mailboxes
set state = $1, problem = $2,
    problem_since = case when $2::text is null then null when problem is not distinct from $2::text then problem_since else now() end,
    last_sync = case when $1::text = 'live' then now() else last_sync end
where account_id = $3 and id = $4 and config_epoch = $5
  and (state, problem) is distinct from ($1::text, $2::text);

-- name: SetProgress :exec
update mailboxes set done = $1, total = $2, state = 'backfilling', problem = null, problem_since = null
where account_id = $3 and id = $4;

-- name: AddBcc :exec
update messages set bcc_addrs = $1, address_ids = $2
where account_id = $3 and id = $4;

-- name: AddressFacts :many
select a.id, a.address,
       exists (select from user_addresses ua
               where ua.account_id = a.account_id and ua.address_id = a.id and ua.user_id = $1) as own,
       exists (select from user_addresses ua where ua.account_id = a.account_id and ua.address_id = a.id) as of_user,
       c.on_card, (c.on_card and is_blocked(a.account_id, $1, a.id))::boolean as blocked
from (select unnest($2::text[]) as address) n
cross join lateral (select x.account_id, x.id, x.address from addresses x
                    where x.account_id = $3 and x.address = n.address limit 1) a
cross join lateral (select exists (select from card_reach r where r.account_id = a.account_id and r.address_id = a.id) as on_card) c;

-- name: InsertBodies :exec
insert into message_bodies (account_id, message_id, text, html)
select $1, unnest($2::bigint[]), unnest($3::text[]), unnest($4::text[]);

-- name: InsertDeliveries :exec
insert into deliveries (account_id, message_id, address, at)
select $1, unnest($2::bigint[]), unnest($3::text[]), unnest($4::timestamptz[])
on conflict do nothing;

-- name: InsertMessages :many
insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, header_id, subject, preview,
                      from_addr, to_addrs, cc_addrs, bcc_addrs, attachments, address_ids, subject_key, subject_reply, size, seen)
select $1, $2, t.thread_id, t.identity, t.sort_key, t.date, t.direction, t.header_id, t.subject, t.preview,
       t.from_addr::jsonb, t.to_addrs::jsonb, t.cc_addrs::jsonb, t.bcc_addrs::jsonb, t.attachments::jsonb, t.address_ids::bigint[],
       nullif(t.subject_key, ''::bytea), t.subject_reply, t.size, t.seen
from (select unnest($3::bigint[]) as thread_id, unnest($4::bytea[]) as identity,
             unnest($5::bigint[]) as sort_key, unnest($6::timestamptz[]) as date,
             unnest($7::text[]) as direction, unnest($8::text[]) as header_id,
             unnest($9::text[]) as subject, unnest($10::text[]) as preview,
             unnest($11::text[]) as from_addr, unnest($12::text[]) as to_addrs,
             unnest($13::text[]) as cc_addrs, unnest($14::text[]) as bcc_addrs,
             unnest($15::text[]) as attachments, unnest($16::text[]) as address_ids,
             unnest($17::bytea[]) as subject_key, unnest($18::boolean[]) as subject_reply,
             unnest($19::bigint[]) as size, unnest($20::boolean[]) as seen) t
returning id, identity;

-- name: InsertParticipants :exec
insert into participants (account_id, author_id, address_id, date, sort_key, message_id)
select $1, $2, unnest($3::bigint[]), unnest($4::timestamptz[]), unnest($5::bigint[]),
       unnest($6::bigint[])
on conflict do nothing;

-- name: KnownCorrespondents :many
select c.address_id
from (select unnest($1::bigint[]) as address_id) n
cross join lateral (select x.address_id from correspondences x
                    where x.account_id = $2 and x.author_id = $3 and x.address_id = n.address_id limit 1) c;

-- name: MessagesByIdentity :many
select m.id, m.identity, m.thread_id, m.date, m.sort_key, m.bcc_addrs, m.address_ids, m.seen
from (select unnest($1::bytea[]) as identity) n
cross join lateral (select account_id, id, author_id, thread_id, identity, sort_key, date, direction, header_id, subject, preview, from_addr, to_addrs, cc_addrs, bcc_addrs, attachments, address_ids, subject_key, subject_reply, size, seen, automatic, stored_at from messages x
                    where x.account_id = $2 and x.author_id = $3 and x.identity = n.identity limit 1) m;

-- name: RemoveEmptyCorrespondences :exec
delete from correspondences c
where c.account_id = $1 and c.author_id = $2 and c.address_id = any ($3::bigint[])
  and not exists (select from participants p
                  where p.account_id = c.account_id and p.author_id = c.author_id and p.address_id = c.address_id);

-- name: RemoveUnplaced :many
delete from messages m
where m.account_id = $1 and m.id = any ($2::bigint[])
  and not exists (select from ledger l where l.account_id = m.account_id and l.message_id = m.id)
returning m.id, m.address_ids;

-- name: ShrinkCorrespondences :exec
update correspondences c set last_at = n.last_at
from (select a.address_id, (select max(p.date) from participants p
                            where p.account_id = $1 and p.author_id = $2 and p.address_id = a.address_id) as last_at
      from unnest($3::bigint[]) as a (address_id)) n
where c.account_id = $1 and c.author_id = $2 and c.address_id = n.address_id
  and n.last_at is not null and c.last_at <> n.last_at;

-- name: UpsertCorrespondences :exec
insert into correspondences (account_id, author_id, address_id, last_at)
select $1, $2, unnest($3::bigint[]), unnest($4::timestamptz[])
on conflict (account_id, author_id, address_id) do update set last_at = excluded.last_at
where correspondences.last_at < excluded.last_at;

-- name: CardsOfViewer :many
select card_id from card_viewers where account_id = $1 and user_id = $2;

-- name: ConversationsWritten :many
select distinct card_id from conversations where account_id = $1 and xmin = pg_current_xact_id()::xid;

-- name: MessagesOfCorrespondence :many
select distinct message_id from participants
where account_id = $1 and author_id = $2 and address_id = any($3::bigint[]);

-- name: SightsOfCards :many
select author_id, card_id, address_id, tracked::boolean as tracked, granted::boolean as granted
from granted_conversations where account_id = $1 and card_id = any($2::bigint[]) and tracked;

-- name: ViewersOfCards :many
select card_id, user_id from card_viewers where account_id = $1 and card_id = any($2::bigint[]);

-- name: FoldDeliveries :exec
with folded as (
    select distinct on (d.message_id, d.address) d.message_id, d.address, coalesce(e.status, 'sent') as status, e.class, e.code,
           coalesce(e.hard, false) as hard, coalesce(e.at, m.date) as at
    from deliveries d
    join messages m on m.account_id = d.account_id and m.id = d.message_id
    left join delivery_events e on e.account_id = d.account_id and e.message_id = d.message_id and e.address = d.address
    where d.account_id = $1 and d.message_id = any ($2::bigint[])
    order by d.message_id, d.address,
             array_position(array['sent', 'delayed', 'relayed', 'delivered', 'bounced', 'displayed', 'replied'], e.status) desc nulls last,
             e.hard desc, e.at, e.evidence
)
update deliveries d set status = f.status, class = f.class, code = f.code, hard = f.hard, at = f.at
from folded f
where d.account_id = $1 and d.message_id = f.message_id and d.address = f.address
  and (d.status, d.class, d.code, d.hard, d.at) is distinct from (f.status, f.class, f.code, f.hard, f.at);

-- name: InsertAnswers :many
with touched as materialized (
    select x.id, x.thread_id, x.date, x.direction, x.automatic, lower(trim(x.from_addr ->> 'address')) as sender
    from unnest($2::bigint[]) as n(id) cross join lateral (select account_id, id, author_id, thread_id, identity, sort_key, date, direction, header_id, subject, preview, from_addr, to_addrs, cc_addrs, bcc_addrs, attachments, address_ids, subject_key, subject_reply, size, seen, automatic, stored_at from messages y where y.account_id = $1 and y.id = n.id offset 0) x
    union
    select x.id, x.thread_id, x.date, x.direction, x.automatic, lower(trim(x.from_addr ->> 'address'))
    from unnest($3::bigint[]) as n(id) cross join lateral (select account_id, id, author_id, thread_id, identity, sort_key, date, direction, header_id, subject, preview, from_addr, to_addrs, cc_addrs, bcc_addrs, attachments, address_ids, subject_key, subject_reply, size, seen, automatic, stored_at from messages y where y.account_id = $1 and y.thread_id = n.id offset 0) x
), pairs as (
    select m.id as message_id, d.address, t.date
    from touched t
    cross join lateral (select x.id from messages x
                        where x.account_id = $1 and x.thread_id = t.thread_id and x.direction = 'outbound' and x.date < t.date offset 0) m
    cross join lateral (select x.address from deliveries x
                        where x.account_id = $1 and x.message_id = m.id and x.address = t.sender offset 0) d
    where t.direction = 'inbound' and not t.automatic
    union all
    select t.id, d.address, i.date
    from touched t
    cross join lateral (select x.address from deliveries x where x.account_id = $1 and x.message_id = t.id offset 0) d
    cross join lateral (select x.date from messages x
                        where x.account_id = $1 and x.thread_id = t.thread_id and x.direction = 'inbound' and not x.automatic
                          and x.date > t.date and lower(trim(x.from_addr ->> 'address')) = d.address offset 0) i
    where t.direction = 'outbound'
)
insert into delivery_events (account_id, message_id, address, evidence, source, status, at)
select $1, p.message_id, p.address, '', 'answer', 'replied', min(p.date)
from pairs p
group by p.message_id, p.address
on conflict (account_id, message_id, address, evidence, status) do update set at = excluded.at
where excluded.at < delivery_events.at
returning message_id;

-- name: InsertDeliveryEvents :exec
insert into delivery_events (account_id, message_id, address, evidence, source, status, class, code, hard, at, reporter, passage)
select $1, e.message_id, e.address, e.evidence, e.source, e.status, nullif(e.class, ''), nullif(e.code, ''), e.hard, e.at,
       e.reporter, e.passage
from (select unnest($2::bigint[]) as message_id, unnest($3::text[]) as address,
             unnest($4::bytea[]) as evidence, unnest($5::text[]) as source, unnest($6::text[]) as status,
             unnest($7::text[]) as class, unnest($8::text[]) as code, unnest($9::boolean[]) as hard,
             unnest($10::timestamptz[]) as at, unnest($11::text[]) as reporter, unnest($12::text[]) as passage) e
on conflict do nothing;

-- name: InsertReports :many

insert into reports (account_id, author_id, digest, n, kind, status, class, code, hard, at, original, envelope, recipients,
                     sent_at, arrived_at, subject, said)
select $1, $2, r.digest, r.n, r.kind, r.status, nullif(r.class, ''), nullif(r.code, ''), r.hard, r.at,
       nullif(r.original, ''::bytea), nullif(r.envelope, ''::bytea), r.recipients::bytea[],
       nullif(r.sent_at, 'epoch'::timestamptz), nullif(r.arrived_at, 'epoch'::timestamptz), nullif(r.subject, ''::bytea), r.said
from (select unnest($3::bytea[]) as digest, unnest($4::integer[]) as n, unnest($5::text[]) as kind,
             unnest($6::text[]) as status, unnest($7::text[]) as class, unnest($8::text[]) as code,
             unnest($9::boolean[]) as hard, unnest($10::timestamptz[]) as at, unnest($11::bytea[]) as original,
             unnest($12::bytea[]) as envelope, unnest($13::text[]) as recipients,
             unnest($14::timestamptz[]) as sent_at, unnest($15::timestamptz[]) as arrived_at,
             unnest($16::bytea[]) as subject, unnest($17::bytea[]) as said) r
on conflict do nothing
returning id;

-- name: MarkAutomatic :exec
update messages set automatic = true where account_id = $1 and id = any ($2::bigint[]);

-- name: NamelessReports :many
with nameless as materialized (
    select x.id, x.at, x.recipients from reports x
    where x.account_id = $1 and x.author_id = $5 and x.original is null and x.envelope is null
)
select distinct r.id
from nameless r
join messages m on m.account_id = $1 and m.id = any ($2::bigint[]) and m.direction = 'outbound'
    and r.at between m.date - make_interval(secs => $3) and m.date + make_interval(secs => $4)
where exists (select from deliveries d
              join addresses a on a.account_id = d.account_id and a.address = d.address
              where d.account_id = m.account_id and d.message_id = m.id and a.hash = any (r.recipients));

-- name: RemoveReports :exec
delete from reports r
where r.account_id = $1 and r.author_id = $2
  and not exists (select from mailboxes m where m.account_id = r.account_id and m.user_id = r.author_id);

-- name: ReportsNaming :many
select distinct on (r.id, o.id) r.id, r.digest, r.kind, r.status, r.class, r.code, r.hard, r.at, r.said,
       o.id::bigint as message_id, d.address
from (select unnest($1::bigint[]) as id, unnest($2::bytea[]) as name) o
cross join lateral (
    select x.account_id, x.id, x.author_id, x.digest, x.n, x.kind, x.status, x.class, x.code, x.hard, x.at, x.original, x.envelope, x.recipients, x.sent_at, x.arrived_at, x.subject, x.said, x.message_id from reports x where x.account_id = $3 and x.author_id = $4 and x.original = o.name
    union all
    select x.account_id, x.id, x.author_id, x.digest, x.n, x.kind, x.status, x.class, x.code, x.hard, x.at, x.original, x.envelope, x.recipients, x.sent_at, x.arrived_at, x.subject, x.said, x.message_id from reports x where x.account_id = $3 and x.author_id = $4 and x.envelope = o.name
) r
cross join lateral (
    select y.address, a.hash from deliveries y
    join addresses a on a.account_id = y.account_id and a.address = y.address
    where y.account_id = $3 and y.message_id = o.id and a.hash = any (r.recipients)
    offset 0 -- one look-up per report: there are none for most mail
) d
order by r.id, o.id, array_position(r.recipients, d.hash), d.address;

-- name: SentByHeaderID :many
select id, header_id from messages
where account_id = $1 and author_id = $2 and direction = 'outbound' and header_id = any ($3::text[]);

-- name: SentInTime :many
select distinct on (r.id, m.id) r.id, r.digest, r.kind, r.status, r.class, r.code, r.hard, r.at, r.said,
       r.sent_at, r.arrived_at, r.subject, coalesce(r.message_id, 0)::bigint as tied_to,
       m.id as message_id, m.date, m.subject as message_subject, d.address
from reports r
join addresses a on a.account_id = r.account_id and a.hash = any (r.recipients)
join participants p on p.account_id = r.account_id and p.author_id = r.author_id and p.address_id = a.id
    and p.date between r.at - make_interval(secs => $1) and r.at + make_interval(secs => $2)
join messages m on m.account_id = p.account_id and m.id = p.message_id and m.direction = 'outbound'
join deliveries d on d.account_id = m.account_id and d.message_id = m.id and d.address = a.address
where r.account_id = $3 and r.id = any ($4::bigint[]) and r.original is null and r.envelope is null
order by r.id, m.id, array_position(r.recipients, a.hash), d.address;

-- name: TieReports :exec
update reports r set message_id = t.message_id
from (select unnest($2::bigint[]) as id, unnest($3::bigint[]) as message_id) t
where r.account_id = $1 and r.id = t.id and r.message_id is null;

-- name: UnmatchedReports :many
select r.id, u.crm_id as author, r.kind, r.status, r.class, r.code, r.hard, r.at,
       (case when r.original is not null then 'message_id' when r.envelope is not null then 'envelope_id' else 'recipient' end)::text as names
from reports r
join users u on u.account_id = r.account_id and u.id = r.author_id
where r.account_id = $1 and r.message_id is null and r.id < $2
order by r.id desc
limit $3::bigint;

-- name: UntieReports :exec
with untied as (
    update reports u set message_id = null
    from (select r.id, r.digest, r.message_id from reports r
          where r.account_id = $1 and r.id = any ($2::bigint[]) and r.message_id is not null) was
    where u.account_id = $1 and u.id = was.id
    returning was.digest, was.message_id
)
delete from delivery_events e using untied
where e.account_id = $1 and e.message_id = untied.message_id and e.evidence = untied.digest;

-- name: InsertThreadLinks :exec
insert into thread_links (account_id, author_id, hash, thread_id)
select $1, $2, unnest($3::bytea[]), unnest($4::bigint[])
on conflict do nothing;

-- name: MergeThreads :exec
update threads t set merged_into = w.winner
from (select unnest($2::bigint[]) as loser, unnest($3::bigint[]) as winner) w
where t.account_id = $1 and (t.id = w.loser or t.merged_into = w.loser);

-- name: MoveThreadLinks :exec
update thread_links t set thread_id = w.winner
from (select unnest($2::bigint[]) as loser, unnest($3::bigint[]) as winner) w
where t.account_id = $1 and t.thread_id = w.loser;

-- name: MoveThreadMessages :exec
update messages m set thread_id = w.winner
from (select unnest($2::bigint[]) as loser, unnest($3::bigint[]) as winner) w
where m.account_id = $1 and m.thread_id = w.loser;

-- name: NewThreads :many
insert into threads (account_id, author_id)
select $1, $2 from generate_series(1, $3::integer)
returning id;

-- name: SubjectMates :many
select t.n::integer as n, m.thread_id
from (select unnest($1::integer[]) as n, unnest($2::bytea[]) as key, unnest($3::timestamptz[]) as date,
             unnest($4::boolean[]) as reply) t
cross join lateral (
    select s.thread_id from messages s
    where s.account_id = $5 and s.author_id = $6 and s.subject_key = t.key
      and s.date between t.date - make_interval(secs => $7::float8) and t.date + make_interval(secs => $7::float8)
      and (t.reply or s.subject_reply)
    offset 0) m;

-- name: ThreadLinks :many
select l.hash, l.thread_id
from (select unnest($1::bytea[]) as hash) h
cross join lateral (select t.hash, t.thread_id from thread_links t
                    where t.account_id = $2 and t.author_id = $3 and t.hash = h.hash limit 1) l;

-- name: AddUserAddresses :exec
insert into user_addresses (account_id, user_id, address_id)
select $1, $2, unnest($3::bigint[]) on conflict do nothing;

-- name: ChangeSetting :exec
update settings
set value = $1, version = $2, since = $3, changed_by = $4, called = $5, epoch = epoch + 1,
    fence = case when $6::boolean then epoch + 1 else fence end,
    owner_fence = case when $6::boolean then epoch + 1 else owner_fence end
where account_id = $7 and user_id = $8 and kind = $9;

-- name: ChangeStanding :exec
update settings
set epoch = epoch + 1, owner_fence = case when $1::boolean then epoch + 1 else owner_fence end
where account_id = $2 and user_id = $3;

-- name: ConfirmSetting :exec
update settings set version = $1 where account_id = $2 and user_id = $3 and kind = $4;

-- name: EnsureUsers :exec
with made as (
    insert into users (account_id, crm_id)
    select $1, id from unnest($2::text[]) as ids(id) order by id
    on conflict do nothing
    returning id
)
insert into settings (account_id, user_id, kind)
select $1, made.id, kind from made, unnest(array['lead', 'contact', 'deal']) as kinds(kind)
on conflict do nothing;

-- name: FinishSetting :exec
update settings set restamped = greatest(restamped, $1::bigint)
where account_id = $2 and user_id = $3 and kind = $4 and epoch >= $1;

-- name: RemoveUserAddresses :exec
delete from user_addresses
where account_id = $1 and user_id = $2 and address_id = any($3::bigint[]);

-- name: Settings :many
select account_id, user_id, kind, value, version, epoch, fence, owner_fence, restamped, since, changed_by, called from settings where account_id = $1 and user_id = $2 order by kind;

-- name: SettingsBehind :many
select user_id, kind from settings where account_id = $1 and restamped < epoch order by user_id, kind;

-- name: UpdateUser :exec
update users set version = $1, name = $2, state = $3 where account_id = $4 and id = $5;

-- name: UserAddressIDs :many
select address_id from user_addresses where account_id = $1 and user_id = $2;

-- name: UserByID :one
select account_id, id, crm_id, version, told, name, state from users where account_id = $1 and id = $2;

-- name: UserTold :exec
update users set told = $1 where account_id = $2 and id = $3;

-- name: UsersByCRMID :many
select account_id, id, crm_id, version, told, name, state from users where account_id = $1 and crm_id = any($2::text[]);

-- name: PruneWebhookReceipts :execrows
delete from webhook_receipts
where (account_id, webhook_id) in (
    select account_id, webhook_id from webhook_receipts
    where webhook_receipts.account_id = $1 and received_at < now() - make_interval(secs => $2::float8)
    limit $3);

-- name: ReceiveWebhook :execrows
insert into webhook_receipts (account_id, webhook_id, events)
values ($1, $2, $3)
on conflict do nothing;

-- name: WakeMailboxes :exec
with due as (
    select l.account_id, l.mailbox_id
    from mailbox_leases l
    join mailboxes m on m.account_id = l.account_id and m.id = l.mailbox_id
    join users u on u.account_id = m.account_id and u.id = m.user_id
    where l.account_id = $1
      and m.state not in ('needs_auth', 'disconnected')
      and (m.crm_id = any ($2::text[]) or u.crm_id = any ($3::text[]))
    order by l.mailbox_id
    for update of l
), made_due as (
    update mailbox_leases l set due_at = least(l.due_at, now())
    from due where l.account_id = due.account_id and l.mailbox_id = due.mailbox_id
)
select pg_notify('mailstamp_wake', due.account_id || '/' || due.mailbox_id) from due;
