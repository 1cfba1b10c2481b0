-- The whole schema in SPEC's vocabulary. Every key carries the account; every table with an account_id has row-level security
-- (bottom of this file). CRM ids are opaque text beside our own bigint ids; nothing outside ever sees the latter in the clear.

-- +goose Up

-- +goose StatementBegin
-- The account of the running transaction, set by db.Tx; null when unset, so that no row matches.
create function current_account() returns bigint
    language sql stable parallel safe
    return nullif(current_setting('mailstamp.account', true), '')::bigint;
-- +goose StatementEnd

-- Not under row-level security: an account is looked up before it can be set. Secrets are sealed (package db/seal).
create table accounts (
    id                    bigint generated always as identity primary key,
    public_id             text        not null unique check (length(public_id) between 1 and 128),
    name                  text        not null,
    sealed_webhook_secret bytea       not null,
    sealed_token_key      bytea       not null,
    sealed_data_key       bytea       not null, -- root of the address hashes, public ids and cursors
    handover              text        not null default 'new_owner' check (handover in ('new_owner', 'author')),
    deletion              text        not null default 'mirror' check (deletion in ('mirror', 'keep')),
    policy_version        bigint      not null default 0,
    created_at            timestamptz not null default now()
);

-- ---------------------------------------------------------------------------------------------------------------- CRM facts

-- state 'unknown': named by another entity before its own event came.
create table users (
    account_id bigint not null references accounts,
    id         bigint generated always as identity,
    crm_id     text   not null check (length(crm_id) between 1 and 128),
    version    bigint not null default 0,
    told       bigint not null default 0, -- the version of what is held here: lower than that of a deletion
    name       text   not null default '',
    state      text   not null default 'unknown' check (state in ('unknown', 'active', 'inactive', 'deleted')),
    primary key (account_id, id),
    constraint users_crm_id_key unique (account_id, crm_id)
);

-- Interned addresses, canonical (lower case, ASCII domain): those of the CRM and of stored mail, never of unmatched mail.
-- hash = keyed hash, the form in which unmatched mail remembers its addresses.
create table addresses (
    account_id bigint not null references accounts,
    id         bigint generated always as identity,
    address    text   not null check (length(address) between 3 and 320),
    hash       bytea  not null check (length(hash) = 16),
    domains    text[] not null, -- the domain and every parent of it, for block lists
    primary key (account_id, id),
    constraint addresses_address_key unique (account_id, address),
    constraint addresses_hash_key unique (account_id, hash)
);
create index addresses_domains on addresses using gin (domains);

create table user_addresses (
    account_id bigint not null,
    user_id    bigint not null,
    address_id bigint not null,
    primary key (account_id, address_id, user_id),
    foreign key (account_id, user_id) references users on delete cascade,
    foreign key (account_id, address_id) references addresses
);
create index user_addresses_user on user_addresses (account_id, user_id);

-- One row per user and kind, from the user's first mention on. epoch counts the changes of this input of stamps; fence and
-- owner_fence are the epochs of the last change that narrowed (for the user's own conversations; for those handed over to the
-- user); restamped is the epoch up to which every stamp is known to be current.
create table settings (
    account_id  bigint      not null,
    user_id     bigint      not null,
    kind        text        not null check (kind in ('lead', 'contact', 'deal')),
    value       text        not null default 'nobody' check (value in ('nobody', 'everyone', 'owner_or_collaborator', 'owner')),
    version     bigint      not null default 0,
    epoch       bigint      not null default 1,
    fence       bigint      not null default 0,
    owner_fence bigint      not null default 0,
    restamped   bigint      not null default 1,
    since       timestamptz not null default now(),
    changed_by  text        not null default 'default',
    called      boolean     not null default false, -- by a call of the user's own, which takes none of the CRM's versions
    primary key (account_id, user_id, kind),
    foreign key (account_id, user_id) references users on delete cascade,
    check (fence <= epoch and owner_fence <= epoch and restamped <= epoch)
);
create index settings_behind on settings (account_id, user_id, kind) where restamped < epoch;

