-- A batch of mail asks for cards, shares and facts by key, also before any table was analysed, when the planner takes an account, and
-- an author in it, for a two-hundredth of a table each and would as soon read all of them.

-- +goose NO TRANSACTION
-- +goose Up

-- With the card in the index, too, nothing is won by walking through the primary key, which is in the cards' order.
drop index concurrently if exists card_addresses_address_card;
create index concurrently card_addresses_address_card on card_addresses (account_id, address_id, card_id);
drop index concurrently if exists card_addresses_address;

-- Each card is looked up by its key: with a limit the look-up is a query of its own, and nothing else asked of the card gets into it.
-- What is left to plan are the links, from the address or from the card.
create or replace view card_reach with (security_invoker = true) as
select ca.account_id, ca.card_id, ca.address_id, c.kind
from card_addresses ca
cross join lateral (select x.kind, x.state from cards x where x.account_id = ca.account_id and x.id = ca.card_id limit 1) c
where c.state = 'open' and c.kind <> 'deal'
union all
select dc.account_id, dc.deal_id, ca.address_id, d.kind
from deal_contacts dc
join card_addresses ca on ca.account_id = dc.account_id and ca.card_id = dc.contact_id
cross join lateral (select x.kind, x.state from cards x where x.account_id = dc.account_id and x.id = dc.deal_id limit 1) d
cross join lateral (select x.kind, x.state from cards x where x.account_id = dc.account_id and x.id = dc.contact_id limit 1) c
where d.state = 'open' and d.kind = 'deal' and c.state = 'open' and c.kind = 'contact';

-- + 0: what an author shares is found in an index of that, by the address; to have it in the order of the cards, as joins by card may
-- want it, is no reason to read all of the author's conversations.
create or replace view shares_on_contacts with (security_invoker = true) as
select cc.account_id, cc.author_id, dc.deal_id as card_id, cc.address_id
from conversations cc
join deal_contacts dc on dc.account_id = cc.account_id and dc.contact_id = cc.card_id + 0
cross join lateral (select x.state from cards x where x.account_id = cc.account_id and x.id = cc.card_id limit 1) contact
cross join lateral (select from card_addresses x
                    where x.account_id = cc.account_id and x.card_id = cc.card_id and x.address_id = cc.address_id limit 1) ca
where cc.share = 'shared' and not is_held(cc) and contact.state = 'open';

-- offset 0: shares on contacts are asked for each conversation, never made a list of all the account's.
create or replace view conversation_facts with (security_invoker = true) as
select c.account_id, c.author_id, c.card_id, c.address_id, c.kind, c.on_card, c.blocked,
       (case when c.share is null or is_held(c) then '' else c.share end)::text as share,
       (c.kind = 'deal' and exists (
           select from shares_on_contacts s
           where s.account_id = c.account_id and s.author_id = c.author_id and s.card_id = c.card_id
             and s.address_id = c.address_id offset 0))::boolean as shared_on_contact,
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
