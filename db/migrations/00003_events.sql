-- Events to the CRM (SPEC 8), and a second webhook secret while the first is replaced.

-- +goose Up

-- The secret that was replaced last, and until when it still counts.
alter table accounts
    add column sealed_old_webhook_secret bytea,
    add column old_webhook_secret_until  timestamptz,
    add constraint accounts_old_secret_check check ((sealed_old_webhook_secret is null) = (old_webhook_secret_until is null));

-- Where an account's CRM takes events, and how that goes: failures in a row, and when it is to be asked again. One sender at a
-- time has its turn there, until taken_until at the latest. An account without a row is told nothing. Not under row-level
-- security: senders look for work over all accounts here.
create table crm_endpoints (
    account_id    bigint      primary key references accounts,
    url           text        not null check (length(url) between 1 and 2000),
    failures      integer     not null default 0,
    failing_since timestamptz,
    due_at        timestamptz not null default now(),
    taken_until   timestamptz not null default now(),
    check ((failures = 0) = (failing_since is null))
);

-- What the CRM is to be told, written in the transaction of the change. A row names things by our own ids and holds neither an
-- address nor content; what the CRM gets is made of it when it is sent. So there are no foreign keys: what was deleted or erased
-- meanwhile is not told of any more (void), and holds up no deletion. Ids only grow, per conversation, delivery and mailbox in the order
-- of the commits: they are the events' versions.
create table outbox (
    account_id bigint      not null references accounts,
    id         bigint generated always as identity,
    type       text        not null check (type in ('thread.stamped', 'message.stored', 'delivery.changed', 'mailbox.needs_auth',
                                                    'mailbox.synced', 'share.held')),
    at         timestamptz not null default now(),
    author_id  bigint,
    card_id    bigint,
    address_id bigint,
    message_id bigint,
    mailbox_id bigint,
    visible    boolean,
    reason     text,
    status     text,
    class      text,
    code       text,
    hard       boolean,
    state      text        not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'void')),
    tried_from timestamptz not null default now(), -- for three days; anew when an operator replays it
    due_at     timestamptz not null default now(),
    attempts   integer     not null default 0,
    primary key (account_id, id),
    check (type not in ('thread.stamped', 'share.held') or num_nonnulls(author_id, card_id, address_id) = 3),
    check (type <> 'thread.stamped' or num_nonnulls(visible, reason) = 2),
    check (type <> 'message.stored' or num_nonnulls(author_id, message_id) = 2),
    check (type <> 'delivery.changed' or num_nonnulls(author_id, message_id, address_id, status, hard) = 5),
    check (type not in ('mailbox.needs_auth', 'mailbox.synced') or mailbox_id is not null)
);
create index outbox_due on outbox (account_id, due_at, id) where state = 'pending';
create index outbox_at on outbox (account_id, at);

-- What became of every attempt to deliver: the CRM's status, or the class of error when it gave no answer.
create table outbox_attempts (
    account_id bigint      not null,
    event_id   bigint      not null,
    n          integer     not null,
    at         timestamptz not null,
    status     integer,
    error      text,
    ms         integer     not null,
    primary key (account_id, event_id, n),
    foreign key (account_id, event_id) references outbox on delete cascade,
    check (num_nonnulls(status, error) = 1)
);

alter table outbox enable row level security;
alter table outbox force row level security;
create policy own_account on outbox using (account_id = (select current_account()));
alter table outbox_attempts enable row level security;
alter table outbox_attempts force row level security;
create policy own_account on outbox_attempts using (account_id = (select current_account()));

-- +goose StatementBegin
-- The accounts that have events due and nobody sending them, those first whose last turn is longest ago. It looks into one account
-- after the other, as row-level security wants it.
create function accounts_with_events_due(moment timestamptz, at_most bigint) returns setof bigint language plpgsql as $$
declare
    account bigint;
    found_so_far bigint := 0;
begin
    for account in select e.account_id from crm_endpoints e where e.due_at <= moment and e.taken_until <= moment order by e.taken_until loop
        exit when found_so_far >= at_most;
        perform set_config('mailstamp.account', account::text, true);
        if exists (select from outbox o where o.account_id = account and o.state = 'pending' and o.due_at <= moment) then
            found_so_far := found_so_far + 1;
            return next account;
        end if;
    end loop;
    perform set_config('mailstamp.account', '', true);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- How many events wait over all accounts, and since when the oldest does.
create function events_pending(out pending bigint, out oldest timestamptz) language plpgsql as $$
declare
    account bigint;
    n bigint;
    first timestamptz;
begin
    pending := 0;
    for account in select e.account_id from crm_endpoints e loop
        perform set_config('mailstamp.account', account::text, true);
        select count(*), min(o.tried_from) into n, first from outbox o where o.account_id = account and o.state = 'pending';
        pending := pending + n;
        oldest := least(oldest, first);
    end loop;
    perform set_config('mailstamp.account', '', true);
end $$;
-- +goose StatementEnd

-- +goose Down
drop function events_pending, accounts_with_events_due;
drop table outbox_attempts, outbox, crm_endpoints;
alter table accounts drop column sealed_old_webhook_secret, drop column old_webhook_secret_until;
