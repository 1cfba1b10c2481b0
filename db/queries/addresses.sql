-- name: InternAddresses :exec
-- An erased person's address is not taken in again.
insert into addresses (account_id, address, hash, domains)
select @account_id, a.address, a.hash, string_to_array(a.domains, ' ')
from (select unnest(@addresses::text[]) as address, unnest(@hashes::bytea[]) as hash, unnest(@domains::text[]) as domains) a
where not exists (select from erasures e where e.account_id = @account_id and e.hash = a.hash)
order by a.address
on conflict do nothing;

-- name: AddressIDs :many
-- But those of persons who are being erased.
select a.id, a.address from addresses a
where a.account_id = @account_id and a.address = any(@addresses::text[])
  and not exists (select from erasures e where e.account_id = a.account_id and e.hash = a.hash);

-- name: AddressesByID :many
select id, address from addresses where account_id = @account_id and id = any(@ids::bigint[]);
