-- Events while clocks differ.

-- +goose Up
-- +goose StatementBegin
-- The accounts that have events due and nobody sending them, those first whose last turn is longest ago. A time later than
-- anybody sets one now (last_…) is another clock's, or of before the clock was put back, and counts for nothing. It looks into one account after
-- the other, as row-level security wants it. accounts_with_events_due is that of the release before.
create function accounts_to_tell(moment timestamptz, at_most bigint, last_event timestamptz, last_pause timestamptz, last_turn timestamptz)
returns setof bigint language plpgsql as $$
declare
    account bigint;
    found_so_far bigint := 0;
begin
    for account in select e.account_id from crm_endpoints e
                   where (e.due_at <= moment or e.due_at > last_pause)
                     and (e.taken_until <= moment or e.taken_until > last_turn)
                   order by e.taken_until loop
        exit when found_so_far >= at_most;
        perform set_config('mailstamp.account', account::text, true);
        if exists (select from outbox o where o.account_id = account and o.state = 'pending' and o.due_at <= moment)
           or exists (select from outbox o where o.account_id = account and o.state = 'pending' and o.due_at > last_event) then
            found_so_far := found_so_far + 1;
            return next account;
        end if;
    end loop;
    perform set_config('mailstamp.account', '', true);
end $$;
-- +goose StatementEnd

-- +goose Down
drop function accounts_to_tell;
