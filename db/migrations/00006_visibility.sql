-- What makes re-stamping and reading cost no more than what they touch and show.

-- +goose Up

-- R3: the conversations on deals that their author shares on a contact of the deal which has the address.
create view shares_on_contacts with (security_invoker = true) as
select cc.account_id, cc.author_id, dc.deal_id as card_id, cc.address_id
from conversations cc
join deal_contacts dc on dc.account_id = cc.account_id and dc.contact_id = cc.card_id
join cards contact on contact.account_id = cc.account_id and contact.id = cc.card_id and contact.state = 'open'
join card_addresses ca on ca.account_id = cc.account_id and ca.card_id = cc.card_id and ca.address_id = cc.address_id
where cc.share = 'shared' and not is_held(cc);

create or replace view conversation_facts with (security_invoker = true) as
select c.account_id, c.author_id, c.card_id, c.address_id, c.kind, c.on_card, c.blocked,
       (case when c.share is null or is_held(c) then '' else c.share end)::text as share,
       (c.kind = 'deal' and exists (
           select from shares_on_contacts s
           where s.account_id = c.account_id and s.author_id = c.author_id and s.card_id = c.card_id
             and s.address_id = c.address_id))::boolean as shared_on_contact,
       s.value as setting, a.handover,
       exists (select from card_owners o
               where o.account_id = c.account_id and o.card_id = c.card_id and o.user_id = c.author_id) as was_owner,
       coalesce(k.owner_id = c.author_id, false)::boolean as is_owner,
       exists (select from card_collaborators o
               where o.account_id = c.account_id and o.card_id = c.card_id and o.user_id = c.author_id) as is_collaborator,
       coalesce(owner.state = 'active', false)::boolean as new_owner,
       coalesce(os.value, '') as new_owners,
       s.epoch as author_epoch, k.epoch as card_epoch, coalesce(os.epoch, 0) as owner_epoch,
       c.visible, c.reason, c.author_epoch as stamped_author_epoch, c.card_epoch as stamped_card_epoch,
       c.owner_epoch as stamped_owner_epoch
from conversations c
join accounts a on a.id = c.account_id
join cards k on k.account_id = c.account_id and k.id = c.card_id
join settings s on s.account_id = c.account_id and s.user_id = c.author_id and s.kind = c.kind
left join users owner on owner.account_id = c.account_id and owner.id = k.owner_id
left join settings os on os.account_id = c.account_id and os.user_id = k.owner_id and os.kind = c.kind;

-- +goose Down
-- There is no way back but a new database.
select 1;
