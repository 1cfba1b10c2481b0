//go:build unix

package main

// scaleRows writes the large account (scale.go) in SQL. $names are its numbers.
var scaleRows = []string{
	// Users: 1 is hot, then the others, then viewer. All their settings are the default.
	`insert into users (account_id, id, crm_id, version, name, state) overriding system value
	 select $account, n, case when n = 1 then 'hot' when n = $others + 2 then 'viewer' else 'a' || n - 1 end, 1, 'User ' || n, 'active'
	 from generate_series(1, $others + 2) n`,
	`insert into settings (account_id, user_id, kind)
	 select $account, n, kind from generate_series(1, $others + 2) n, unnest(array['lead', 'contact', 'deal']) kind`,
	`insert into user_addresses (account_id, user_id, address_id) select $account, n, 90000 + n from generate_series(1, $others + 2) n`,

	// Cards: hot's contacts and deals, of which hot owns half; the leads with many conversations; the ordinary contacts.
	`insert into cards (account_id, id, kind, crm_id, version, name, state, everyone, owner_id) overriding system value
	 select $account, n, 'contact', 'c' || n, 1, 'Contact ' || n, 'open', true, case when n % 2 = 0 then 1 else 2 + n % $others end
	 from generate_series(1, $contacts) n
	 union all
	 select $account, 25000 + n, 'deal', 'd' || n, 1, 'Deal ' || n, 'open', true, case when n % 2 = 0 then 1 else 2 + n % $others end
	 from generate_series(1, $contacts) n
	 union all
	 select $account, 50000 + n, 'lead', name, 1, 'Lead ' || name, 'open', true, null
	 from unnest(array['all', 'tenth', 'none', 'one-old', 'empty']) with ordinality as l(name, n)
	 union all
	 select $account, 60000 + n, 'contact', 'o' || n, 1, 'Ordinary ' || n, 'open', true, 2 + n % $others
	 from generate_series(1, $ordinary / 2) n`,
	`insert into card_owners (account_id, card_id, user_id, since)
	 select account_id, id, owner_id, $since from cards where owner_id is not null`,
	`insert into card_addresses (account_id, card_id, address_id, since)
	 select $account, n, n, $since from generate_series(1, $contacts) n
	 union all
	 select $account, 50000 + c, 25000 + a, $since from generate_series(1, 4) c, generate_series(1, 25) a
	 union all
	 select $account, 60001 + (n - 1) / 2, 30000 + n, $since from generate_series(1, $ordinary) n`,
	`insert into deal_contacts (account_id, deal_id, contact_id, is_primary, since)
	 select $account, 25000 + n, n, true, $since from generate_series(1, $contacts) n
	 union all
	 select $account, 25000 + n, n % $contacts + 1, false, $since from generate_series(1, $contacts) n`,

	// Threads of 1, 1, 1, 3 and 4 messages, twenty per contact of hot; then the others'.
	`insert into threads (account_id, id, author_id) overriding system value
	 select $account, t, 1 from generate_series(1, $hot_threads) t
	 union all
	 select $account, 500001 + o * 10 + r, 2 + o % $others from generate_series(0, $ordinary - 1) o, generate_series(0, 9) r
	 union all
	 select $account, 1000001 + p * 20 + r, 2 + p % $others from generate_series(0, 499) p, generate_series(0, 19) r`,
	`create temporary table mails as
	 select 1 as author_id, 1 + t % $contacts as address_id, t as thread_id, 'hot ' || t || ' ' || j as name,
	        $since + t * interval '126 seconds' + j * interval '5 hours' as date
	 from generate_series(1, $hot_threads) t, lateral generate_series(1, (array[1, 1, 1, 3, 4])[1 + (t + t / $contacts) % 5]) j`,
	`insert into mails
	 select * from (
	     select 2 + o % $others, 30001 + o, 500001 + o * 10 + q / $ordinary / 2, 'ordinary ' || q, $since + q * interval '64 seconds'
	     from generate_series(0, $ordinary_mails - 1) q, lateral (select (q * 7919::bigint % $ordinary)::integer as o) x
	     union all
	     select 2 + p % $others, 25001 + p / $others, 1000001 + p * 20 + k / 500 / 2, 'many ' || k,
	            case p when 0 then $since - interval '1 day' * (1 + k / 500) else $since + k * interval '3140 seconds' + interval '7 seconds' end
	     from generate_series(0, $hot_messages - 1) k, lateral (select k % 500 as p) x
	 ) as other(author_id, address_id, thread_id, name, date)
	 order by date`,
	`insert into messages (account_id, author_id, thread_id, identity, sort_key, date, direction, header_id, subject, preview, from_addr,
	                       to_addrs, attachments, address_ids, size, seen)
	 select $account, m.author_id, m.thread_id, h.identity, ('x' || encode(substr(h.identity, 1, 8), 'hex'))::bit(64)::bigint, m.date,
	        case when out then 'outbound' else 'inbound' end, '<' || replace(m.name, ' ', '.') || '@mail.example>',
	        'Re: Offer for the warehouse shelves, ' || m.name,
	        repeat('Thank you for the call. We looked at the drawings and can deliver within three weeks. ', 2),
	        case when out then own else theirs end, jsonb_build_array(case when out then theirs else own end),
	        case when h.n % 10 = 0 then '[{"n": 1, "name": "drawing.pdf", "type": "application/pdf", "size": 48213}]'::jsonb else '[]' end,
	        array[m.address_id, 90000 + m.author_id], 8000, h.n % 3 = 0
	 from (select *, row_number() over () as n from mails) m
	 join addresses a on a.account_id = $account and a.id = m.address_id,
	 lateral (select sha256(convert_to(m.name, 'UTF8')) as identity, m.n, m.n % 2 = 0 as out,
	          jsonb_build_object('name', 'Some Body', 'address', a.address) as theirs,
	          jsonb_build_object('name', 'User', 'address', 'u' || m.author_id || '@us.example') as own) h`,
	`drop table mails`,
	`insert into participants (account_id, author_id, address_id, date, sort_key, message_id)
	 select account_id, author_id, unnest(address_ids), date, sort_key, id from messages order by author_id, date`,
	`insert into correspondences (account_id, author_id, address_id, last_at)
	 select account_id, author_id, address_id, max(date) from participants group by account_id, author_id, address_id`,

	// Conversations, to be stamped by the product. On hot's contacts and deals one in 25 is shared, one in a hundred private;
	// on the leads what their names say; of the others four in five are shared. The cards are at their first epoch.
	`insert into conversations (account_id, author_id, card_id, address_id, kind, on_card, shown, blocked, card_epoch, share, share_version,
	                            share_at, share_by)
	 select account_id, author_id, card_id, address_id, kind, true, false, false, 1, share, (share is not null)::integer,
	        case when share is not null then $since end, case when share is not null then 'crm' end
	 from (
	     select r.account_id, co.author_id, r.card_id, r.address_id, k.kind,
	            case
	                when k.kind = 'lead' then
	                    case when k.crm_id = 'all'
	                           or k.crm_id = 'tenth' and (r.address_id * 20 + co.author_id) % 10 = 0
	                           or k.crm_id = 'one-old' and r.address_id = 25001 and co.author_id = 2
	                         then 'shared' end
	                when co.author_id <> 1 then case when r.address_id % 5 > 0 then 'shared' end
	                when (r.card_id + r.address_id) % 50 in (1, 4) then 'shared'
	                when (r.card_id + r.address_id) % 100 = 2 then 'private'
	            end as share
	     from card_reach r
	     join cards k on k.account_id = r.account_id and k.id = r.card_id
	     join correspondences co on co.account_id = r.account_id and co.address_id = r.address_id
	 ) x
	 order by author_id, card_id, address_id`,
	`select setval(pg_get_serial_sequence(t, 'id'), 2000000) from unnest(array['users', 'addresses', 'cards', 'threads']) t`,
}
