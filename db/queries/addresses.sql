-- name: InternAddresses :exec
insert into addresses (account_id, address, hash, domains)
select @account_id, a.address, a.hash, string_to_array(a.domains, ' ')
from (select unnest(@addresses::text[]) as address, unnest(@hashes::bytea[]) as hash, unnest(@domains::text[]) as domains) a
order by a.address
on conflict do nothing;

-- name: AddressIDs :many
select id, address from addresses where account_id = @account_id and address = any(@addresses::text[]);

-- name: AddressesByID :many
select id, address from addresses where account_id = @account_id and id = any(@ids::bigint[]);
