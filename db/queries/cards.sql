-- name: EnsureCards :exec
-- Cards as placeholders where they are not known.
insert into cards (account_id, kind, crm_id)
select @account_id, c.kind, c.crm_id from (select unnest(@kinds::text[]) as kind, unnest(@crm_ids::text[]) as crm_id) c
order by c.kind, c.crm_id
on conflict do nothing;

-- name: CardByCRMID :one
select * from cards where account_id = @account_id and kind = @kind and crm_id = @crm_id;

-- name: CardsByCRMID :many
select id, kind, crm_id from cards where account_id = @account_id and kind = @kind and crm_id = any(@crm_ids::text[]);

-- name: CardsByID :many
select id, kind, crm_id from cards where account_id = @account_id and id = any(@ids::bigint[]) order by kind, crm_id;

-- name: UpdateCard :exec
-- An event older than the card's deletion or conversion says what it was, and does not open it.
update cards
set version = greatest(version, @version), told = @version, name = @name,
    state = case when @version > version then 'open' else state end,
    merged_into = case when @version > version then null else merged_into end,
    everyone = @everyone, owner_id = @owner_id,
    owner_since = case when owner_id is distinct from @owner_id then @at else owner_since end
where account_id = @account_id and id = @id;

-- name: DeleteCard :exec
update cards set version = @version, state = 'deleted' where account_id = @account_id and id = @id;

-- name: RememberOwner :execrows
insert into card_owners (account_id, card_id, user_id, since)
values (@account_id, @card_id, @user_id, @since) on conflict do nothing;

-- name: AddCollaborators :exec
insert into card_collaborators (account_id, card_id, user_id, since)
select @account_id, @card_id, unnest(@user_ids::bigint[]), @since on conflict do nothing;

-- name: RemoveOtherCollaborators :exec
delete from card_collaborators
where account_id = @account_id and card_id = @card_id and user_id <> all(@user_ids::bigint[]);

-- name: AddAudience :exec
insert into card_audience (account_id, card_id, user_id)
select @account_id, @card_id, unnest(@user_ids::bigint[]) on conflict do nothing;

-- name: RemoveOtherAudience :exec
delete from card_audience
where account_id = @account_id and card_id = @card_id and user_id <> all(@user_ids::bigint[]);

-- name: PutCardAddresses :exec
insert into card_addresses (account_id, card_id, address_id, label, since)
select @account_id, @card_id, a.address_id, a.label, @since
from (select unnest(@address_ids::bigint[]) as address_id, unnest(@labels::text[]) as label) a
on conflict (account_id, card_id, address_id) do update set label = excluded.label
where card_addresses.label <> excluded.label;

-- name: RemoveOtherCardAddresses :exec
delete from card_addresses
where account_id = @account_id and card_id = @card_id and address_id <> all(@address_ids::bigint[]);

-- name: PutDealContacts :exec
insert into deal_contacts (account_id, deal_id, contact_id, is_primary, since)
select @account_id, @deal_id, c.contact_id, c.is_primary, @since
from (select unnest(@contact_ids::bigint[]) as contact_id, unnest(@primaries::boolean[]) as is_primary) c
on conflict (account_id, deal_id, contact_id) do update set is_primary = excluded.is_primary
where deal_contacts.is_primary <> excluded.is_primary;

-- name: RemoveOtherDealContacts :exec
delete from deal_contacts
where account_id = @account_id and deal_id = @deal_id and contact_id <> all(@contact_ids::bigint[]);

-- name: DealsOfContacts :many
select distinct deal_id from deal_contacts where account_id = @account_id and contact_id = any(@contact_ids::bigint[]);

-- name: RaiseCards :exec
-- The cards' part in their stamps changed; what is not stamped anew in this transaction counts as hidden.
update cards set epoch = epoch + 1, fence = epoch + 1, restamped = case when @restamped::boolean then epoch + 1 else restamped end
where account_id = @account_id and id = any(@ids::bigint[]);

-- name: FinishCard :exec
update cards set restamped = greatest(restamped, @epoch::bigint)
where account_id = @account_id and id = @id and epoch >= @epoch;

-- name: CardsBehind :many
select id from cards where account_id = @account_id and restamped < epoch order by id;

-- name: CardEpoch :one
select epoch from cards where account_id = @account_id and id = @id;

-- name: HandedOverCards :many
-- Cards on whose stamps the handover policy has a say: some former owner is not the owner now.
select distinct k.id from cards k
join card_owners o on o.account_id = k.account_id and o.card_id = k.id
where k.account_id = @account_id and o.user_id is distinct from k.owner_id;

-- name: CanOpenCard :one
select exists (select from card_viewers where account_id = @account_id and card_id = @card_id and user_id = @viewer_id);

-- name: MergeCardsInto :exec
-- Converted or merged away; a newer event of the card itself opens it again.
update cards set state = 'deleted', merged_into = @into_id where account_id = @account_id and id = any(@ids::bigint[]);

-- name: MoveDeals :exec
-- The deals of contacts merged away are the winner's.
insert into deal_contacts (account_id, deal_id, contact_id, is_primary, since)
select dc.account_id, dc.deal_id, @winner_id, bool_or(dc.is_primary), min(dc.since) from deal_contacts dc
where dc.account_id = @account_id and dc.contact_id = any(@loser_ids::bigint[])
group by dc.account_id, dc.deal_id
on conflict do nothing;

-- name: CopyCardAddresses :exec
insert into card_addresses (account_id, card_id, address_id, label, since)
select distinct on (ca.address_id) ca.account_id, @to_card::bigint, ca.address_id, ca.label, @since from card_addresses ca
where ca.account_id = @account_id and ca.card_id = any(@from_cards::bigint[])
order by ca.address_id, ca.card_id
on conflict do nothing;

-- name: SetCardVersion :exec
update cards set version = @version where account_id = @account_id and id = @id;

-- name: CardByID :one
select * from cards where account_id = @account_id and id = @id;
