-- name: InsertEvidence :exec
insert into delivery_evidence (account_id, author_id, original, recipient, report, status, class, code, at)
select @account_id, @author_id, e.original, e.recipient, e.report, e.status, nullif(e.class, ''), nullif(e.code, ''), e.at
from (select unnest(@originals::bytea[]) as original, unnest(@recipients::bytea[]) as recipient, unnest(@reports::bytea[]) as report,
             unnest(@statuses::text[]) as status, unnest(@classes::text[]) as class, unnest(@codes::text[]) as code,
             unnest(@ats::timestamptz[]) as at) e
on conflict do nothing;

-- name: SentByHeaderID :many
select id, header_id from messages
where account_id = @account_id and author_id = @author_id and direction = 'outbound' and header_id = any (@header_ids::text[]);

-- The best evidence for each recipient of the messages, where it says more than what is known. A message to one recipient needs
-- no address in the report: the message it names is proof enough.
-- name: ApplyEvidence :exec
with best as (
    select distinct on (d.message_id, d.address) d.message_id, d.address, e.status, e.class, e.code, e.at,
           array_position(array['sent', 'delayed', 'relayed', 'delivered', 'bounced', 'displayed', 'replied'], e.status) as rank
    from (select unnest(@message_ids::bigint[]) as id, unnest(@originals::bytea[]) as original) o
    join deliveries d on d.account_id = @account_id and d.message_id = o.id
    join addresses a on a.account_id = d.account_id and a.address = d.address
    join delivery_evidence e on e.account_id = d.account_id and e.author_id = @author_id and e.original = o.original
         and (e.recipient = a.hash or (select count(*) from deliveries x where x.account_id = d.account_id and x.message_id = d.message_id) = 1)
    order by d.message_id, d.address, rank desc, e.at desc, e.report
)
update deliveries d set status = best.status, class = best.class, code = best.code, at = best.at
from best
where d.account_id = @account_id and d.message_id = best.message_id and d.address = best.address
  and best.rank > array_position(array['sent', 'delayed', 'relayed', 'delivered', 'bounced', 'displayed', 'replied'], d.status);
