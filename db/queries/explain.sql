-- name: ExplainedMessage :one
-- Whose the message is, whether nothing of the author's is shown to anybody, and which of its addresses stand in fields that only
-- the author sees.
select m.author_id, u.crm_id as author, (u.state = 'deleted')::boolean as author_deleted, (u.removals > 0)::boolean as being_removed,
       m.address_ids,
       (select coalesce(array_agg(a.id), '{}') from addresses a
        where a.account_id = m.account_id and a.id = any (m.address_ids)
          and not exists (select from jsonb_array_elements(m.to_addrs || m.cc_addrs || jsonb_build_array(m.from_addr)) shown(entry)
                          where shown.entry ->> 'address' = a.address))::bigint[] as bcc_only
from messages m
join users u on u.account_id = m.account_id and u.id = m.author_id
where m.account_id = @account_id and m.id = @id;

-- name: ExplainedConversations :many
select f.address_id, a.address, f.share, f.shared_on_contact, f.setting, f.handover, f.was_owner, f.is_owner, f.is_collaborator,
       f.new_owner, f.new_owners, f.on_card, f.blocked,
       coalesce(g.granted, false)::boolean as granted, c.share_at, coalesce(c.share_by, '') as share_by, c.since
from conversation_facts f
join conversations c on c.account_id = f.account_id and c.author_id = f.author_id and c.card_id = f.card_id and c.address_id = f.address_id
join addresses a on a.account_id = f.account_id and a.id = f.address_id
left join granted_conversations g
    on g.account_id = f.account_id and g.author_id = f.author_id and g.card_id = f.card_id and g.address_id = f.address_id
where f.account_id = @account_id and f.author_id = @author_id and f.card_id = @card_id and f.address_id = any(@address_ids::bigint[])
order by a.address;

-- name: ExplainedCard :one
-- The ownership that R5 and R6 look at; the times are null where there is nothing to date.
select k.kind, k.crm_id, k.owner_id, k.owner_since, coalesce(o.crm_id, '') as owner, w.since as owned_since, c.since as collaborates_since
from cards k
left join users o on o.account_id = k.account_id and o.id = k.owner_id
left join card_owners w on w.account_id = k.account_id and w.card_id = k.id and w.user_id = @author_id
left join card_collaborators c on c.account_id = k.account_id and c.card_id = k.id and c.user_id = @author_id
where k.account_id = @account_id and k.id = @card_id;

-- name: ExplainedContactShares :many
-- What the author said of the address on the deal's contacts, as far as the asker can open them.
select k.crm_id, cc.share_at, coalesce(cc.share_by, '') as share_by
from deal_contacts dc
join cards k on k.account_id = dc.account_id and k.id = dc.contact_id and k.state = 'open'
join card_addresses ca on ca.account_id = dc.account_id and ca.card_id = dc.contact_id and ca.address_id = @address_id
join conversations cc on cc.account_id = dc.account_id and cc.author_id = @author_id and cc.card_id = dc.contact_id
                     and cc.address_id = @address_id and cc.share = 'shared' and not is_held(cc)
where dc.account_id = @account_id and dc.deal_id = @deal_id
  and (@asker_id::bigint = 0 or @asker_id = @author_id
       or exists (select from card_viewers v where v.account_id = k.account_id and v.card_id = k.id and v.user_id = @asker_id))
order by k.crm_id;