-- epoch, fence, restamped: as in settings, for what the card contributes to a stamp.
create table cards (
    account_id  bigint      not null references accounts,
    id          bigint generated always as identity,
    kind        text        not null check (kind in ('lead', 'contact', 'deal')),
    crm_id      text        not null check (length(crm_id) between 1 and 128),
    version     bigint      not null default 0,
    told        bigint      not null default 0, -- the version of what is held here: lower than that of a deletion or conversion
    name        text        not null default '',
    state       text        not null default 'unknown' check (state in ('unknown', 'open', 'deleted')),
    owner_id    bigint,
    owner_since timestamptz not null default now(),
    everyone    boolean     not null default false, -- audience "everyone"
    epoch       bigint      not null default 1,
    fence       bigint      not null default 0,
    restamped   bigint      not null default 1,
    merged_into bigint,                              -- the contact that a lead was converted or a contact merged into
    primary key (account_id, id),
    constraint cards_crm_id_key unique (account_id, kind, crm_id),
    foreign key (account_id, owner_id) references users,
    check (fence <= epoch and restamped <= epoch)
);
create index cards_owner on cards (account_id, owner_id);
create index cards_behind on cards (account_id, id) where restamped < epoch;

-- Every user who ever owned the card, the present owner included; fed by late events too, so that order does not matter (G4).
create table card_owners (
    account_id bigint      not null,
    card_id    bigint      not null,
    user_id    bigint      not null,
    since      timestamptz not null,
    primary key (account_id, card_id, user_id),
    foreign key (account_id, card_id) references cards on delete cascade,
    foreign key (account_id, user_id) references users
);

create table card_collaborators (
    account_id bigint      not null,
    card_id    bigint      not null,
    user_id    bigint      not null,
    since      timestamptz not null,
    primary key (account_id, card_id, user_id),
    foreign key (account_id, card_id) references cards on delete cascade,
    foreign key (account_id, user_id) references users
);

-- Who can open the card when its audience is not everyone. Owner and collaborators belong to it without a row here.
create table card_audience (
    account_id bigint not null,
    card_id    bigint not null,
    user_id    bigint not null,
    primary key (account_id, card_id, user_id),
    foreign key (account_id, card_id) references cards on delete cascade,
    foreign key (account_id, user_id) references users
);

-- Who can open which card: an active user, an open card, and an audience that the user belongs to (SPEC 2).
create view card_viewers with (security_invoker = true) as
select c.account_id, c.id as card_id, c.kind, c.crm_id as card, c.name, u.id as user_id, u.crm_id as viewer
from cards c
join users u on u.account_id = c.account_id and u.state = 'active'
where c.state = 'open'
  and (c.everyone or c.owner_id = u.id
       or exists (select from card_audience a where a.account_id = c.account_id and a.card_id = c.id and a.user_id = u.id)
       or exists (select from card_collaborators o where o.account_id = c.account_id and o.card_id = c.id and o.user_id = u.id));

create table card_addresses (
    account_id bigint      not null,
    card_id    bigint      not null,
    address_id bigint      not null,
    label      text        not null default '',
    since      timestamptz not null,
    primary key (account_id, card_id, address_id),
    foreign key (account_id, card_id) references cards on delete cascade,
    foreign key (account_id, address_id) references addresses
);
create index card_addresses_address on card_addresses (account_id, address_id);

create table deal_contacts (
    account_id bigint      not null,
    deal_id    bigint      not null,
    contact_id bigint      not null,
    is_primary boolean     not null default false,
    since      timestamptz not null,
    primary key (account_id, deal_id, contact_id),
    foreign key (account_id, deal_id) references cards (account_id, id) on delete cascade,
    foreign key (account_id, contact_id) references cards (account_id, id) on delete cascade
);
create index deal_contacts_contact on deal_contacts (account_id, contact_id);

