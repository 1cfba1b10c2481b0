-- Indexes on tables that grow: made while the program before goes on working. One that was cut off is left invalid, and made anew.

-- +goose NO TRANSACTION
-- +goose Up

-- A card's conversations that were ever visible to others.
drop index concurrently if exists conversations_shown;
create index concurrently conversations_shown on conversations (account_id, card_id, author_id) where shown;

-- A feed ranks conversations by their correspondences, which it looks up by author and address: an index by address alone serves
-- as many rows as the address has authors.
drop index concurrently if exists correspondences_address_author;
create index concurrently correspondences_address_author on correspondences (account_id, address_id, author_id);
drop index concurrently if exists correspondences_address;

drop index concurrently if exists correspondences_blocked;
create index concurrently correspondences_blocked on correspondences (account_id, blocked_at) where blocked_at is not null;

-- +goose Down
-- There is no way back but a new database.
select 1;
