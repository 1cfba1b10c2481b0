-- Whoever shares or stores mail asks who is blocked while others wait. What is written in SQL is planned anew in each statement that
-- asks, which takes longer than the answer; this is planned once for a connection.

-- +goose Up
-- +goose StatementBegin
create or replace function is_blocked(account bigint, author bigint, addr bigint) returns boolean
    language plpgsql stable parallel safe as $$
begin
    return exists (select from user_addresses ua where ua.account_id = account and ua.address_id = addr)
        or exists (
            select from blocklists b
            join blocklist_entries e on e.account_id = b.account_id and e.blocklist_id = b.id
            join addresses a on a.account_id = b.account_id and a.id = addr
            where b.account_id = account and (b.user_id is null or b.user_id = author)
              and (e.address = a.address or e.domain = any (a.domains)
                   or exists (select from card_holds r
                              where r.account_id = account and r.card_id = e.card_id and r.address_id = addr)));
end $$;
-- +goose StatementEnd

-- +goose Down
-- There is no way back but a new database.
select 1;
