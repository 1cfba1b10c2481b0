-- Erasing a person, removing a mailbox's mail in the background, and purging what is blocked (SPEC 4, 8).

-- +goose Up

-- Persons who were erased, each by one address. Of the address only its keyed hash is kept, so that it is not taken in again;
-- address_id leads to it while there is something left to remove. walked: up to which message the texts of others were looked
-- through. removed: what was removed where, rows by table.
create table erasures (
    account_id   bigint      not null references accounts,
    id           bigint generated always as identity,
    hash         bytea       not null check (length(hash) = 16),
    address_id   bigint,
    walked       bigint      not null default 0,
    removed      jsonb       not null default '{}',
    requested_at timestamptz not null default now(),
    finished_at  timestamptz,
    primary key (account_id, id),
    constraint erasures_hash_key unique (account_id, hash),
    foreign key (account_id, address_id) references addresses,
    check ((address_id is null) = (finished_at is not null))
);

-- Mail of a person being erased. It is out of sight already: its participants are gone and its address_ids are empty, of which
-- address_ids here are the last trace.
create table withdrawn_messages (
    account_id  bigint   not null,
    message_id  bigint   not null,
    erasure_id  bigint   not null,
    address_ids bigint[] not null,
    primary key (account_id, message_id),
    foreign key (account_id, message_id) references messages (account_id, id) on delete cascade,
    foreign key (account_id, erasure_id) references erasures
);
create index withdrawn_messages_erasure on withdrawn_messages (account_id, erasure_id, message_id);

-- +goose StatementBegin
do $$
declare t text;
begin
    foreach t in array array['erasures', 'withdrawn_messages'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy own_account on %I using (account_id = (select current_account()))', t);
    end loop;
end $$;
-- +goose StatementEnd

-- removing: its mail is being removed. removals: how many mailboxes of the user are; while there is one, nothing of the
-- user's is shown to anybody, so that what is to go is out of sight at once, however much it is.
alter table mailboxes add column removing boolean not null default false;
alter table users add column removals integer not null default 0 check (removals >= 0);

create or replace view granted_conversations with (security_invoker = true) as
select c.account_id, c.author_id, u.crm_id as author, c.card_id, c.address_id, c.kind, c.share, c.share_at, c.share_by, c.visible,
       c.reason, c.since, c.on_card and not c.blocked as tracked,
       coalesce(c.visible and c.on_card and not c.blocked
           and c.author_epoch >= s.fence
           and c.card_epoch >= k.fence
           and (c.reason <> 'handover_visible' or c.owner_epoch >= os.owner_fence), false)::boolean as granted
from conversations c
join users u on u.account_id = c.account_id and u.id = c.author_id and u.state in ('active', 'inactive') and u.removals = 0
join cards k on k.account_id = c.account_id and k.id = c.card_id and k.state = 'open'
left join settings s on s.account_id = c.account_id and s.user_id = c.author_id and s.kind = c.kind
left join settings os on os.account_id = c.account_id and os.user_id = k.owner_id and os.kind = c.kind;

-- blocked_at: since when the address is blocked for the author; null when it is not, or always was. purged_at: when the mail
-- with it was last looked through for what nobody may see any more.
alter table correspondences add column blocked_at timestamptz, add column purged_at timestamptz;

-- +goose Down
-- There is no way back but a new database.
select 1;
