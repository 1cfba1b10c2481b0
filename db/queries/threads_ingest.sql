-- Lateral, so that the index is asked for each key: on a table that has not been analysed yet, = any (…) reads the whole prefix.
-- name: ThreadLinks :many
select l.hash, l.thread_id
from (select unnest(@hashes::bytea[]) as hash) h
cross join lateral (select t.hash, t.thread_id from thread_links t
                    where t.account_id = @account_id and t.author_id = @author_id and t.hash = h.hash limit 1) l;

-- Messages of the same subject and parties, near in time, of which one is a reply without references (SPEC 6).
-- name: SubjectMates :many
select t.n::integer as n, m.thread_id
from (select unnest(@ns::integer[]) as n, unnest(@keys::bytea[]) as key, unnest(@dates::timestamptz[]) as date,
             unnest(@replies::boolean[]) as reply) t
cross join lateral (
    select s.thread_id from messages s
    where s.account_id = @account_id and s.author_id = @author_id and s.subject_key = t.key
      and s.date between t.date - make_interval(secs => @window_seconds::float8) and t.date + make_interval(secs => @window_seconds::float8)
      and (t.reply or s.subject_reply)
    order by s.date offset 0) m; -- ordered as the one index is that has it all: to the planner others look as good

-- name: NewThreads :many
insert into threads (account_id, author_id)
select @account_id, @author_id from generate_series(1, @count::integer)
returning id;

-- name: InsertThreadLinks :exec
insert into thread_links (account_id, author_id, hash, thread_id)
select @account_id, @author_id, unnest(@hashes::bytea[]), unnest(@thread_ids::bigint[])
on conflict do nothing;

-- name: MergeThreads :exec
update threads t set merged_into = w.winner
from (select unnest(@losers::bigint[]) as loser, unnest(@winners::bigint[]) as winner) w
where t.account_id = @account_id and (t.id = w.loser or t.merged_into = w.loser);

-- name: MoveThreadLinks :exec
update thread_links t set thread_id = w.winner
from (select unnest(@losers::bigint[]) as loser, unnest(@winners::bigint[]) as winner) w
where t.account_id = @account_id and t.thread_id = w.loser;

-- name: MoveThreadMessages :exec
update messages m set thread_id = w.winner
from (select unnest(@losers::bigint[]) as loser, unnest(@winners::bigint[]) as winner) w
where m.account_id = @account_id and m.thread_id = w.loser;