-- The addresses each open card has: its own, and for a deal those of its open contacts.
create view card_reach with (security_invoker = true) as
select ca.account_id, ca.card_id, ca.address_id
from card_addresses ca
join cards c on c.account_id = ca.account_id and c.id = ca.card_id
where c.state = 'open' and c.kind <> 'deal'
union all
select dc.account_id, dc.deal_id, ca.address_id
from deal_contacts dc
join cards d on d.account_id = dc.account_id and d.id = dc.deal_id
join cards c on c.account_id = dc.account_id and c.id = dc.contact_id
join card_addresses ca on ca.account_id = dc.account_id and ca.card_id = dc.contact_id
where d.state = 'open' and d.kind = 'deal' and c.state = 'open' and c.kind = 'contact';

-- The addresses that a block of a card covers: those it has, or had when it or its contact was closed. A person on a block list
-- does not come to light because the lead was converted or the contact merged away.
create view card_holds with (security_invoker = true) as
select account_id, card_id, address_id from card_addresses
union all
select dc.account_id, dc.deal_id, ca.address_id
from deal_contacts dc
join card_addresses ca on ca.account_id = dc.account_id and ca.card_id = dc.contact_id;

-- user_id null = the account's own list.
create table blocklists (
    account_id bigint not null references accounts,
    id         bigint generated always as identity,
    user_id    bigint,
    version    bigint not null default 0,
    primary key (account_id, id),
    constraint blocklists_user_key unique nulls not distinct (account_id, user_id),
    foreign key (account_id, user_id) references users
);

-- Exactly one of address, domain and card.
create table blocklist_entries (
    account_id   bigint not null,
    blocklist_id bigint not null,
    address      text,
    domain       text,
    card_id      bigint,
    constraint blocklist_entries_key unique nulls not distinct (account_id, blocklist_id, address, domain, card_id),
    foreign key (account_id, blocklist_id) references blocklists on delete cascade,
    foreign key (account_id, card_id) references cards,
    check (num_nonnulls(address, domain, card_id) = 1)
);

-- +goose StatementBegin
-- R1: is the address blocked for the author? A user's own address is, even of a deleted user: mail with somebody who was a
-- colleague does not come to light because the colleague left.
create function is_blocked(account bigint, author bigint, addr bigint) returns boolean
    language sql stable parallel safe
    return exists (select from user_addresses ua where ua.account_id = account and ua.address_id = addr)
        or exists (
            select from blocklists b
            join blocklist_entries e on e.account_id = b.account_id and e.blocklist_id = b.id
            join addresses a on a.account_id = b.account_id and a.id = addr
            where b.account_id = account and (b.user_id is null or b.user_id = author)
              and (e.address = a.address or e.domain = any (a.domains)
                   or exists (select from card_holds r
                              where r.account_id = account and r.card_id = e.card_id and r.address_id = addr)));
-- +goose StatementEnd

-- ------------------------------------------------------------------------------------------------------------- server facts

create table mailboxes (
    account_id    bigint      not null references accounts,
    id            bigint generated always as identity,
    crm_id        text        not null check (length(crm_id) between 1 and 128),
    user_id       bigint      not null,
    host          text        not null,
    port          integer     not null check (port between 1 and 65535),
    tls           text        not null check (tls in ('tls', 'starttls', 'none')),
    username      text        not null,
    sealed_auth   bytea,      -- null once disconnected
    window_months integer     not null default 24 check (window_months between 1 and 1200),
    folder_choice text[],     -- null: by SPECIAL-USE
    config_epoch  bigint      not null default 1, -- raised by every PUT: the running loop starts anew
    state         text        not null default 'connecting'
        check (state in ('connecting', 'backfilling', 'live', 'needs_auth', 'held', 'error', 'disconnected')),
    problem       text,       -- a sentence for people and what to do; null when well
    problem_since timestamptz,
    total         bigint      not null default 0, -- progress of the back-fill: messages known of, and done
    done          bigint      not null default 0,
    last_sync     timestamptz,
    auth_failures integer     not null default 0, -- logins refused in a row with the present secret
    held_epoch    bigint,     -- config_epoch when deletions were stopped; a later PUT confirms them
    created_at    timestamptz not null default now(),
    primary key (account_id, id),
    constraint mailboxes_crm_id_key unique (account_id, crm_id),
    foreign key (account_id, user_id) references users
);
create index mailboxes_user on mailboxes (account_id, user_id);

