-- A mailbox that is put again has its quarantined mail tried again: found without reading its whole ledger.

-- +goose NO TRANSACTION
-- +goose Up
drop index concurrently if exists ledger_quarantined;
create index concurrently ledger_quarantined on ledger (account_id, folder_id, uid_validity) where disposition = 'quarantined';

-- +goose Down
drop index concurrently ledger_quarantined;
