-- name: EnsureBlocklist :exec
insert into blocklists (account_id, user_id) values (@account_id, sqlc.narg(user_id)) on conflict do nothing;

-- name: Blocklist :one
select * from blocklists where account_id = @account_id and user_id is not distinct from sqlc.narg(user_id);

-- name: SetBlocklistVersion :exec
update blocklists set version = @version where account_id = @account_id and id = @id;

-- name: BlockedBy :many
-- The addresses known that a list's entries cover.
select distinct a.id from addresses a
join blocklist_entries e on e.account_id = a.account_id
where a.account_id = @account_id and e.blocklist_id = @blocklist_id
  and (e.address = a.address or e.domain = any (a.domains)
       or exists (select from card_holds r where r.account_id = a.account_id and r.card_id = e.card_id and r.address_id = a.id));

-- name: ClearBlocklist :exec
delete from blocklist_entries where account_id = @account_id and blocklist_id = @blocklist_id;

-- name: AddBlocklistEntries :exec
insert into blocklist_entries (account_id, blocklist_id, address, domain, card_id)
select @account_id, @blocklist_id, nullif(e.address, ''), nullif(e.domain, ''), nullif(e.card_id, 0)
from (select unnest(@addresses::text[]) as address, unnest(@domains::text[]) as domain, unnest(@card_ids::bigint[]) as card_id) e
on conflict do nothing;

-- name: CardBlockEntries :many
-- Whether some block list names one of these cards: its addresses are blocked then, whatever cards they are on.
select distinct card_id::bigint as card_id from blocklist_entries where account_id = @account_id and card_id = any(@card_ids::bigint[]);

-- name: AddressesBlockedByCards :many
-- The addresses that block lists cover because they name one of these cards or of their deals.
select distinct r.address_id
from blocklist_entries e
join card_holds r on r.account_id = e.account_id and r.card_id = e.card_id
where e.account_id = @account_id
  and (e.card_id = any(@card_ids::bigint[])
       or e.card_id in (select deal_id from deal_contacts dc where dc.account_id = @account_id and dc.contact_id = any(@card_ids::bigint[])));

-- name: ChangePolicy :exec
update accounts set policy_version = @version, handover = @handover, deletion = @deletion where id = @id;

-- name: BlockEntries :many
-- A user's list and the account's, entry by entry; a list without entries is one row of empty ones.
select (b.user_id is null)::boolean as of_account, b.version, coalesce(e.address, '')::text as address, coalesce(e.domain, '')::text as domain,
       coalesce(k.kind, '')::text as kind, coalesce(k.crm_id, '')::text as card
from blocklists b
left join blocklist_entries e on e.account_id = b.account_id and e.blocklist_id = b.id
left join cards k on k.account_id = e.account_id and k.id = e.card_id
where b.account_id = @account_id and (b.user_id is null or b.user_id = @user_id)
order by of_account, e.address, e.domain, k.kind, k.crm_id
limit @row_limit::bigint;