-- A worker process lives while its heartbeat is fresh; one row to renew however many mailboxes it holds. No row-level security:
-- it holds no account's facts.
create table workers (
    id         text        primary key,
    expires_at timestamptz not null
);

-- One owner per mailbox at a time: the living worker that is its holder; token fences a paused owner's writes. Not under row-level
-- security: workers look for work over all accounts here, and it holds ids and times only.
create table mailbox_leases (
    account_id bigint      not null,
    mailbox_id bigint      not null,
    holder     text        references workers on delete set null,
    token      bigint      not null default 0,
    due_at     timestamptz not null default now(), -- not to be taken before
    synced_at  timestamptz, -- when the mailbox was last seen in step, noted every half minute
    primary key (account_id, mailbox_id),
    foreign key (account_id, mailbox_id) references mailboxes (account_id, id) on delete cascade
) with (fillfactor = 80);
create index mailbox_leases_holder on mailbox_leases (holder);

-- The cursor of a folder: its name, uid_validity, uid_next and mod_seq as of the last pass that left nothing to do.
create table folders (
    account_id   bigint not null,
    id           bigint generated always as identity,
    mailbox_id   bigint not null,
    name         text   not null,
    role         text   not null default '',
    uid_validity bigint not null check (uid_validity between 1 and 4294967295),
    uid_next     bigint not null default 0,
    mod_seq      bigint not null default 0,
    on_server    bigint not null default 0,
    gone_at      timestamptz,
    primary key (account_id, id),
    constraint folders_name_key unique (account_id, mailbox_id, name),
    foreign key (account_id, mailbox_id) references mailboxes (account_id, id) on delete cascade
);

-- -------------------------------------------------------------------------------------------------------------------- mail

create table threads (
    account_id  bigint not null,
    id          bigint generated always as identity,
    author_id   bigint not null,
    merged_into bigint, -- threads only ever join; an old id leads to the new one
    primary key (account_id, id),
    foreign key (account_id, author_id) references users,
    foreign key (account_id, merged_into) references threads (account_id, id)
);

create index threads_merged on threads (account_id, merged_into) where merged_into is not null;

-- Every Message-ID an author's mail has or names, hashed, and the thread it belongs to. Unmatched mail leaves links here too.
create table thread_links (
    account_id bigint not null,
    author_id  bigint not null,
    hash       bytea  not null check (length(hash) = 16),
    thread_id  bigint not null,
    primary key (account_id, author_id, hash),
    foreign key (account_id, thread_id) references threads (account_id, id)
);
create index thread_links_thread on thread_links (account_id, thread_id);

