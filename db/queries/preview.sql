-- name: ConversationsWritten :many
-- The cards whose conversations this transaction wrote. Reads all of the account's: for previews.
select distinct card_id from conversations where account_id = @account_id and xmin = pg_current_xact_id()::xid;

-- name: CardsOfViewer :many
select card_id from card_viewers where account_id = @account_id and user_id = @user_id;

-- name: SightsOfCards :many
select author_id, card_id, address_id, tracked::boolean as tracked, granted::boolean as granted
from granted_conversations where account_id = @account_id and card_id = any(@card_ids::bigint[]) and tracked;

-- name: ViewersOfCards :many
select card_id, user_id from card_viewers where account_id = @account_id and card_id = any(@card_ids::bigint[]);

-- name: MessagesOfCorrespondence :many
select distinct message_id from participants
where account_id = @account_id and author_id = @author_id and address_id = any(@address_ids::bigint[]);
