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

-- shown is false as long as a conversation has never been visible to others: readers find a card's conversations by it, so that
-- the time of an answer tells nothing of how much there is that was never theirs to see. Unlike the verdict it changes once in a
-- conversation's life, so that stamps stay out of indexes (HOT updates). Rows of earlier programs count as shown.
alter table conversations add column shown boolean not null default true;

-- +goose StatementBegin
create function note_shown() returns trigger language plpgsql as $$
begin
    new.shown := true;
    return new;
end $$;
-- +goose StatementEnd

-- Statements that stamp say it themselves. Those of the program before, which may run beside this one, do not know of it.
create trigger conversations_shown before update on conversations for each row when (new.visible and not new.shown) execute function note_shown();

-- Plans that serve every card are made for one of 50 conversations. For the average card, which has a few, they cost no more;
-- those made for it join hundreds of conversations one by one.
alter table conversations alter column card_id set (n_distinct = -0.02);
analyze conversations (card_id);
analyze users; -- which has a column without statistics that every reader asks for

create or replace view granted_conversations with (security_invoker = true) as
select c.account_id, c.author_id, u.crm_id as author, c.card_id, c.address_id, c.kind, c.share, c.share_at, c.share_by, c.visible,
       c.reason, c.since, c.on_card and not c.blocked as tracked,
       coalesce(c.visible and c.on_card and not c.blocked
           and c.author_epoch >= s.fence
           and c.card_epoch >= k.fence
           and (c.reason <> 'handover_visible' or c.owner_epoch >= os.owner_fence), false)::boolean as granted,
       c.shown
from conversations c
join users u on u.account_id = c.account_id and u.id = c.author_id and u.state in ('active', 'inactive') and u.removals = 0
join cards k on k.account_id = c.account_id and k.id = c.card_id and k.state = 'open'
left join settings s on s.account_id = c.account_id and s.user_id = c.author_id and s.kind = c.kind
left join settings os on os.account_id = c.account_id and os.user_id = k.owner_id and os.kind = c.kind;

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