-- One author's copy of one e-mail. identity: digest of the content (package ingest/message), the same in every mailbox that holds
-- the mail; sort_key: its first 8 bytes, which order entries of one instant and let copies meet in the feed.
create table messages (
    account_id    bigint      not null,
    id            bigint generated always as identity,
    author_id     bigint      not null,
    thread_id     bigint      not null,
    identity      bytea       not null check (length(identity) = 32),
    sort_key      bigint      not null,
    date          timestamptz not null,
    direction     text        not null check (direction in ('inbound', 'outbound')),
    header_id     text        not null default '', -- Message-ID, a hint only
    subject       text        not null default '',
    preview       text        not null default '',
    from_addr     jsonb       not null default 'null',        -- {"name","address"} or null
    to_addrs      jsonb       not null default '[]',
    cc_addrs      jsonb       not null default '[]',
    bcc_addrs     jsonb       not null default '[]',          -- the author's alone
    attachments   jsonb       not null default '[]',          -- [{"n","name","type","size"}]
    address_ids   bigint[]    not null,                       -- everybody it was exchanged with: From, To, Cc, Bcc
    subject_key   bytea,                                      -- keyed hash of base subject and the two parties; null: never joins by subject
    subject_reply boolean     not null default false,         -- a reply without references
    size          bigint      not null default 0,
    seen          boolean     not null default false,         -- the author's alone
    automatic     boolean     not null default false,         -- an automatic answer (RFC 3834): no answer of the sender's
    stored_at     timestamptz not null default now(),
    primary key (account_id, id),
    constraint messages_identity_key unique (account_id, author_id, identity),
    foreign key (account_id, author_id) references users,
    foreign key (account_id, thread_id) references threads (account_id, id)
);
create index messages_thread on messages (account_id, thread_id);
create index messages_subject on messages (account_id, author_id, subject_key, date) where subject_key is not null;
create index messages_header_id on messages (account_id, author_id, header_id) where header_id <> '';

create table message_bodies (
    account_id bigint not null,
    message_id bigint not null,
    text       text   not null default '',
    html       text   not null default '',
    primary key (account_id, message_id),
    foreign key (account_id, message_id) references messages (account_id, id) on delete cascade
);

-- The way from a conversation to its messages, newest first.
create table participants (
    account_id bigint      not null,
    author_id  bigint      not null,
    address_id bigint      not null,
    date       timestamptz not null,
    sort_key   bigint      not null,
    message_id bigint      not null,
    primary key (account_id, author_id, address_id, date, sort_key, message_id),
    foreign key (account_id, message_id) references messages (account_id, id) on delete cascade
);
create index participants_message on participants (account_id, message_id);

create table correspondences (
    account_id bigint      not null,
    author_id  bigint      not null,
    address_id bigint      not null,
    last_at    timestamptz not null, -- date of the newest message
    primary key (account_id, author_id, address_id),
    foreign key (account_id, author_id) references users,
    foreign key (account_id, address_id) references addresses
);
create index correspondences_address on correspondences (account_id, address_id);

-- The unit of visibility. on_card and blocked follow from the links, share is the author's word, visible … stamped_at are the
-- stamp: the verdict and the epochs of the inputs it was computed from. No index holds a column of the stamp (HOT updates; the
-- free space in each page is for them).
create table conversations (
    account_id    bigint      not null,
    author_id     bigint      not null,
    card_id       bigint      not null,
    address_id    bigint      not null,
    kind          text        not null check (kind in ('lead', 'contact', 'deal')),
    on_card       boolean     not null,
    blocked       boolean     not null,
    share         text        check (share in ('shared', 'private')),
    share_version bigint      not null default 0,
    share_at      timestamptz, -- when the author said so (the event's time), which orders what was said of contact and deal
    share_by      text,
    share_implied boolean     not null default false, -- by a word on a linked card
    share_called  boolean     not null default false, -- by a call of the author's own, which takes none of the CRM's versions
    share_from    bigint,      -- the card that a "shared" was carried over from (conversion, merge), until its author confirms it
    visible       boolean     not null default false,
    reason        text        not null default 'unstamped' check (reason in ('unstamped', 'not_on_card', 'blocked', 'shared',
        'private', 'shared_on_contact', 'setting_everyone', 'setting_nobody', 'handover_visible', 'handover_hidden', 'owner',
        'collaborator', 'not_owner')),
    author_epoch  bigint      not null default 0,
    card_epoch    bigint      not null default 0,
    owner_epoch   bigint      not null default 0,
    since         timestamptz not null default now(),
    stamped_at    timestamptz not null default now(),
    primary key (account_id, author_id, card_id, address_id),
    foreign key (account_id, author_id) references users,
    foreign key (account_id, card_id) references cards (account_id, id) on delete cascade,
    foreign key (account_id, address_id) references addresses,
    constraint conversations_visible_check check (not visible or (on_card and not blocked))
) with (fillfactor = 60);
create index conversations_card on conversations (account_id, card_id);
create index conversations_address on conversations (account_id, address_id, author_id);
create index conversations_shared on conversations (account_id, author_id, address_id) where share = 'shared';
create index conversations_share_from on conversations (account_id, share_from) where share_from is not null;

-- What every reader believes of a stamp: granted only where it is visible, on the card, not blocked, its author still a user, and
-- not older than a narrowing of any of its inputs (G1). Missing inputs mean not granted. tracked: there for its author.
create view granted_conversations with (security_invoker = true) as
select c.account_id, c.author_id, u.crm_id as author, c.card_id, c.address_id, c.kind, c.share, c.share_at, c.share_by, c.visible,
       c.reason, c.since, c.on_card and not c.blocked as tracked,
       coalesce(c.visible and c.on_card and not c.blocked
           and c.author_epoch >= s.fence
           and c.card_epoch >= k.fence
           and (c.reason <> 'handover_visible' or c.owner_epoch >= os.owner_fence), false)::boolean as granted
from conversations c
join users u on u.account_id = c.account_id and u.id = c.author_id and u.state in ('active', 'inactive')
join cards k on k.account_id = c.account_id and k.id = c.card_id and k.state = 'open'
left join settings s on s.account_id = c.account_id and s.user_id = c.author_id and s.kind = c.kind
left join settings os on os.account_id = c.account_id and os.user_id = k.owner_id and os.kind = c.kind;

-- +goose StatementBegin
-- Would a share carried over from one card to another show the mail to more people? Such a share is held (SPEC 8). What the two
-- cards were told of their audience counts, open or not: the card that was converted or merged away is closed by then.
create function audience_grows(account bigint, from_card bigint, to_card bigint) returns boolean
    language sql stable parallel safe
    return exists (
        select from cards t, cards f
        where t.account_id = account and t.id = to_card and f.account_id = account and f.id = from_card and not f.everyone
          and (t.everyone or exists (
              select from (
                  select t.owner_id as user_id where t.owner_id is not null
                  union all
                  select a.user_id from card_audience a where a.account_id = account and a.card_id = to_card
                  union all
                  select o.user_id from card_collaborators o where o.account_id = account and o.card_id = to_card
              ) member
              where member.user_id is distinct from f.owner_id
                and not exists (select from card_audience a
                                where a.account_id = account and a.card_id = from_card and a.user_id = member.user_id)
                and not exists (select from card_collaborators o
                                where o.account_id = account and o.card_id = from_card and o.user_id = member.user_id))));
-- +goose StatementEnd

-- +goose StatementBegin
create function is_held(c conversations) returns boolean
    language sql stable parallel safe
    return c.share_from is not null and audience_grows(c.account_id, c.share_from, c.card_id);
-- +goose StatementEnd

-- Everything that SPEC 3.1 decides on, per conversation, as the facts are now (not as they were when it was stamped), with the
-- epochs of the inputs. The last four columns are the stamp as it stands.
create view conversation_facts with (security_invoker = true) as
select c.account_id, c.author_id, c.card_id, c.address_id, c.kind, c.on_card, c.blocked,
       (case when c.share is null or is_held(c) then '' else c.share end)::text as share,
       (c.kind = 'deal' and exists (
           select from conversations cc
           join deal_contacts dc on dc.account_id = cc.account_id and dc.deal_id = c.card_id and dc.contact_id = cc.card_id
           join cards contact on contact.account_id = cc.account_id and contact.id = cc.card_id and contact.state = 'open'
           join card_addresses ca on ca.account_id = cc.account_id and ca.card_id = cc.card_id and ca.address_id = cc.address_id
           where cc.account_id = c.account_id and cc.author_id = c.author_id and cc.address_id = c.address_id
             and cc.share = 'shared' and not is_held(cc)))::boolean as shared_on_contact,
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

-- Every UID a server showed within the window, with what became of it (I1). header_digest, size: recognise the same copy again
-- without reading its body.
create table ledger (
    account_id    bigint      not null,
    folder_id     bigint      not null,
    uid_validity  bigint      not null,
    uid           bigint      not null check (uid between 1 and 4294967295),
    disposition   text        not null check (disposition in ('stored', 'indexed', 'internal', 'blocked', 'skipped', 'quarantined', 'expunged')),
    reason        text,
    message_id    bigint,
    header_digest bytea,
    size          bigint      not null default 0,
    internal_date timestamptz,
    seen          boolean     not null default false,
    wanted        boolean     not null default false, -- an address on it matches now: fetch it
    tries         integer     not null default 0,
    primary key (account_id, folder_id, uid_validity, uid),
    foreign key (account_id, folder_id) references folders (account_id, id) on delete cascade,
    foreign key (account_id, message_id) references messages (account_id, id),
    check ((disposition = 'stored') = (message_id is not null)),
    check (disposition not in ('skipped', 'quarantined') or reason is not null)
);
create index ledger_message on ledger (account_id, message_id) where message_id is not null;
create index ledger_wanted on ledger (account_id, folder_id, uid) where wanted;
create index ledger_copies on ledger (account_id, header_digest, size) where disposition = 'stored';

-- Keyed hashes of the addresses on mail that is not stored, to find it again when one of them matches.
create table indexed_addresses (
    account_id   bigint not null,
    author_id    bigint not null,
    hash         bytea  not null check (length(hash) = 16),
    folder_id    bigint not null,
    uid_validity bigint not null,
    uid          bigint not null,
    primary key (account_id, hash, author_id, folder_id, uid_validity, uid),
    foreign key (account_id, folder_id, uid_validity, uid) references ledger on delete cascade
);
create index indexed_addresses_ledger on indexed_addresses (account_id, folder_id, uid_validity, uid);

-- ---------------------------------------------------------------------------------------------------------- delivery status

-- One row per recipient of an outbound message: the fold of its delivery_events, "sent" without any. hard: trying again is of no use.
create table deliveries (
    account_id bigint      not null,
    message_id bigint      not null,
    address    text        not null, -- of the recipient
    status     text        not null default 'sent'
        check (status in ('sent', 'delayed', 'relayed', 'delivered', 'displayed', 'replied', 'bounced')),
    class      text,
    code       text,
    hard       boolean     not null default false,
    at         timestamptz not null,
    primary key (account_id, message_id, address),
    foreign key (account_id, message_id) references messages (account_id, id) on delete cascade
);

-- The history of a delivery: what was said of the recipient, by whom. evidence: digest of the report's header; empty for the first
-- answer. reporter and passage are the report's own words, the author's alone.
create table delivery_events (
    account_id bigint      not null,
    message_id bigint      not null,
    address    text        not null,
    evidence   bytea       not null,
    source     text        not null check (source in ('dsn', 'mdn', 'feedback', 'answer')),
    status     text        not null check (status in ('delayed', 'relayed', 'delivered', 'displayed', 'replied', 'bounced')),
    class      text,
    code       text,
    hard       boolean     not null default false,
    at         timestamptz not null,
    reporter   text        not null default '',
    passage    text        not null default '',
    primary key (account_id, message_id, address, evidence, status),
    foreign key (account_id, message_id, address) references deliveries on delete cascade
);

-- What delivery reports say, one row per recipient, kept whether it fits a message or not: a report may come before its message
-- (back-fill is newest first), weeks later, or fit nothing. Only keyed hashes tell of whom and of which message; said, the
-- report's own words, is sealed with a key made of what the report names, so that only the message itself opens it.
create table reports (
    account_id bigint      not null,
    id         bigint generated always as identity,
    author_id  bigint      not null,
    digest     bytea       not null,  -- of the report's header: the same report in two folders is one
    n          integer     not null,  -- the recipient's place in it
    kind       text        not null check (kind in ('dsn', 'mdn', 'feedback')),
    status     text        not null check (status in ('delayed', 'relayed', 'delivered', 'displayed', 'bounced')),
    class      text,
    code       text,
    hard       boolean     not null default false,
    at         timestamptz not null,
    original   bytea       check (length(original) = 16), -- of the Message-ID that is reported on; null: none is named
    envelope   bytea       check (length(envelope) = 16), -- of the envelope id
    recipients bytea[]     not null,  -- of the addresses that the recipient is named by, strongest first
    sent_at    timestamptz,           -- of the returned mail, as far as it was returned: Date, …
    arrived_at timestamptz,           -- … when the reporter got it, …
    subject    bytea       check (length(subject) = 16), -- … and its subject
    said       bytea,
    message_id bigint,                -- the message it was found to be about
    primary key (account_id, id),
    constraint reports_digest_key unique (account_id, author_id, digest, n),
    foreign key (account_id, author_id) references users,
    foreign key (account_id, message_id) references messages (account_id, id) on delete set null (message_id)
);
create index reports_original on reports (account_id, author_id, original) where original is not null;
create index reports_envelope on reports (account_id, author_id, envelope) where envelope is not null;
create index reports_nameless on reports (account_id, author_id, at) where original is null and envelope is null;
create index reports_unmatched on reports (account_id, id) where message_id is null;
create index reports_message on reports (account_id, message_id) where message_id is not null;

-- ------------------------------------------------------------------------------------------------------------- bookkeeping

-- Webhook deliveries already applied; pruned once their signature could not pass any more.
create table webhook_receipts (
    account_id  bigint      not null references accounts,
    webhook_id  text        not null,
    events      integer     not null,
    received_at timestamptz not null default now(),
    primary key (account_id, webhook_id)
);

-- G7: append-only, and each entry's hash covers the one before: what is changed or taken out later shows (audit verify). Ids
-- count up by one within an account.
create table audit_log (
    account_id bigint      not null references accounts,
    id         bigint      not null,
    at         timestamptz not null,
    actor      text        not null, -- a user's CRM id, or crm, service, operator
    act        text        not null,
    subject    jsonb       not null,
    effect     jsonb       not null default '{}',
    hash       bytea       not null check (length(hash) = 32),
    primary key (account_id, id)
);

-- +goose StatementBegin
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'audit_log is append-only';
end $$;
-- +goose StatementEnd
create trigger audit_log_append_only before update or delete on audit_log for each row execute function refuse_change();

-- ------------------------------------------------------------------------------------------------------- row-level security

-- +goose StatementBegin
-- The second wall between accounts. FORCE binds the owner of the tables too; superusers are bound by becoming mailstamp_app
-- (db.Open), a role that can log in nowhere.
do $$
declare t text;
begin
    for t in select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'account_id'
             where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and c.relname <> 'mailbox_leases'
    loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy own_account on %I using (account_id = (select current_account()))', t);
    end loop;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
do $$
begin
    if not exists (select from pg_roles where rolname = 'mailstamp_app') then
        create role mailstamp_app nologin;
    end if;
exception
    when duplicate_object or unique_violation then null; -- another database of the cluster was quicker
    when insufficient_privilege then null; -- an ordinary role: FORCE binds it already
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
do $$
begin
    if exists (select from pg_roles where rolname = 'mailstamp_app') then
        execute format('grant usage on schema %I to mailstamp_app', current_schema());
        execute format('grant select, insert, update, delete on all tables in schema %I to mailstamp_app', current_schema());
        execute format('alter default privileges in schema %I grant select, insert, update, delete on tables to mailstamp_app', current_schema());
        execute format('alter default privileges in schema %I grant usage, select on sequences to mailstamp_app', current_schema());
        revoke update, delete on audit_log from mailstamp_app;
    end if;
end $$;
-- +goose StatementEnd

-- +goose Down
-- There is no way back from the first schema but a new database.
select 1;
