-- What release 1 left behind: the demo's account after some use, with five jobs queued, as `pg_dump --column-inserts --no-owner`
-- tells it. Its keys are in keyset.json. Written once by the released program, never to be edited.

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE TYPE public.river_job_state AS ENUM (
    'available',
    'cancelled',
    'completed',
    'discarded',
    'pending',
    'retryable',
    'running',
    'scheduled'
);

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE public.card_audience (
    account_id bigint NOT NULL,
    card_id bigint NOT NULL,
    user_id bigint NOT NULL
);

ALTER TABLE ONLY public.card_audience FORCE ROW LEVEL SECURITY;

CREATE TABLE public.card_collaborators (
    account_id bigint NOT NULL,
    card_id bigint NOT NULL,
    user_id bigint NOT NULL,
    since timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.card_collaborators FORCE ROW LEVEL SECURITY;

CREATE TABLE public.cards (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    kind text NOT NULL,
    crm_id text NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    told bigint DEFAULT 0 NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'unknown'::text NOT NULL,
    owner_id bigint,
    owner_since timestamp with time zone DEFAULT now() NOT NULL,
    everyone boolean DEFAULT false NOT NULL,
    epoch bigint DEFAULT 1 NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    restamped bigint DEFAULT 1 NOT NULL,
    merged_into bigint,
    CONSTRAINT cards_check CHECK (((fence <= epoch) AND (restamped <= epoch))),
    CONSTRAINT cards_crm_id_check CHECK (((length(crm_id) >= 1) AND (length(crm_id) <= 128))),
    CONSTRAINT cards_kind_check CHECK ((kind = ANY (ARRAY['lead'::text, 'contact'::text, 'deal'::text]))),
    CONSTRAINT cards_state_check CHECK ((state = ANY (ARRAY['unknown'::text, 'open'::text, 'deleted'::text])))
);

ALTER TABLE ONLY public.cards FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.audience_grows(account bigint, from_card bigint, to_card bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (EXISTS (SELECT FROM public.cards t, public.cards f WHERE ((t.account_id = audience_grows.account) AND (t.id = audience_grows.to_card) AND (f.account_id = audience_grows.account) AND (f.id = audience_grows.from_card) AND (NOT f.everyone) AND (t.everyone OR (EXISTS (SELECT FROM (SELECT t.owner_id AS user_id WHERE (t.owner_id IS NOT NULL) UNION ALL SELECT a.user_id FROM public.card_audience a WHERE ((a.account_id = audience_grows.account) AND (a.card_id = audience_grows.to_card)) UNION ALL SELECT o.user_id FROM public.card_collaborators o WHERE ((o.account_id = audience_grows.account) AND (o.card_id = audience_grows.to_card))) member WHERE ((member.user_id IS DISTINCT FROM f.owner_id) AND (NOT (EXISTS (SELECT FROM public.card_audience a WHERE ((a.account_id = audience_grows.account) AND (a.card_id = audience_grows.from_card) AND (a.user_id = member.user_id))))) AND (NOT (EXISTS (SELECT FROM public.card_collaborators o WHERE ((o.account_id = audience_grows.account) AND (o.card_id = audience_grows.from_card) AND (o.user_id = member.user_id))))))))))));

CREATE FUNCTION public.current_account() RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('mailstamp.account'::text, true), ''::text))::bigint;

CREATE TABLE public.addresses (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    address text NOT NULL,
    hash bytea NOT NULL,
    domains text[] NOT NULL,
    CONSTRAINT addresses_address_check CHECK (((length(address) >= 3) AND (length(address) <= 320))),
    CONSTRAINT addresses_hash_check CHECK ((length(hash) = 16))
);

ALTER TABLE ONLY public.addresses FORCE ROW LEVEL SECURITY;

CREATE TABLE public.blocklist_entries (
    account_id bigint NOT NULL,
    blocklist_id bigint NOT NULL,
    address text,
    domain text,
    card_id bigint,
    CONSTRAINT blocklist_entries_check CHECK ((num_nonnulls(address, domain, card_id) = 1))
);

ALTER TABLE ONLY public.blocklist_entries FORCE ROW LEVEL SECURITY;

CREATE TABLE public.blocklists (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    user_id bigint,
    version bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY public.blocklists FORCE ROW LEVEL SECURITY;

CREATE TABLE public.card_addresses (
    account_id bigint NOT NULL,
    card_id bigint NOT NULL,
    address_id bigint NOT NULL,
    label text DEFAULT ''::text NOT NULL,
    since timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.card_addresses FORCE ROW LEVEL SECURITY;

CREATE TABLE public.deal_contacts (
    account_id bigint NOT NULL,
    deal_id bigint NOT NULL,
    contact_id bigint NOT NULL,
    is_primary boolean DEFAULT false NOT NULL,
    since timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.deal_contacts FORCE ROW LEVEL SECURITY;

CREATE VIEW public.card_holds WITH (security_invoker='true') AS
 SELECT card_addresses.account_id,
    card_addresses.card_id,
    card_addresses.address_id
   FROM public.card_addresses
UNION ALL
 SELECT dc.account_id,
    dc.deal_id AS card_id,
    ca.address_id
   FROM (public.deal_contacts dc
     JOIN public.card_addresses ca ON (((ca.account_id = dc.account_id) AND (ca.card_id = dc.contact_id))));

CREATE TABLE public.user_addresses (
    account_id bigint NOT NULL,
    user_id bigint NOT NULL,
    address_id bigint NOT NULL
);

ALTER TABLE ONLY public.user_addresses FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.is_blocked(account bigint, author bigint, addr bigint) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((EXISTS (SELECT FROM public.user_addresses ua WHERE ((ua.account_id = is_blocked.account) AND (ua.address_id = is_blocked.addr)))) OR (EXISTS (SELECT FROM ((public.blocklists b JOIN public.blocklist_entries e ON (((e.account_id = b.account_id) AND (e.blocklist_id = b.id)))) JOIN public.addresses a ON (((a.account_id = b.account_id) AND (a.id = is_blocked.addr)))) WHERE ((b.account_id = is_blocked.account) AND ((b.user_id IS NULL) OR (b.user_id = is_blocked.author)) AND ((e.address = a.address) OR (e.domain = ANY (a.domains)) OR (EXISTS (SELECT FROM public.card_holds r WHERE ((r.account_id = is_blocked.account) AND (r.card_id = e.card_id) AND (r.address_id = is_blocked.addr)))))))));

CREATE TABLE public.conversations (
    account_id bigint NOT NULL,
    author_id bigint NOT NULL,
    card_id bigint NOT NULL,
    address_id bigint NOT NULL,
    kind text NOT NULL,
    on_card boolean NOT NULL,
    blocked boolean NOT NULL,
    share text,
    share_version bigint DEFAULT 0 NOT NULL,
    share_at timestamp with time zone,
    share_by text,
    share_implied boolean DEFAULT false NOT NULL,
    share_called boolean DEFAULT false NOT NULL,
    share_from bigint,
    visible boolean DEFAULT false NOT NULL,
    reason text DEFAULT 'unstamped'::text NOT NULL,
    author_epoch bigint DEFAULT 0 NOT NULL,
    card_epoch bigint DEFAULT 0 NOT NULL,
    owner_epoch bigint DEFAULT 0 NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    stamped_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT conversations_kind_check CHECK ((kind = ANY (ARRAY['lead'::text, 'contact'::text, 'deal'::text]))),
    CONSTRAINT conversations_reason_check CHECK ((reason = ANY (ARRAY['unstamped'::text, 'not_on_card'::text, 'blocked'::text, 'shared'::text, 'private'::text, 'shared_on_contact'::text, 'setting_everyone'::text, 'setting_nobody'::text, 'handover_visible'::text, 'handover_hidden'::text, 'owner'::text, 'collaborator'::text, 'not_owner'::text]))),
    CONSTRAINT conversations_share_check CHECK ((share = ANY (ARRAY['shared'::text, 'private'::text]))),
    CONSTRAINT conversations_visible_check CHECK (((NOT visible) OR (on_card AND (NOT blocked))))
)
WITH (fillfactor='60');

ALTER TABLE ONLY public.conversations FORCE ROW LEVEL SECURITY;

CREATE FUNCTION public.is_held(c public.conversations) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (((c).share_from IS NOT NULL) AND public.audience_grows((c).account_id, (c).share_from, (c).card_id));

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'audit_log is append-only';
end $$;

CREATE FUNCTION public.river_job_state_in_bitmask(bitmask bit, state public.river_job_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE state
        WHEN 'available' THEN get_bit(bitmask, 7)
        WHEN 'cancelled' THEN get_bit(bitmask, 6)
        WHEN 'completed' THEN get_bit(bitmask, 5)
        WHEN 'discarded' THEN get_bit(bitmask, 4)
        WHEN 'pending'   THEN get_bit(bitmask, 3)
        WHEN 'retryable' THEN get_bit(bitmask, 2)
        WHEN 'running'   THEN get_bit(bitmask, 1)
        WHEN 'scheduled' THEN get_bit(bitmask, 0)
        ELSE 0
    END = 1;
$$;

CREATE TABLE public.accounts (
    id bigint NOT NULL,
    public_id text NOT NULL,
    name text NOT NULL,
    sealed_webhook_secret bytea NOT NULL,
    sealed_token_key bytea NOT NULL,
    sealed_data_key bytea NOT NULL,
    handover text DEFAULT 'new_owner'::text NOT NULL,
    deletion text DEFAULT 'mirror'::text NOT NULL,
    policy_version bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT accounts_deletion_check CHECK ((deletion = ANY (ARRAY['mirror'::text, 'keep'::text]))),
    CONSTRAINT accounts_handover_check CHECK ((handover = ANY (ARRAY['new_owner'::text, 'author'::text]))),
    CONSTRAINT accounts_public_id_check CHECK (((length(public_id) >= 1) AND (length(public_id) <= 128)))
);

ALTER TABLE public.accounts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.accounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.addresses ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.addresses_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit_log (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    act text NOT NULL,
    subject jsonb NOT NULL,
    effect jsonb DEFAULT '{}'::jsonb NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_log_hash_check CHECK ((length(hash) = 32))
);

ALTER TABLE ONLY public.audit_log FORCE ROW LEVEL SECURITY;

ALTER TABLE public.blocklists ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.blocklists_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.card_owners (
    account_id bigint NOT NULL,
    card_id bigint NOT NULL,
    user_id bigint NOT NULL,
    since timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.card_owners FORCE ROW LEVEL SECURITY;

CREATE VIEW public.card_reach WITH (security_invoker='true') AS
 SELECT ca.account_id,
    ca.card_id,
    ca.address_id
   FROM (public.card_addresses ca
     JOIN public.cards c ON (((c.account_id = ca.account_id) AND (c.id = ca.card_id))))
  WHERE ((c.state = 'open'::text) AND (c.kind <> 'deal'::text))
UNION ALL
 SELECT dc.account_id,
    dc.deal_id AS card_id,
    ca.address_id
   FROM (((public.deal_contacts dc
     JOIN public.cards d ON (((d.account_id = dc.account_id) AND (d.id = dc.deal_id))))
     JOIN public.cards c ON (((c.account_id = dc.account_id) AND (c.id = dc.contact_id))))
     JOIN public.card_addresses ca ON (((ca.account_id = dc.account_id) AND (ca.card_id = dc.contact_id))))
  WHERE ((d.state = 'open'::text) AND (d.kind = 'deal'::text) AND (c.state = 'open'::text) AND (c.kind = 'contact'::text));

CREATE TABLE public.users (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    crm_id text NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    told bigint DEFAULT 0 NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'unknown'::text NOT NULL,
    CONSTRAINT users_crm_id_check CHECK (((length(crm_id) >= 1) AND (length(crm_id) <= 128))),
    CONSTRAINT users_state_check CHECK ((state = ANY (ARRAY['unknown'::text, 'active'::text, 'inactive'::text, 'deleted'::text])))
);

ALTER TABLE ONLY public.users FORCE ROW LEVEL SECURITY;

CREATE VIEW public.card_viewers WITH (security_invoker='true') AS
 SELECT c.account_id,
    c.id AS card_id,
    c.kind,
    c.crm_id AS card,
    c.name,
    u.id AS user_id,
    u.crm_id AS viewer
   FROM (public.cards c
     JOIN public.users u ON (((u.account_id = c.account_id) AND (u.state = 'active'::text))))
  WHERE ((c.state = 'open'::text) AND (c.everyone OR (c.owner_id = u.id) OR (EXISTS ( SELECT
           FROM public.card_audience a
          WHERE ((a.account_id = c.account_id) AND (a.card_id = c.id) AND (a.user_id = u.id)))) OR (EXISTS ( SELECT
           FROM public.card_collaborators o
          WHERE ((o.account_id = c.account_id) AND (o.card_id = c.id) AND (o.user_id = u.id))))));

ALTER TABLE public.cards ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.cards_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.settings (
    account_id bigint NOT NULL,
    user_id bigint NOT NULL,
    kind text NOT NULL,
    value text DEFAULT 'nobody'::text NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    epoch bigint DEFAULT 1 NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    owner_fence bigint DEFAULT 0 NOT NULL,
    restamped bigint DEFAULT 1 NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    changed_by text DEFAULT 'default'::text NOT NULL,
    called boolean DEFAULT false NOT NULL,
    CONSTRAINT settings_check CHECK (((fence <= epoch) AND (owner_fence <= epoch) AND (restamped <= epoch))),
    CONSTRAINT settings_kind_check CHECK ((kind = ANY (ARRAY['lead'::text, 'contact'::text, 'deal'::text]))),
    CONSTRAINT settings_value_check CHECK ((value = ANY (ARRAY['nobody'::text, 'everyone'::text, 'owner_or_collaborator'::text, 'owner'::text])))
);

ALTER TABLE ONLY public.settings FORCE ROW LEVEL SECURITY;

CREATE VIEW public.conversation_facts WITH (security_invoker='true') AS
 SELECT c.account_id,
    c.author_id,
    c.card_id,
    c.address_id,
    c.kind,
    c.on_card,
    c.blocked,
        CASE
            WHEN ((c.share IS NULL) OR public.is_held(c.*)) THEN ''::text
            ELSE c.share
        END AS share,
    ((c.kind = 'deal'::text) AND (EXISTS ( SELECT
           FROM (((public.conversations cc
             JOIN public.deal_contacts dc ON (((dc.account_id = cc.account_id) AND (dc.deal_id = c.card_id) AND (dc.contact_id = cc.card_id))))
             JOIN public.cards contact ON (((contact.account_id = cc.account_id) AND (contact.id = cc.card_id) AND (contact.state = 'open'::text))))
             JOIN public.card_addresses ca ON (((ca.account_id = cc.account_id) AND (ca.card_id = cc.card_id) AND (ca.address_id = cc.address_id))))
          WHERE ((cc.account_id = c.account_id) AND (cc.author_id = c.author_id) AND (cc.address_id = c.address_id) AND (cc.share = 'shared'::text) AND (NOT public.is_held(cc.*)))))) AS shared_on_contact,
    s.value AS setting,
    a.handover,
    (EXISTS ( SELECT
           FROM public.card_owners o
          WHERE ((o.account_id = c.account_id) AND (o.card_id = c.card_id) AND (o.user_id = c.author_id)))) AS was_owner,
    COALESCE((k.owner_id = c.author_id), false) AS is_owner,
    (EXISTS ( SELECT
           FROM public.card_collaborators o
          WHERE ((o.account_id = c.account_id) AND (o.card_id = c.card_id) AND (o.user_id = c.author_id)))) AS is_collaborator,
    COALESCE((owner.state = 'active'::text), false) AS new_owner,
    COALESCE(os.value, ''::text) AS new_owners,
    s.epoch AS author_epoch,
    k.epoch AS card_epoch,
    COALESCE(os.epoch, (0)::bigint) AS owner_epoch,
    c.visible,
    c.reason,
    c.author_epoch AS stamped_author_epoch,
    c.card_epoch AS stamped_card_epoch,
    c.owner_epoch AS stamped_owner_epoch
   FROM (((((public.conversations c
     JOIN public.accounts a ON ((a.id = c.account_id)))
     JOIN public.cards k ON (((k.account_id = c.account_id) AND (k.id = c.card_id))))
     JOIN public.settings s ON (((s.account_id = c.account_id) AND (s.user_id = c.author_id) AND (s.kind = c.kind))))
     LEFT JOIN public.users owner ON (((owner.account_id = c.account_id) AND (owner.id = k.owner_id))))
     LEFT JOIN public.settings os ON (((os.account_id = c.account_id) AND (os.user_id = k.owner_id) AND (os.kind = c.kind))));

CREATE TABLE public.correspondences (
    account_id bigint NOT NULL,
    author_id bigint NOT NULL,
    address_id bigint NOT NULL,
    last_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.correspondences FORCE ROW LEVEL SECURITY;

CREATE TABLE public.deliveries (
    account_id bigint NOT NULL,
    message_id bigint NOT NULL,
    address text NOT NULL,
    status text DEFAULT 'sent'::text NOT NULL,
    class text,
    code text,
    hard boolean DEFAULT false NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT deliveries_status_check CHECK ((status = ANY (ARRAY['sent'::text, 'delayed'::text, 'relayed'::text, 'delivered'::text, 'displayed'::text, 'replied'::text, 'bounced'::text])))
);

ALTER TABLE ONLY public.deliveries FORCE ROW LEVEL SECURITY;

CREATE TABLE public.delivery_events (
    account_id bigint NOT NULL,
    message_id bigint NOT NULL,
    address text NOT NULL,
    evidence bytea NOT NULL,
    source text NOT NULL,
    status text NOT NULL,
    class text,
    code text,
    hard boolean DEFAULT false NOT NULL,
    at timestamp with time zone NOT NULL,
    reporter text DEFAULT ''::text NOT NULL,
    passage text DEFAULT ''::text NOT NULL,
    CONSTRAINT delivery_events_source_check CHECK ((source = ANY (ARRAY['dsn'::text, 'mdn'::text, 'feedback'::text, 'answer'::text]))),
    CONSTRAINT delivery_events_status_check CHECK ((status = ANY (ARRAY['delayed'::text, 'relayed'::text, 'delivered'::text, 'displayed'::text, 'replied'::text, 'bounced'::text])))
);

ALTER TABLE ONLY public.delivery_events FORCE ROW LEVEL SECURITY;

CREATE TABLE public.folders (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    mailbox_id bigint NOT NULL,
    name text NOT NULL,
    role text DEFAULT ''::text NOT NULL,
    uid_validity bigint NOT NULL,
    uid_next bigint DEFAULT 0 NOT NULL,
    mod_seq bigint DEFAULT 0 NOT NULL,
    on_server bigint DEFAULT 0 NOT NULL,
    gone_at timestamp with time zone,
    CONSTRAINT folders_uid_validity_check CHECK (((uid_validity >= 1) AND (uid_validity <= '4294967295'::bigint)))
);

ALTER TABLE ONLY public.folders FORCE ROW LEVEL SECURITY;

ALTER TABLE public.folders ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.folders_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.goose_db_version (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.goose_db_version ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.goose_db_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.granted_conversations WITH (security_invoker='true') AS
 SELECT c.account_id,
    c.author_id,
    u.crm_id AS author,
    c.card_id,
    c.address_id,
    c.kind,
    c.share,
    c.share_at,
    c.share_by,
    c.visible,
    c.reason,
    c.since,
    (c.on_card AND (NOT c.blocked)) AS tracked,
    COALESCE((c.visible AND c.on_card AND (NOT c.blocked) AND (c.author_epoch >= s.fence) AND (c.card_epoch >= k.fence) AND ((c.reason <> 'handover_visible'::text) OR (c.owner_epoch >= os.owner_fence))), false) AS granted
   FROM ((((public.conversations c
     JOIN public.users u ON (((u.account_id = c.account_id) AND (u.id = c.author_id) AND (u.state = ANY (ARRAY['active'::text, 'inactive'::text])))))
     JOIN public.cards k ON (((k.account_id = c.account_id) AND (k.id = c.card_id) AND (k.state = 'open'::text))))
     LEFT JOIN public.settings s ON (((s.account_id = c.account_id) AND (s.user_id = c.author_id) AND (s.kind = c.kind))))
     LEFT JOIN public.settings os ON (((os.account_id = c.account_id) AND (os.user_id = k.owner_id) AND (os.kind = c.kind))));

CREATE TABLE public.indexed_addresses (
    account_id bigint NOT NULL,
    author_id bigint NOT NULL,
    hash bytea NOT NULL,
    folder_id bigint NOT NULL,
    uid_validity bigint NOT NULL,
    uid bigint NOT NULL,
    CONSTRAINT indexed_addresses_hash_check CHECK ((length(hash) = 16))
);

ALTER TABLE ONLY public.indexed_addresses FORCE ROW LEVEL SECURITY;

CREATE TABLE public.ledger (
    account_id bigint NOT NULL,
    folder_id bigint NOT NULL,
    uid_validity bigint NOT NULL,
    uid bigint NOT NULL,
    disposition text NOT NULL,
    reason text,
    message_id bigint,
    header_digest bytea,
    size bigint DEFAULT 0 NOT NULL,
    internal_date timestamp with time zone,
    seen boolean DEFAULT false NOT NULL,
    wanted boolean DEFAULT false NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    CONSTRAINT ledger_check CHECK (((disposition = 'stored'::text) = (message_id IS NOT NULL))),
    CONSTRAINT ledger_check1 CHECK (((disposition <> ALL (ARRAY['skipped'::text, 'quarantined'::text])) OR (reason IS NOT NULL))),
    CONSTRAINT ledger_disposition_check CHECK ((disposition = ANY (ARRAY['stored'::text, 'indexed'::text, 'internal'::text, 'blocked'::text, 'skipped'::text, 'quarantined'::text, 'expunged'::text]))),
    CONSTRAINT ledger_uid_check CHECK (((uid >= 1) AND (uid <= '4294967295'::bigint)))
);

ALTER TABLE ONLY public.ledger FORCE ROW LEVEL SECURITY;

CREATE TABLE public.mailbox_leases (
    account_id bigint NOT NULL,
    mailbox_id bigint NOT NULL,
    holder text,
    token bigint DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    synced_at timestamp with time zone
)
WITH (fillfactor='80');

CREATE TABLE public.mailboxes (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    crm_id text NOT NULL,
    user_id bigint NOT NULL,
    host text NOT NULL,
    port integer NOT NULL,
    tls text NOT NULL,
    username text NOT NULL,
    sealed_auth bytea,
    window_months integer DEFAULT 24 NOT NULL,
    folder_choice text[],
    config_epoch bigint DEFAULT 1 NOT NULL,
    state text DEFAULT 'connecting'::text NOT NULL,
    problem text,
    problem_since timestamp with time zone,
    total bigint DEFAULT 0 NOT NULL,
    done bigint DEFAULT 0 NOT NULL,
    last_sync timestamp with time zone,
    auth_failures integer DEFAULT 0 NOT NULL,
    held_epoch bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT mailboxes_crm_id_check CHECK (((length(crm_id) >= 1) AND (length(crm_id) <= 128))),
    CONSTRAINT mailboxes_port_check CHECK (((port >= 1) AND (port <= 65535))),
    CONSTRAINT mailboxes_state_check CHECK ((state = ANY (ARRAY['connecting'::text, 'backfilling'::text, 'live'::text, 'needs_auth'::text, 'held'::text, 'error'::text, 'disconnected'::text]))),
    CONSTRAINT mailboxes_tls_check CHECK ((tls = ANY (ARRAY['tls'::text, 'starttls'::text, 'none'::text]))),
    CONSTRAINT mailboxes_window_months_check CHECK (((window_months >= 1) AND (window_months <= 1200)))
);

ALTER TABLE ONLY public.mailboxes FORCE ROW LEVEL SECURITY;

ALTER TABLE public.mailboxes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.mailboxes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.message_bodies (
    account_id bigint NOT NULL,
    message_id bigint NOT NULL,
    text text DEFAULT ''::text NOT NULL,
    html text DEFAULT ''::text NOT NULL
);

ALTER TABLE ONLY public.message_bodies FORCE ROW LEVEL SECURITY;

CREATE TABLE public.messages (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    author_id bigint NOT NULL,
    thread_id bigint NOT NULL,
    identity bytea NOT NULL,
    sort_key bigint NOT NULL,
    date timestamp with time zone NOT NULL,
    direction text NOT NULL,
    header_id text DEFAULT ''::text NOT NULL,
    subject text DEFAULT ''::text NOT NULL,
    preview text DEFAULT ''::text NOT NULL,
    from_addr jsonb DEFAULT 'null'::jsonb NOT NULL,
    to_addrs jsonb DEFAULT '[]'::jsonb NOT NULL,
    cc_addrs jsonb DEFAULT '[]'::jsonb NOT NULL,
    bcc_addrs jsonb DEFAULT '[]'::jsonb NOT NULL,
    attachments jsonb DEFAULT '[]'::jsonb NOT NULL,
    address_ids bigint[] NOT NULL,
    subject_key bytea,
    subject_reply boolean DEFAULT false NOT NULL,
    size bigint DEFAULT 0 NOT NULL,
    seen boolean DEFAULT false NOT NULL,
    automatic boolean DEFAULT false NOT NULL,
    stored_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT messages_direction_check CHECK ((direction = ANY (ARRAY['inbound'::text, 'outbound'::text]))),
    CONSTRAINT messages_identity_check CHECK ((length(identity) = 32))
);

ALTER TABLE ONLY public.messages FORCE ROW LEVEL SECURITY;

ALTER TABLE public.messages ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.messages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.participants (
    account_id bigint NOT NULL,
    author_id bigint NOT NULL,
    address_id bigint NOT NULL,
    date timestamp with time zone NOT NULL,
    sort_key bigint NOT NULL,
    message_id bigint NOT NULL
);

ALTER TABLE ONLY public.participants FORCE ROW LEVEL SECURITY;

CREATE TABLE public.reports (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    author_id bigint NOT NULL,
    digest bytea NOT NULL,
    n integer NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    class text,
    code text,
    hard boolean DEFAULT false NOT NULL,
    at timestamp with time zone NOT NULL,
    original bytea,
    envelope bytea,
    recipients bytea[] NOT NULL,
    sent_at timestamp with time zone,
    arrived_at timestamp with time zone,
    subject bytea,
    said bytea,
    message_id bigint,
    CONSTRAINT reports_envelope_check CHECK ((length(envelope) = 16)),
    CONSTRAINT reports_kind_check CHECK ((kind = ANY (ARRAY['dsn'::text, 'mdn'::text, 'feedback'::text]))),
    CONSTRAINT reports_original_check CHECK ((length(original) = 16)),
    CONSTRAINT reports_status_check CHECK ((status = ANY (ARRAY['delayed'::text, 'relayed'::text, 'delivered'::text, 'displayed'::text, 'bounced'::text]))),
    CONSTRAINT reports_subject_check CHECK ((length(subject) = 16))
);

ALTER TABLE ONLY public.reports FORCE ROW LEVEL SECURITY;

ALTER TABLE public.reports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.reports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.river_job (
    id bigint NOT NULL,
    state public.river_job_state DEFAULT 'available'::public.river_job_state NOT NULL,
    attempt smallint DEFAULT 0 NOT NULL,
    max_attempts smallint DEFAULT 25 NOT NULL,
    attempted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finalized_at timestamp with time zone,
    scheduled_at timestamp with time zone DEFAULT now() NOT NULL,
    priority smallint DEFAULT 1 NOT NULL,
    args jsonb NOT NULL,
    attempted_by text[],
    errors jsonb[],
    kind text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    queue text DEFAULT 'default'::text NOT NULL,
    tags character varying(255)[] DEFAULT '{}'::character varying[] NOT NULL,
    unique_key bytea,
    unique_states bit(8),
    CONSTRAINT finalized_or_finalized_at_null CHECK ((((finalized_at IS NULL) AND (state <> ALL (ARRAY['cancelled'::public.river_job_state, 'completed'::public.river_job_state, 'discarded'::public.river_job_state]))) OR ((finalized_at IS NOT NULL) AND (state = ANY (ARRAY['cancelled'::public.river_job_state, 'completed'::public.river_job_state, 'discarded'::public.river_job_state]))))),
    CONSTRAINT kind_length CHECK (((char_length(kind) > 0) AND (char_length(kind) < 128))),
    CONSTRAINT max_attempts_is_positive CHECK ((max_attempts > 0)),
    CONSTRAINT priority_in_range CHECK (((priority >= 1) AND (priority <= 4))),
    CONSTRAINT queue_length CHECK (((char_length(queue) > 0) AND (char_length(queue) < 128)))
);

CREATE SEQUENCE public.river_job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.river_job_id_seq OWNED BY public.river_job.id;

CREATE UNLOGGED TABLE public.river_leader (
    elected_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    leader_id text NOT NULL,
    name text DEFAULT 'default'::text NOT NULL,
    CONSTRAINT leader_id_length CHECK (((char_length(leader_id) > 0) AND (char_length(leader_id) < 128))),
    CONSTRAINT name_length CHECK ((name = 'default'::text))
);

CREATE TABLE public.river_migration (
    line text NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT line_length CHECK (((char_length(line) > 0) AND (char_length(line) < 128))),
    CONSTRAINT version_gte_1 CHECK ((version >= 1))
);

CREATE TABLE public.river_notification (
    id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    payload text NOT NULL,
    topic text NOT NULL,
    CONSTRAINT topic_length CHECK (((length(topic) > 0) AND (length(topic) < 128)))
);

CREATE SEQUENCE public.river_notification_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.river_notification_id_seq OWNED BY public.river_notification.id;

CREATE TABLE public.river_queue (
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    paused_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);

CREATE TABLE public.thread_links (
    account_id bigint NOT NULL,
    author_id bigint NOT NULL,
    hash bytea NOT NULL,
    thread_id bigint NOT NULL,
    CONSTRAINT thread_links_hash_check CHECK ((length(hash) = 16))
);

ALTER TABLE ONLY public.thread_links FORCE ROW LEVEL SECURITY;

CREATE TABLE public.threads (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    author_id bigint NOT NULL,
    merged_into bigint
);

ALTER TABLE ONLY public.threads FORCE ROW LEVEL SECURITY;

ALTER TABLE public.threads ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.threads_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE public.users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.webhook_receipts (
    account_id bigint NOT NULL,
    webhook_id text NOT NULL,
    events integer NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.webhook_receipts FORCE ROW LEVEL SECURITY;

CREATE TABLE public.workers (
    id text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.river_job ALTER COLUMN id SET DEFAULT nextval('public.river_job_id_seq'::regclass);

ALTER TABLE ONLY public.river_notification ALTER COLUMN id SET DEFAULT nextval('public.river_notification_id_seq'::regclass);

INSERT INTO public.accounts (id, public_id, name, sealed_webhook_secret, sealed_token_key, sealed_data_key, handover, deletion, policy_version, created_at) OVERRIDING SYSTEM VALUE VALUES
	(1, 'acc_RSAVUYE47U743FEILSUP5HLPVV', 'Northlight Lighting', '\x01900ec2050b7c66b9dbd3d5ea70416eefe15d047655d8137e52a93fbd5784897dfc0a5b480f7c207bcda9124514c34326370f01c80589cfbbd1e9681a2f9f5f20c688e92e6e1005ee610c65d52c86b43aab6b', '\x01900ec2058cd007508a109d0554d477bf1dbd5ad76a31c6bde57eb5928cb1eca1c514918b3560b15c90943a09ea318e4f1785e681cad712ac59f9955b9e1cb2d267b5cf6290a127f91346b7', '\x01900ec2051ab19b71046002574f4e4d6332542880cdc9cbb9bb7dc9100bfa342a9771a43c085142bd68a12d8ec23a802b739f2f2aa4f9dc323aea939e4b86100e', 'new_owner', 'keep', 2, '2026-11-27 14:03:41.441503+00');

INSERT INTO public.addresses (account_id, id, address, hash, domains) OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 'anna.berg@northlight.example', '\xfa65de8cdff01d7c4c42d83b9763ed25', '{northlight.example,example}'),
	(1, 2, 'anna@northlight.example', '\x711150e0c09d519340ea0610a5ec6e29', '{northlight.example,example}'),
	(1, 3, 'ben@northlight.example', '\xe6183275db19ad9297a345610d61e591', '{northlight.example,example}'),
	(1, 4, 'clara@northlight.example', '\xd103ae58f94cfeb623a1dfbef44ad200', '{northlight.example,example}'),
	(1, 5, 'george@olive-oak.example', '\xf2b1782b92bd180d2aae9a929c3405b8', '{olive-oak.example,example}'),
	(1, 6, 'henrik.dahl@harbour-logistics.example', '\xc1eb050bcffae274742095d99688ae89', '{harbour-logistics.example,example}'),
	(1, 7, 'henrik@dahl-family.example', '\xd44476021ad888263098bd877e1de656', '{dahl-family.example,example}'),
	(1, 8, 'li.wen@red-lantern.example', '\xc430beaad9c99580dd25d064029523aa', '{red-lantern.example,example}'),
	(1, 9, 'mira@cafe-aurora.example', '\xdf3daaef30e7115070ad2961854e6fe5', '{cafe-aurora.example,example}'),
	(1, 10, 'newsletter@olive-oak.example', '\xe5ece8323218c837711b37eb7fd2f2ab', '{olive-oak.example,example}'),
	(1, 11, 'priya.raman@monsoon-yoga.example', '\x8c4563acf6bb278a38db49ca4345d389', '{monsoon-yoga.example,example}'),
	(1, 12, 'sofia.lindqvist@harbour-logistics.example', '\x259c5e333bf7c7733509006b255253ef', '{harbour-logistics.example,example}'),
	(1, 13, 'tomasz@baltic-boats.example', '\xbcde2f004d93ce3ae848908f6fb8c866', '{baltic-boats.example,example}'),
	(1, 14, 'friends@olive-oak.example', '\xf4375ab1c27784ad7e5986b0a720a7e2', '{olive-oak.example,example}');

INSERT INTO public.audit_log (account_id, id, at, actor, act, subject, effect, hash) VALUES
	(1, 1, '2026-11-27 14:03:42.259471+00', 'crm', 'user.upserted', '{"user": "anna", "state": "active", "version": 1, "addresses": 2}', '{"shown": 2, "events": 23, "hidden": 0}', '\x075f19e994f609f78419ea4484e6379b8af322987a5b6694d438cd0d7f98451a'),
	(1, 2, '2026-11-27 14:03:42.260259+00', 'crm', 'user.upserted', '{"user": "ben", "state": "active", "version": 1, "addresses": 1}', '{"shown": 2, "events": 23, "hidden": 0}', '\x06fb265da18493c8a86b8405536bf5e2b5dcc0b9d160e7385932c21d19b8ecf9'),
	(1, 3, '2026-11-27 14:03:42.260554+00', 'crm', 'user.upserted', '{"user": "clara", "state": "active", "version": 1, "addresses": 1}', '{"shown": 2, "events": 23, "hidden": 0}', '\x8b154556ede20be18d06ec1280201375cfd8ddc3a1ca361367841e51dbe681be'),
	(1, 4, '2026-11-27 14:03:42.261919+00', 'crm', 'setting.changed', '{"to": "owner", "from": "nobody", "kind": "contact", "user": "anna", "version": 1}', '{"shown": 2, "events": 23, "hidden": 0}', '\x2d55e96345c07e9bbff96e45e7ddb79501b9b0b4857eb5386ed8e571b156db58'),
	(1, 5, '2026-11-27 14:03:42.262247+00', 'crm', 'setting.changed', '{"to": "everyone", "from": "nobody", "kind": "lead", "user": "anna", "version": 1}', '{"shown": 2, "events": 23, "hidden": 0}', '\x29fcfa9c61aab38a9f2ed9311efa41d6e3562248e0695221deb3e958e0270bd4'),
	(1, 6, '2026-11-27 14:03:42.262507+00', 'crm', 'setting.changed', '{"to": "owner_or_collaborator", "from": "nobody", "kind": "contact", "user": "ben", "version": 1}', '{"shown": 2, "events": 23, "hidden": 0}', '\xd52644969f5048d9dda05eab7dfa294a34c57baacef62da18e808d4a0ab8a437'),
	(1, 7, '2026-11-27 14:03:42.262773+00', 'crm', 'setting.changed', '{"to": "owner", "from": "nobody", "kind": "deal", "user": "ben", "version": 1}', '{"shown": 2, "events": 23, "hidden": 0}', '\xd3f996ebf1c75eedc943ecb434f1a31e85de4a44f85146d339917429b9d331b2'),
	(1, 8, '2026-11-27 14:03:42.263046+00', 'crm', 'card.upserted', '{"card": "mira-solano", "kind": "lead", "owner": "anna", "version": 1, "audience": "everyone", "contacts": null, "addresses": 1, "collaborators": []}', '{"shown": 2, "events": 23, "hidden": 0}', '\x40009f51aaf069f47e79f169bf0d0535abbf7a9dea5b0331d0634920b4301293'),
	(1, 9, '2026-11-27 14:03:42.263314+00', 'crm', 'card.upserted', '{"card": "tomasz-zielinski", "kind": "lead", "owner": "ben", "version": 1, "audience": "everyone", "contacts": null, "addresses": 1, "collaborators": []}', '{"shown": 2, "events": 23, "hidden": 0}', '\x1d3e903aafcbca4ef569c842fb602aac54dd6759b3882875cb85e9d9c3adcd2c'),
	(1, 10, '2026-11-27 14:03:42.263518+00', 'crm', 'card.upserted', '{"card": "priya-raman", "kind": "lead", "owner": "clara", "version": 1, "audience": "everyone", "contacts": null, "addresses": 1, "collaborators": ["anna"]}', '{"shown": 2, "events": 23, "hidden": 0}', '\x099b26fb5f526c9efba603ee0b44970ea5718208532cd2dbb2b8cec9167bdbab'),
	(1, 11, '2026-11-27 14:03:42.263722+00', 'crm', 'card.upserted', '{"card": "henrik-dahl", "kind": "contact", "owner": "anna", "version": 1, "audience": "everyone", "contacts": null, "addresses": 2, "collaborators": []}', '{"shown": 2, "events": 23, "hidden": 0}', '\x3497429541317481c31eecee18f95ce0b0add5419a447c00a93c95dd4f3eb301'),
	(1, 12, '2026-11-27 14:03:42.263921+00', 'crm', 'card.upserted', '{"card": "sofia-lindqvist", "kind": "contact", "owner": "anna", "version": 1, "audience": "everyone", "contacts": null, "addresses": 1, "collaborators": []}', '{"shown": 2, "events": 23, "hidden": 0}', '\x05ee26cff8fdc59264936da72cb4ba8ae7b390697c4959f4bd65b19d03ffa271'),
	(1, 13, '2026-11-27 14:03:42.264138+00', 'crm', 'card.upserted', '{"card": "george-papadakis", "kind": "contact", "owner": "anna", "version": 1, "audience": "everyone", "contacts": null, "addresses": 2, "collaborators": []}', '{"shown": 2, "events": 23, "hidden": 0}', '\xe5a8fdffb3c7538ea14af07b8f106e521a4bbbdf1e809225579269f593fb4a4d'),
	(1, 14, '2026-11-27 14:03:42.264335+00', 'crm', 'card.upserted', '{"card": "li-wen", "kind": "contact", "owner": "ben", "version": 1, "audience": "everyone", "contacts": null, "addresses": 1, "collaborators": ["anna"]}', '{"shown": 2, "events": 23, "hidden": 0}', '\x1b4709058f05584e4b162827f3377adf4c3de62c45817d74a1ae5b04bb0fe494'),
	(1, 15, '2026-11-27 14:03:42.264547+00', 'crm', 'card.upserted', '{"card": "warehouse-3", "kind": "deal", "owner": "anna", "version": 1, "audience": ["anna", "ben"], "contacts": [{"id": "henrik-dahl", "primary": true}, {"id": "sofia-lindqvist", "primary": false}], "addresses": 0, "collaborators": []}', '{"shown": 2, "events": 23, "hidden": 0}', '\xec5932f1d3a1692b4ac4a5098f70cf1ee316d0b5978e5f31c2429710a63dafbd'),
	(1, 16, '2026-11-27 14:03:42.264771+00', 'crm', 'card.upserted', '{"card": "service-contract", "kind": "deal", "owner": "ben", "version": 1, "audience": "everyone", "contacts": [{"id": "henrik-dahl", "primary": true}], "addresses": 0, "collaborators": []}', '{"shown": 2, "events": 23, "hidden": 0}', '\xb03acad5654be7b64198e5def2fcde11baf45f628fcf085e457901b687df1641'),
	(1, 17, '2026-11-27 14:03:42.264999+00', 'crm', 'card.upserted', '{"card": "lobby-84-rooms", "kind": "deal", "owner": "anna", "version": 1, "audience": "everyone", "contacts": [{"id": "george-papadakis", "primary": true}], "addresses": 0, "collaborators": []}', '{"shown": 2, "events": 23, "hidden": 0}', '\x44c46b5bcabc714479991f2f5dba39c5329c8a25fd2a87ef81e79b464dfefd3e'),
	(1, 18, '2026-11-27 14:03:42.265217+00', 'crm', 'card.upserted', '{"card": "six-shops", "kind": "deal", "owner": "ben", "version": 1, "audience": "everyone", "contacts": [{"id": "li-wen", "primary": true}], "addresses": 0, "collaborators": ["anna"]}', '{"shown": 2, "events": 23, "hidden": 0}', '\x319aada28c410d2a1e94d8bcc42ab7c851148f0cf79c6a8c54019ad2bb93b2fd'),
	(1, 19, '2026-11-27 14:03:42.265454+00', 'crm', 'card.upserted', '{"card": "george-papadakis", "kind": "contact", "owner": "ben", "version": 2, "audience": "everyone", "contacts": null, "addresses": 2, "collaborators": []}', '{"shown": 2, "events": 23, "hidden": 0}', '\x5a05da4d4f5c59118f5706c3507310e3398d110cb9288082d08efc9143b0ee37'),
	(1, 20, '2026-11-27 14:03:42.26569+00', 'crm', 'card.upserted', '{"card": "lobby-84-rooms", "kind": "deal", "owner": "ben", "version": 2, "audience": "everyone", "contacts": [{"id": "george-papadakis", "primary": true}], "addresses": 0, "collaborators": []}', '{"shown": 2, "events": 23, "hidden": 0}', '\x572b81384d314581d633f8173e8e95812df567c5a53bf3345ec8ee1c27210016'),
	(1, 21, '2026-11-27 14:03:42.265933+00', 'crm', 'share.changed', '{"card": {"id": "henrik-dahl", "kind": "contact"}, "user": "anna", "state": "shared", "address": 6, "version": 1, "conversations": 3}', '{"shown": 2, "events": 23, "hidden": 0}', '\x4602aa3a3d3c677783e165e6ecb284fd2a7bff966bb74e7dbb0b66ca2f3dde45'),
	(1, 22, '2026-11-27 14:03:42.266155+00', 'crm', 'share.changed', '{"card": {"id": "henrik-dahl", "kind": "contact"}, "user": "anna", "state": "private", "address": 7, "version": 1, "conversations": 3}', '{"shown": 2, "events": 23, "hidden": 0}', '\x05ce32e4eb2d5859756290959914709a2a2eac6e2d7c93896d10a1d6b399ee0b'),
	(1, 23, '2026-11-27 14:03:42.26635+00', 'crm', 'share.changed', '{"card": {"id": "priya-raman", "kind": "lead"}, "user": "clara", "state": "shared", "address": 11, "version": 1, "conversations": 1}', '{"shown": 2, "events": 23, "hidden": 0}', '\x421a5d1ee8db3c6d646b6ddb22e1d8e4d878d968687afdebdbbf1d2f93fd2bf8'),
	(1, 24, '2026-11-27 14:03:54.854983+00', 'anna', 'share.changed', '{"card": {"id": "warehouse-3", "kind": "deal"}, "user": "anna", "state": "shared", "address": 12, "version": 0, "conversations": 1}', '{"shown": 1, "events": 1, "hidden": 0}', '\x9b28e27aefa78f72a47334072ccb72137c2ab5835265e9c18af724b9b8380271'),
	(1, 25, '2026-11-27 14:03:54.970222+00', 'ben', 'setting.changed', '{"to": "everyone", "from": "nobody", "kind": "lead", "user": "ben", "version": 1}', '{"shown": 0, "events": 1, "hidden": 0}', '\x5df4e949a8c72a9f86c6a56e1d44be7e54a66295ccd2339d0e9f9cbeb868bb6f'),
	(1, 26, '2026-11-27 14:03:55.143444+00', 'mailstamp', 'restamped', '{"kind": "lead", "user": "ben"}', '{"shown": 1, "hidden": 0}', '\x2a5a83ced9467b1f3be47571c9189786d8ac44614a7429c3a0a8a8e2e5f01bc7'),
	(1, 27, '2026-11-27 14:03:57.495288+00', 'ben', 'message.forwarded', '{"card": {"id": "henrik-dahl", "kind": "contact"}, "author": "anna", "message": "iKnxpaSDcTX7rP0o4zWSKA"}', '{}', '\x96325cee687560789e2db7feee665f22548bba8926997638689fa9877135e11e'),
	(1, 28, '2026-11-27 14:04:52.477848+00', 'clara', 'setting.changed', '{"to": "everyone", "from": "nobody", "kind": "contact", "user": "clara", "version": 0}', '{"shown": 0, "events": 3, "hidden": 0}', '\xdd1c21d9aaceaf502784b12afaf47b6349d3f67b9828629901515563db8cf9d5'),
	(1, 29, '2026-11-27 14:04:52.484039+00', 'clara', 'setting.changed', '{"to": "owner", "from": "nobody", "kind": "deal", "user": "clara", "version": 0}', '{"shown": 0, "events": 3, "hidden": 0}', '\x365316af67180b467e3b60223693657e4edb4cc9275e7375731834ab7a70ae6f'),
	(1, 30, '2026-11-27 14:04:52.484438+00', 'clara', 'setting.changed', '{"to": "everyone", "from": "nobody", "kind": "lead", "user": "clara", "version": 0}', '{"shown": 0, "events": 3, "hidden": 0}', '\x008e060fadc9b65e33049316a8a420dc6fdf161b9c9c7a81acfe137a15b67e07'),
	(1, 31, '2026-11-27 14:06:11.30024+00', 'crm', 'blocklist.changed', '{"user": "anna", "entries": 2, "version": 1}', '{"shown": 6, "events": 7, "hidden": 0}', '\x71bf6aaa54d51f6a24fe066baa228f6552c5bc1397d1c7d55edb3c5f2426fd66'),
	(1, 32, '2026-11-27 14:06:11.304013+00', 'crm', 'blocklist.changed', '{"user": null, "entries": 1, "version": 1}', '{"shown": 6, "events": 7, "hidden": 0}', '\x341beaa9812e19ad2e2f4c4e4751d481a081cde71c1284033cc867b3f26f8d09'),
	(1, 33, '2026-11-27 14:06:11.304365+00', 'crm', 'policy.changed', '{"version": 1, "deletion": "keep", "handover": "author"}', '{"shown": 6, "events": 7, "hidden": 0}', '\xda8b673dbc7e4a9864c650c259c69c4026e44353e4961a3d38f26761edb3843c'),
	(1, 34, '2026-11-27 14:06:11.304665+00', 'crm', 'card.upserted', '{"card": "tz", "kind": "contact", "owner": "ben", "version": 1, "audience": "everyone", "contacts": null, "addresses": 1, "collaborators": []}', '{"shown": 6, "events": 7, "hidden": 0}', '\x20be5917f2afc6aed8aba656b9c80465b3a1f41b208af3283517fc4f0a62b0e9'),
	(1, 35, '2026-11-27 14:06:11.304969+00', 'crm', 'lead.converted', '{"lead": "tomasz-zielinski", "contact": "tz", "version": 2}', '{"shown": 6, "events": 7, "hidden": 0}', '\x76d7bd67d0c92b240043cf2cbbbadca933ef7ff5a9cdcdcd0dd085f973cfd38a'),
	(1, 36, '2026-11-27 14:06:11.305329+00', 'crm', 'contact.merged', '{"losers": ["li-wen"], "winner": "henrik-dahl", "version": 2}', '{"shown": 6, "events": 7, "hidden": 0}', '\x7cbe66953c7d47e897514dbfc000092db442a607b88218cdf1ddb445d1da3aa9'),
	(1, 37, '2026-11-27 14:06:11.305625+00', 'crm', 'policy.changed', '{"version": 2, "deletion": "keep", "handover": "new_owner"}', '{"shown": 6, "events": 7, "hidden": 0}', '\x37f1a0ca9c6298aaf2decde14d51f53ae7b0ec8a961d4232cbd85f537abb7289');

INSERT INTO public.blocklist_entries (account_id, blocklist_id, address, domain, card_id) VALUES
	(1, 1, 'newsletter@olive-oak.example', NULL, NULL),
	(1, 1, NULL, 'spam.example', NULL),
	(1, 2, NULL, 'nobody.example', NULL);

INSERT INTO public.blocklists (account_id, id, user_id, version) OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, 1),
	(1, 2, NULL, 1);

INSERT INTO public.card_addresses (account_id, card_id, address_id, label, since) VALUES
	(1, 1, 9, 'Work', '2026-11-27 14:03:33.005+00'),
	(1, 2, 13, 'Work', '2026-11-27 14:03:33.006+00'),
	(1, 3, 11, 'Work', '2026-11-27 14:03:33.007+00'),
	(1, 4, 6, 'Work', '2026-11-27 14:03:33.008+00'),
	(1, 4, 7, 'Private', '2026-11-27 14:03:33.008+00'),
	(1, 5, 12, 'Work', '2026-11-27 14:03:33.009+00'),
	(1, 6, 5, 'Work', '2026-11-27 14:03:33.01+00'),
	(1, 6, 10, 'Newsletter', '2026-11-27 14:03:33.01+00'),
	(1, 7, 8, 'Work', '2026-11-27 14:03:33.011+00'),
	(1, 24, 13, 'Work', '2026-11-27 14:05:02+00'),
	(1, 4, 8, 'Work', '2026-11-27 14:05:04+00');

INSERT INTO public.card_audience (account_id, card_id, user_id) VALUES
	(1, 8, 1),
	(1, 8, 2);

INSERT INTO public.card_collaborators (account_id, card_id, user_id, since) VALUES
	(1, 3, 1, '2026-11-27 14:03:33.007+00'),
	(1, 7, 1, '2026-11-27 14:03:33.011+00'),
	(1, 15, 1, '2026-11-27 14:03:33.015+00');

INSERT INTO public.card_owners (account_id, card_id, user_id, since) VALUES
	(1, 1, 1, '2026-11-27 14:03:33.005+00'),
	(1, 2, 2, '2026-11-27 14:03:33.006+00'),
	(1, 3, 3, '2026-11-27 14:03:33.007+00'),
	(1, 4, 1, '2026-11-27 14:03:33.008+00'),
	(1, 5, 1, '2026-11-27 14:03:33.009+00'),
	(1, 6, 1, '2026-11-27 14:03:33.01+00'),
	(1, 7, 2, '2026-11-27 14:03:33.011+00'),
	(1, 8, 1, '2026-11-27 14:03:33.012+00'),
	(1, 11, 2, '2026-11-27 14:03:33.013+00'),
	(1, 13, 1, '2026-11-27 14:03:33.014+00'),
	(1, 15, 2, '2026-11-27 14:03:33.015+00'),
	(1, 6, 2, '2026-11-27 14:03:33.016+00'),
	(1, 13, 2, '2026-11-27 14:03:33.017+00'),
	(1, 24, 2, '2026-11-27 14:05:02+00');

INSERT INTO public.cards (account_id, id, kind, crm_id, version, told, name, state, owner_id, owner_since, everyone, epoch, fence, restamped, merged_into) OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 'lead', 'mira-solano', 1, 1, 'Mira Solano, Café Aurora', 'open', 1, '2026-11-27 14:03:33.005+00', true, 2, 2, 2, NULL),
	(1, 3, 'lead', 'priya-raman', 1, 1, 'Priya Raman, Monsoon Yoga', 'open', 3, '2026-11-27 14:03:33.007+00', true, 2, 2, 2, NULL),
	(1, 5, 'contact', 'sofia-lindqvist', 1, 1, 'Sofia Lindqvist, Harbour Logistics', 'open', 1, '2026-11-27 14:03:33.009+00', true, 2, 2, 2, NULL),
	(1, 6, 'contact', 'george-papadakis', 2, 2, 'George Papadakis, Olive & Oak Hotels', 'open', 2, '2026-11-27 14:03:33.016+00', true, 4, 4, 2, NULL),
	(1, 13, 'deal', 'lobby-84-rooms', 2, 2, 'Olive & Oak, lobby and 84 rooms', 'open', 2, '2026-11-27 14:03:33.017+00', true, 4, 4, 2, NULL),
	(1, 8, 'deal', 'warehouse-3', 1, 1, 'Warehouse 3, new lighting', 'open', 1, '2026-11-27 14:03:33.012+00', false, 3, 3, 3, NULL),
	(1, 11, 'deal', 'service-contract', 1, 1, 'Harbour Logistics, service contract', 'open', 2, '2026-11-27 14:03:33.013+00', true, 3, 3, 3, NULL),
	(1, 15, 'deal', 'six-shops', 1, 1, 'Red Lantern, six shops', 'open', 2, '2026-11-27 14:03:33.015+00', true, 3, 3, 3, NULL),
	(1, 24, 'contact', 'tz', 1, 1, 'Tomasz', 'open', 2, '2026-11-27 14:05:02+00', true, 2, 2, 2, NULL),
	(1, 2, 'lead', 'tomasz-zielinski', 2, 1, 'Tomasz Zieliński, Baltic Boats', 'deleted', 2, '2026-11-27 14:03:33.006+00', true, 3, 3, 3, 24),
	(1, 7, 'contact', 'li-wen', 1, 1, 'Li Wen 李文, Red Lantern Retail', 'deleted', 2, '2026-11-27 14:03:33.011+00', true, 3, 3, 3, 4),
	(1, 4, 'contact', 'henrik-dahl', 2, 1, 'Henrik Dahl, Harbour Logistics', 'open', 1, '2026-11-27 14:03:33.008+00', true, 3, 3, 3, NULL);

INSERT INTO public.conversations (account_id, author_id, card_id, address_id, kind, on_card, blocked, share, share_version, share_at, share_by, share_implied, share_called, share_from, visible, reason, author_epoch, card_epoch, owner_epoch, since, stamped_at) VALUES
	(1, 3, 3, 11, 'lead', true, false, 'shared', 1, '2026-11-27 14:03:33.02+00', 'clara', false, false, NULL, true, 'shared', 2, 2, 2, '2026-11-27 14:03:41.804632+00', '2026-11-27 14:03:41.804632+00'),
	(1, 1, 5, 12, 'contact', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'owner', 3, 2, 3, '2026-11-27 14:03:42.565544+00', '2026-11-27 14:03:42.565544+00'),
	(1, 1, 6, 5, 'contact', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'handover_visible', 3, 2, 3, '2026-11-27 14:03:42.565544+00', '2026-11-27 14:03:42.565544+00'),
	(1, 1, 13, 5, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'setting_nobody', 2, 2, 3, '2026-11-27 14:03:42.565544+00', '2026-11-27 14:03:42.565544+00'),
	(1, 1, 1, 9, 'lead', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'setting_everyone', 3, 2, 3, '2026-11-27 14:03:42.565544+00', '2026-11-27 14:03:42.565544+00'),
	(1, 2, 5, 12, 'contact', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_owner', 3, 2, 3, '2026-11-27 14:03:42.571815+00', '2026-11-27 14:03:42.571815+00'),
	(1, 2, 6, 5, 'contact', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'owner', 3, 2, 3, '2026-11-27 14:03:42.571815+00', '2026-11-27 14:03:42.571815+00'),
	(1, 2, 6, 10, 'contact', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'owner', 3, 2, 3, '2026-11-27 14:03:42.571815+00', '2026-11-27 14:03:42.571815+00'),
	(1, 2, 13, 5, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'owner', 3, 2, 3, '2026-11-27 14:03:42.571815+00', '2026-11-27 14:03:42.571815+00'),
	(1, 2, 13, 10, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'owner', 3, 2, 3, '2026-11-27 14:03:42.571815+00', '2026-11-27 14:03:42.571815+00'),
	(1, 1, 3, 11, 'lead', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'setting_everyone', 3, 2, 2, '2026-11-27 14:03:42.901489+00', '2026-11-27 14:03:42.901489+00'),
	(1, 1, 4, 6, 'contact', true, false, 'shared', 1, '2026-11-27 14:03:33.018+00', 'anna', false, false, NULL, true, 'shared', 3, 3, 3, '2026-11-27 14:03:41.804632+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 11, 7, 'deal', true, false, 'private', 0, '2026-11-27 14:03:33.019+00', 'anna', true, false, NULL, false, 'private', 2, 3, 3, '2026-11-27 14:03:41.804632+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 8, 7, 'deal', true, false, 'private', 0, '2026-11-27 14:03:33.019+00', 'anna', true, false, NULL, false, 'private', 2, 3, 2, '2026-11-27 14:03:41.804632+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 4, 7, 'contact', true, false, 'private', 1, '2026-11-27 14:03:33.019+00', 'anna', false, false, NULL, false, 'private', 3, 3, 3, '2026-11-27 14:03:41.804632+00', '2026-11-27 14:06:10.759522+00'),
	(1, 3, 15, 8, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_owner', 3, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 8, 6, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'shared_on_contact', 2, 3, 2, '2026-11-27 14:03:42.565544+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 11, 6, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'shared_on_contact', 2, 3, 3, '2026-11-27 14:03:42.565544+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 15, 8, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'setting_nobody', 2, 3, 3, '2026-11-27 14:03:42.565544+00', '2026-11-27 14:06:10.759522+00'),
	(1, 2, 4, 6, 'contact', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_owner', 3, 3, 3, '2026-11-27 14:03:42.571815+00', '2026-11-27 14:06:10.759522+00'),
	(1, 2, 8, 6, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_owner', 3, 3, 2, '2026-11-27 14:03:42.571815+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 8, 12, 'deal', true, false, 'shared', 0, '2026-11-27 14:03:54.752985+00', 'anna', false, true, NULL, true, 'shared', 2, 3, 2, '2026-11-27 14:03:54.75116+00', '2026-11-27 14:06:10.759522+00'),
	(1, 2, 8, 12, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_owner', 3, 3, 2, '2026-11-27 14:03:42.571815+00', '2026-11-27 14:06:10.759522+00'),
	(1, 2, 11, 6, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'owner', 3, 3, 3, '2026-11-27 14:03:42.571815+00', '2026-11-27 14:06:10.759522+00'),
	(1, 2, 15, 8, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'owner', 3, 3, 3, '2026-11-27 14:03:42.571815+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 4, 8, 'contact', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'owner', 3, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 3, 7, 8, 'contact', false, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_on_card', 3, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 7, 8, 'contact', false, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_on_card', 3, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 2, 7, 8, 'contact', false, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_on_card', 3, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 2, 2, 13, 'lead', false, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_on_card', 3, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 8, 8, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'setting_nobody', 2, 3, 2, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 11, 8, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'setting_nobody', 2, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 15, 6, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'shared_on_contact', 2, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 15, 7, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'setting_nobody', 2, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 2, 4, 8, 'contact', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_owner', 3, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 2, 8, 8, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_owner', 3, 3, 2, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 2, 11, 8, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'owner', 3, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 2, 15, 6, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'owner', 3, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 2, 24, 13, 'contact', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'owner', 3, 2, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 3, 4, 8, 'contact', true, false, NULL, 0, NULL, NULL, false, false, NULL, true, 'setting_everyone', 3, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 3, 8, 8, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_owner', 3, 3, 2, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 3, 11, 8, 'deal', true, false, NULL, 0, NULL, NULL, false, false, NULL, false, 'not_owner', 3, 3, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 6, 10, 'contact', true, true, NULL, 0, NULL, NULL, false, false, NULL, false, 'blocked', 3, 4, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00'),
	(1, 1, 13, 10, 'deal', true, true, NULL, 0, NULL, NULL, false, false, NULL, false, 'blocked', 2, 4, 3, '2026-11-27 14:06:10.759522+00', '2026-11-27 14:06:10.759522+00');

INSERT INTO public.correspondences (account_id, author_id, address_id, last_at) VALUES
	(1, 3, 2, '2026-11-25 14:40:00+00'),
	(1, 3, 4, '2026-11-25 14:40:00+00'),
	(1, 3, 11, '2026-11-25 14:40:00+00'),
	(1, 1, 1, '2026-10-30 06:41:00+00'),
	(1, 1, 3, '2026-11-18 16:12:00+00'),
	(1, 1, 9, '2026-11-27 12:03:33+00'),
	(1, 1, 10, '2026-10-29 08:00:00+00'),
	(1, 1, 12, '2026-10-16 14:29:00+00'),
	(1, 1, 14, '2026-10-29 08:00:00+00'),
	(1, 2, 3, '2026-11-26 07:45:00+00'),
	(1, 2, 5, '2026-11-26 07:45:00+00'),
	(1, 2, 6, '2026-11-20 08:44:00+00'),
	(1, 2, 8, '2026-11-26 03:55:00+00'),
	(1, 2, 10, '2026-10-29 08:00:00+00'),
	(1, 2, 12, '2026-10-09 13:10:00+00'),
	(1, 2, 14, '2026-10-29 08:00:00+00'),
	(1, 3, 8, '2026-11-09 19:30:00+00'),
	(1, 1, 4, '2026-11-25 14:40:00+00'),
	(1, 1, 5, '2026-09-18 17:25:00+00'),
	(1, 1, 7, '2026-10-13 22:03:00+00'),
	(1, 1, 8, '2026-10-19 10:45:00+00'),
	(1, 1, 11, '2026-11-25 14:40:00+00'),
	(1, 2, 2, '2026-11-18 16:12:00+00'),
	(1, 2, 13, '2026-11-23 15:00:00+00'),
	(1, 1, 2, '2026-11-27 14:03:43+00'),
	(1, 1, 6, '2026-11-27 14:03:43+00');

INSERT INTO public.deal_contacts (account_id, deal_id, contact_id, is_primary, since) VALUES
	(1, 8, 4, true, '2026-11-27 14:03:33.012+00'),
	(1, 8, 5, false, '2026-11-27 14:03:33.012+00'),
	(1, 11, 4, true, '2026-11-27 14:03:33.013+00'),
	(1, 13, 6, true, '2026-11-27 14:03:33.014+00'),
	(1, 15, 7, true, '2026-11-27 14:03:33.015+00'),
	(1, 15, 4, true, '2026-11-27 14:03:33.015+00');

INSERT INTO public.deliveries (account_id, message_id, address, status, class, code, hard, at) VALUES
	(1, 40, 'li.wen@red-lantern.example', 'sent', NULL, NULL, false, '2026-11-09 19:30:00+00'),
	(1, 39, 'priya.raman@monsoon-yoga.example', 'replied', NULL, NULL, false, '2026-11-12 07:20:00+00'),
	(1, 41, 'priya.raman@monsoon-yoga.example', 'sent', NULL, NULL, false, '2026-11-25 14:40:00+00'),
	(1, 41, 'clara@northlight.example', 'sent', NULL, NULL, false, '2026-11-25 14:40:00+00'),
	(1, 43, 'henrik.dahl@harbour-logistics.example', 'sent', NULL, NULL, false, '2026-10-30 07:15:00+00'),
	(1, 45, 'li.wen@red-lantern.example', 'sent', NULL, NULL, false, '2026-10-19 10:45:00+00'),
	(1, 45, 'ben@northlight.example', 'sent', NULL, NULL, false, '2026-10-19 10:45:00+00'),
	(1, 47, 'henrik@dahl-family.example', 'sent', NULL, NULL, false, '2026-10-13 22:03:00+00'),
	(1, 48, 'ben@northlight.example', 'sent', NULL, NULL, false, '2026-10-09 13:10:00+00'),
	(1, 50, 'henrik.dahl@harbour-logistics.example', 'sent', NULL, NULL, false, '2026-10-01 10:20:00+00'),
	(1, 52, 'george@olive-oak.example', 'sent', NULL, NULL, false, '2026-09-18 17:25:00+00'),
	(1, 52, 'ben@northlight.example', 'sent', NULL, NULL, false, '2026-09-18 17:25:00+00'),
	(1, 55, 'anna@northlight.example', 'sent', NULL, NULL, false, '2026-11-18 16:12:00+00'),
	(1, 56, 'tomasz@baltic-boats.example', 'sent', NULL, NULL, false, '2026-11-05 10:30:00+00'),
	(1, 58, 'henrik.dahl@harbour-logistics.example', 'sent', NULL, NULL, false, '2026-10-30 09:30:00+00'),
	(1, 58, 'anna@northlight.example', 'sent', NULL, NULL, false, '2026-10-30 09:30:00+00'),
	(1, 59, 'li.wen@red-lantern.example', 'sent', NULL, NULL, false, '2026-10-22 09:12:00+00'),
	(1, 61, 'george@olive-oak.example', 'sent', NULL, NULL, false, '2026-10-05 17:20:00+00'),
	(1, 62, 'henrik.dahl@harbour-logistics.example', 'sent', NULL, NULL, false, '2026-10-02 08:02:00+00'),
	(1, 62, 'anna@northlight.example', 'sent', NULL, NULL, false, '2026-10-02 08:02:00+00'),
	(1, 42, 'mira@cafe-aurora.example', 'replied', NULL, NULL, false, '2026-11-27 12:03:33+00'),
	(1, 43, 'ben@northlight.example', 'replied', NULL, NULL, false, '2026-10-30 09:30:00+00'),
	(1, 44, 'mira@cafe-aurora.example', 'replied', NULL, NULL, false, '2026-10-26 18:30:00+00'),
	(1, 46, 'sofia.lindqvist@harbour-logistics.example', 'delivered', NULL, '2.0.0', false, '2026-10-16 14:27:00+00'),
	(1, 48, 'sofia.lindqvist@harbour-logistics.example', 'replied', NULL, NULL, false, '2026-10-12 10:31:00+00'),
	(1, 49, 'henrik.dahl@harbour-logistics.example', 'displayed', NULL, NULL, false, '2026-10-08 17:31:00+00'),
	(1, 49, 'sofia.lindqvist@harbour-logistics.example', 'replied', NULL, NULL, false, '2026-10-09 09:55:00+00'),
	(1, 50, 'ben@northlight.example', 'replied', NULL, NULL, false, '2026-10-02 08:02:00+00'),
	(1, 51, 'henrik.dahl@harbour-logistics.example', 'replied', NULL, NULL, false, '2026-09-30 15:05:00+00'),
	(1, 53, 'george@olive-oak.example', 'replied', NULL, NULL, false, '2026-09-11 09:00:00+00'),
	(1, 54, 'tomasz@baltic-boats.example', 'bounced', 'unknown_user', '5.1.1', true, '2026-11-23 15:01:00+00'),
	(1, 55, 'henrik.dahl@harbour-logistics.example', 'replied', NULL, NULL, false, '2026-11-20 08:44:00+00'),
	(1, 57, 'tomasz@baltic-boats.example', 'replied', NULL, NULL, false, '2026-11-05 09:44:00+00'),
	(1, 60, 'li.wen@red-lantern.example', 'replied', NULL, NULL, false, '2026-10-19 05:01:00+00'),
	(1, 63, 'george@olive-oak.example', 'replied', NULL, NULL, false, '2026-09-25 12:12:00+00');

INSERT INTO public.delivery_events (account_id, message_id, address, evidence, source, status, class, code, hard, at, reporter, passage) VALUES
	(1, 39, 'priya.raman@monsoon-yoga.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-11-12 07:20:00+00', '', ''),
	(1, 46, 'sofia.lindqvist@harbour-logistics.example', '\x5969898a4332add78fc4c419cdffc65335882a80a4fd477b3f030abbd083bcf9', 'dsn', 'delivered', NULL, '2.0.0', false, '2026-10-16 14:27:00+00', 'mx.harbour-logistics.example', 'reporting-mta: dns; mx.harbour-logistics.example
arrival-date: Fri, 16 Oct 2026 14:27:00 +0000
final-recipient: rfc822; sofia.lindqvist@harbour-logistics.example
action: delivered
status: 2.0.0
diagnostic-code: smtp; 250 2.0.0 delivered to mailbox'),
	(1, 49, 'henrik.dahl@harbour-logistics.example', '\x945acd06299e6abe7f659a01e06832992cacee9ac6edb0f3fdfe183fff852749', 'mdn', 'displayed', NULL, NULL, false, '2026-10-08 17:31:00+00', 'mail.harbour-logistics.example; Desk Mail 9', 'Reporting-UA: mail.harbour-logistics.example; Desk Mail 9
Final-Recipient: rfc822; henrik.dahl@harbour-logistics.example
Original-Message-ID: <q2291-1@northlight.example>
Disposition: manual-action/MDN-sent-manually; displayed'),
	(1, 54, 'tomasz@baltic-boats.example', '\x4f4bd470533bc22fb7e0ba7cc67c26e5392da365aff63bd9b01eaa88cb2bce48', 'dsn', 'bounced', 'unknown_user', '5.1.1', true, '2026-11-23 15:01:00+00', 'mx.northlight.example', 'reporting-mta: dns; mx.northlight.example
x-postfix-queue-id: 4F1B2A0021
arrival-date: Mon, 23 Nov 2026 15:01:00 +0000
final-recipient: rfc822; tomasz@baltic-boats.example
original-recipient: rfc822;tomasz@baltic-boats.example
action: failed
status: 5.1.1
remote-mta: dns; mail.baltic-boats.example
diagnostic-code: smtp; 550 5.1.1 <tomasz@baltic-boats.example>: Recipient address rejected: User unknown'),
	(1, 42, 'mira@cafe-aurora.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-11-27 12:03:33+00', '', ''),
	(1, 43, 'ben@northlight.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-10-30 09:30:00+00', '', ''),
	(1, 44, 'mira@cafe-aurora.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-10-26 18:30:00+00', '', ''),
	(1, 48, 'sofia.lindqvist@harbour-logistics.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-10-12 10:31:00+00', '', ''),
	(1, 49, 'sofia.lindqvist@harbour-logistics.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-10-09 09:55:00+00', '', ''),
	(1, 50, 'ben@northlight.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-10-02 08:02:00+00', '', ''),
	(1, 51, 'henrik.dahl@harbour-logistics.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-09-30 15:05:00+00', '', ''),
	(1, 53, 'george@olive-oak.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-09-11 09:00:00+00', '', ''),
	(1, 55, 'henrik.dahl@harbour-logistics.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-11-20 08:44:00+00', '', ''),
	(1, 57, 'tomasz@baltic-boats.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-11-05 09:44:00+00', '', ''),
	(1, 60, 'li.wen@red-lantern.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-10-19 05:01:00+00', '', ''),
	(1, 63, 'george@olive-oak.example', '\x', 'answer', 'replied', NULL, NULL, false, '2026-09-25 12:12:00+00', '', '');

INSERT INTO public.folders (account_id, id, mailbox_id, name, role, uid_validity, uid_next, mod_seq, on_server, gone_at) OVERRIDING SYSTEM VALUE VALUES
	(1, 5, 3, 'INBOX', 'inbox', 1, 7, 0, 6, NULL),
	(1, 8, 3, 'Sent', 'sent', 2, 3, 0, 2, NULL),
	(1, 9, 3, 'Archive', 'archive', 3, 1, 0, 0, NULL),
	(1, 1, 2, 'INBOX', 'inbox', 1, 20, 0, 19, NULL),
	(1, 4, 2, 'Sent', 'sent', 2, 12, 0, 11, NULL),
	(1, 6, 2, 'Archive', 'archive', 3, 1, 0, 0, NULL),
	(1, 3, 1, 'Sent', 'sent', 2, 16, 0, 15, NULL),
	(1, 7, 1, 'Archive', 'archive', 3, 1, 0, 0, NULL),
	(1, 2, 1, 'INBOX', 'inbox', 1, 25, 0, 24, NULL);

INSERT INTO public.goose_db_version (id, version_id, is_applied, tstamp) VALUES
	(1, 0, true, '2026-11-27 14:03:40.07857'),
	(2, 1, true, '2026-11-27 14:03:40.117935'),
	(3, 2, true, '2026-11-27 14:03:41.417497');

INSERT INTO public.indexed_addresses (account_id, author_id, hash, folder_id, uid_validity, uid) VALUES
	(1, 3, '\xb7014fa103974a73fa4dc020a047826a', 5, 1, 5),
	(1, 3, '\x711150e0c09d519340ea0610a5ec6e29', 5, 1, 1),
	(1, 3, '\xe6183275db19ad9297a345610d61e591', 5, 1, 1),
	(1, 1, '\xc76500030797c976d951d597509c8958', 2, 1, 20),
	(1, 1, '\xe6183275db19ad9297a345610d61e591', 2, 1, 19),
	(1, 1, '\xf1ac6e67c32d853d8000671877e57147', 2, 1, 15),
	(1, 1, '\xcd22bcbe6de6d504b48b469e8428bfce', 2, 1, 10),
	(1, 1, '\xc1eb050bcffae274742095d99688ae89', 2, 1, 6),
	(1, 2, '\x4a3f705fc491cc38d684cf7d1322f1aa', 1, 1, 17),
	(1, 2, '\xb21ccd4a9a2714bcba6d3d4e4e216e21', 1, 1, 14),
	(1, 2, '\x711150e0c09d519340ea0610a5ec6e29', 1, 1, 12),
	(1, 2, '\xd103ae58f94cfeb623a1dfbef44ad200', 1, 1, 12),
	(1, 1, '\xe6183275db19ad9297a345610d61e591', 3, 2, 13),
	(1, 1, '\xd103ae58f94cfeb623a1dfbef44ad200', 3, 2, 13),
	(1, 1, '\xf1ac6e67c32d853d8000671877e57147', 3, 2, 11),
	(1, 2, '\x711150e0c09d519340ea0610a5ec6e29', 4, 2, 7);

INSERT INTO public.ledger (account_id, folder_id, uid_validity, uid, disposition, reason, message_id, header_digest, size, internal_date, seen, wanted, tries) VALUES
	(1, 5, 1, 6, 'stored', NULL, 1, '\x5531adb9ef692bbe81ccdd59badc41f813c4c38d248e7b55bc93abceffed9a1a', 613, '2026-11-25 14:40:00+00', true, false, 0),
	(1, 5, 1, 5, 'indexed', NULL, NULL, '\xaac9c52e862fc957cbb0a63898660a4f784f55bbdf2fbeed6d8c5600bd567e33', 460, '2026-11-13 20:40:00+00', true, false, 0),
	(1, 5, 1, 4, 'stored', NULL, 2, '\xa244d9757bbfd525717db1ab3f3eef17e58e8437428707a7adbf1e9bacdb77a6', 654, '2026-11-12 07:20:00+00', true, false, 0),
	(1, 5, 1, 3, 'stored', NULL, 3, '\x899d5b5d7fe817b2e2b6d86b404085e73c27958136f7ab3eb2a8bc671f773bd1', 597, '2026-11-11 08:51:00+00', true, false, 0),
	(1, 5, 1, 2, 'stored', NULL, 4, '\x4fa76c1a7371c10294a4a5e8f077eb83a7b2894a999082eec8e8e64fc9a627a0', 569, '2026-11-09 05:48:00+00', true, false, 0),
	(1, 5, 1, 1, 'internal', NULL, NULL, '\x97c82c31f6e3d100ee9c2847b83bcfe4b9c1bf0bebb83d636d802c302ec75314', 593, '2026-11-03 08:30:00+00', true, false, 0),
	(1, 2, 1, 23, 'stored', NULL, 5, '\x98140f8d08ee3195893517982d1e31ac1fa34d78259ba722324c24b81e1d120e', 615, '2026-11-27 13:28:33+00', false, false, 0),
	(1, 2, 1, 22, 'stored', NULL, 6, '\x0ec905af1f3d8032b2e0e85d0309659794512f1c892840731c76b1105ad20bb7', 600, '2026-11-27 12:03:33+00', false, false, 0),
	(1, 2, 1, 21, 'stored', NULL, 7, '\xb02698f6a7b46171c9ba49d15effc44def3ebb471c97dad40d7c2b3d2a892cef', 769, '2026-11-18 16:12:00+00', true, false, 0),
	(1, 2, 1, 20, 'indexed', NULL, NULL, '\x40908707dded2ed3c8ec7d1767a12abd664ac7c9e25cdea1cf40f5cb1fa51ff2', 493, '2026-11-06 06:00:00+00', true, false, 0),
	(1, 2, 1, 19, 'internal', NULL, NULL, '\xcac8fac4c3715b6842814bf1f978923bf2f1ccdd4368829ff57110df014dda30', 600, '2026-11-03 09:02:00+00', true, false, 0),
	(1, 2, 1, 18, 'stored', NULL, 8, '\x8d74cac4f63fad242d792f1de748afb69a15cc6a589fe727883888fe29f4d985', 696, '2026-10-30 09:30:00+00', true, false, 0),
	(1, 2, 1, 17, 'stored', NULL, 9, '\x9c81b6f5a5765d67f8d38f4af072ce8f3af23b21838d703e4c3282daf855a00b', 688, '2026-10-30 06:41:00+00', true, false, 0),
	(1, 2, 1, 16, 'stored', NULL, 10, '\xe42258d36777a4e8d1ad14abfc808b40902e826b3176ceb38c2c261552066180', 1454, '2026-10-29 08:00:00+00', true, false, 0),
	(1, 2, 1, 15, 'indexed', NULL, NULL, '\xaf6b52394af3141889749d497bc51ff4d86d7129b0581066d684fdd955ec89af', 521, '2026-10-27 11:00:00+00', true, false, 0),
	(1, 2, 1, 14, 'stored', NULL, 11, '\x29e44adeb213075e237ff98d70b052067fadd6dabbefd1aa86710fe9eec2b243', 1069, '2026-10-26 18:30:00+00', true, false, 0),
	(1, 2, 1, 13, 'stored', NULL, 12, '\x24b7d169370161dff978c8962094d7facffde1579fbff67ea911c7bf1760b8cd', 603, '2026-10-23 10:02:00+00', true, false, 0),
	(1, 2, 1, 12, 'stored', NULL, 13, '\xf8ee1bf4f772fab6f2ab6b83b88a5ec8b4f60a2697ec7d55afd4df9c3f05e2cc', 746, '2026-10-19 05:01:00+00', true, false, 0),
	(1, 2, 1, 11, 'stored', NULL, 14, '\x3caa99a99e7ae10ddaa955860b74de48df41f565d4f45a4c7b4e78fe13a88d75', 739, '2026-10-16 14:29:00+00', true, false, 0),
	(1, 2, 1, 10, 'indexed', NULL, NULL, '\x5969898a4332add78fc4c419cdffc65335882a80a4fd477b3f030abbd083bcf9', 1275, '2026-10-16 14:27:00+00', true, false, 0),
	(1, 2, 1, 9, 'stored', NULL, 15, '\x3271e79f8cd794cc0cb8b0eabbc018c21cd8a5d28ff2b071be36d8ea16119413', 674, '2026-10-13 21:17:00+00', true, false, 0),
	(1, 2, 1, 8, 'stored', NULL, 16, '\x08900e176435b4bb59df5793d72ffdd9abe3f2c0bfc0ae454fc2ceff992ee81b', 808, '2026-10-12 10:31:00+00', true, false, 0),
	(1, 2, 1, 7, 'stored', NULL, 17, '\x7d525ffae0674a68375b8987d586fd9d732478540517793836fdbd9ba30cbcce', 760, '2026-10-09 09:55:00+00', true, false, 0),
	(1, 2, 1, 6, 'skipped', 'delivery_report', NULL, '\x945acd06299e6abe7f659a01e06832992cacee9ac6edb0f3fdfe183fff852749', 991, '2026-10-08 17:31:00+00', true, false, 0),
	(1, 2, 1, 5, 'stored', NULL, 18, '\x87dd1194e5918169de08d315e95a42215a0b87fa6c53d47345354c838c354745', 736, '2026-10-02 08:02:00+00', true, false, 0),
	(1, 2, 1, 4, 'stored', NULL, 19, '\x975a3586c7bcecc4495be3f7b4259783df3cd392c53308d07c957d82e4cd5780', 1027, '2026-09-30 15:05:00+00', true, false, 0),
	(1, 2, 1, 3, 'stored', NULL, 20, '\xe73c96dc306ca80bbdd0f9b0deeafdab083165516c3d9d15f3a07db3b4461475', 790, '2026-09-28 09:12:00+00', true, false, 0),
	(1, 2, 1, 2, 'stored', NULL, 21, '\x2a013139985b06ab3218cf9632ddaeea406440e82a00563cbea81e06a05f76ff', 684, '2026-09-11 09:00:00+00', true, false, 0),
	(1, 2, 1, 1, 'stored', NULL, 22, '\x058815b1262327b93e51ac3f22be8aee8e3d614f87a0066902de26754b5f2f1b', 667, '2026-09-04 11:11:00+00', true, false, 0),
	(1, 1, 1, 19, 'stored', NULL, 23, '\x8ce8e6378ab2175e0a08f2a7e9437a44fb6309090e094c943f839363b674cf1b', 558, '2026-11-26 07:45:00+00', false, false, 0),
	(1, 1, 1, 18, 'stored', NULL, 24, '\x18850fc8ea2290f12760421a382c5c7863cebd145b5afecbd605513e768b10bc', 546, '2026-11-26 03:55:00+00', false, false, 0),
	(1, 1, 1, 17, 'indexed', NULL, NULL, '\x4f4bd470533bc22fb7e0ba7cc67c26e5392da365aff63bd9b01eaa88cb2bce48', 1642, '2026-11-23 15:01:00+00', false, false, 0),
	(1, 1, 1, 16, 'stored', NULL, 25, '\xc9ed2cc003f7f1b717096a9c8b5dad6802063454170052d28d0add5972dab137', 649, '2026-11-20 08:44:00+00', true, false, 0),
	(1, 1, 1, 15, 'stored', NULL, 26, '\x2200ec3546a69020c5e49f44a6dd39f274aa0317a3aec06fe76f72d3118259e7', 606, '2026-11-17 11:05:00+00', true, false, 0),
	(1, 1, 1, 14, 'indexed', NULL, NULL, '\x4eeb114aaea3d08317f077ef326f5875c699febf8c2e4afce38938abb30abcc7', 452, '2026-11-10 17:17:00+00', true, false, 0),
	(1, 1, 1, 13, 'stored', NULL, 27, '\x2685c7ac8ead67d9cd40a15cd49ee564c01039da4df27d601d5d9e5f911c884e', 732, '2026-11-05 09:44:00+00', true, false, 0),
	(1, 1, 1, 12, 'internal', NULL, NULL, '\xfc4fccee3766c33d28de80818436d7bc8e1e46ddf957049b606565438a1e3155', 591, '2026-11-03 08:30:00+00', true, false, 0),
	(1, 1, 1, 11, 'stored', NULL, 28, '\x3e0435805afc898992db7448dbbc22dea545444ee621a7d441dd20f1bc3a366f', 678, '2026-10-30 07:15:00+00', true, false, 0),
	(1, 1, 1, 10, 'stored', NULL, 29, '\x43a376a55fec1ae88227706c57b223da8aa67435e64de8db02436ed35d19292c', 1453, '2026-10-29 08:00:00+00', true, false, 0),
	(1, 1, 1, 9, 'stored', NULL, 30, '\xe3d05aac00258c2147debd262baacb42d6458d94929aacb5a9bb29009f2bfcb5', 537, '2026-10-22 06:30:00+00', true, false, 0),
	(1, 1, 1, 8, 'stored', NULL, 31, '\x6ad153018a5352b7423eff8321440ffcb96aa62c20e076e8b2ef69d63f19e589', 718, '2026-10-19 10:45:00+00', true, false, 0),
	(1, 1, 1, 7, 'stored', NULL, 32, '\x8008a762db57746c3bdbd324bf3047e67f917e2550e668b40904dee47e568089', 745, '2026-10-19 05:01:00+00', true, false, 0),
	(1, 1, 1, 6, 'stored', NULL, 33, '\xc9370832f16e10aa7c9608823998e940532751b9b8c1efc6e7734d4fe1437287', 651, '2026-10-14 04:12:00+00', true, false, 0),
	(1, 1, 1, 5, 'stored', NULL, 34, '\xbcab716c401687b9545b998330710dbdeb2e2128e497cae9c1326dc1da346847', 802, '2026-10-09 13:10:00+00', true, false, 0),
	(1, 1, 1, 4, 'stored', NULL, 35, '\x59bf9200d803f83a142eb39128f191cadbe5ad972aa1fe9df81f6131b65ed7f2', 633, '2026-10-05 16:58:00+00', true, false, 0),
	(1, 1, 1, 3, 'stored', NULL, 36, '\x68a08a1a46a25ea4a5ba243638aa82cb10eeb89e293c38d088980d4589ba196e', 798, '2026-10-01 10:20:00+00', true, false, 0),
	(1, 1, 1, 2, 'stored', NULL, 37, '\xbd79590218f55d4c385bc72e7bbaf23bae7153683392502859633475d71812bb', 613, '2026-09-25 12:12:00+00', true, false, 0),
	(1, 1, 1, 1, 'stored', NULL, 38, '\x16227c17ea67f1ed09a2ce7c2651e85b5b51c2b1144a957c4d4f42fdb1ba5d46', 673, '2026-09-18 17:25:00+00', true, false, 0),
	(1, 8, 2, 2, 'stored', NULL, 39, '\x20cbcfec3dc389fabe88c15d59ef85d9b7c8c52acdf5562ef3a229891c60e67e', 562, '2026-11-11 10:10:00+00', true, false, 0),
	(1, 8, 2, 1, 'stored', NULL, 40, '\x7fcec6bae991649b8e4d80febf8d7950356c1585e40115d4492b8829c680b8be', 485, '2026-11-09 19:30:00+00', true, false, 0);
INSERT INTO public.ledger (account_id, folder_id, uid_validity, uid, disposition, reason, message_id, header_digest, size, internal_date, seen, wanted, tries) VALUES
	(1, 3, 2, 15, 'stored', NULL, 41, '\x1dd27e6df17c9dd796df564268ac403d9ae25a206fc0f108f62b7cbdd80e1585', 482, '2026-11-25 14:40:00+00', true, false, 0),
	(1, 3, 2, 14, 'stored', NULL, 42, '\x14aa6f4ba70b57e0315921501b33e889f911bfa1c27a4acd64a96884b6ba2cd6', 484, '2026-11-24 09:05:00+00', true, false, 0),
	(1, 3, 2, 13, 'internal', NULL, NULL, '\xd503a2c1be3a69e02da6b309d72cee129c65da3265f98c3ea91275fcb697e4b3', 462, '2026-11-03 08:30:00+00', true, false, 0),
	(1, 3, 2, 12, 'stored', NULL, 43, '\x9ea601c7021e3f96b508c9de6eeb7e642b1c2cdf3f1bbd4899c5d6962a91e110', 549, '2026-10-30 07:15:00+00', true, false, 0),
	(1, 3, 2, 11, 'indexed', NULL, NULL, '\x15c84e359bab4f717f625597864137132c97a64c23d938db21ff02348f83800d', 429, '2026-10-27 12:21:00+00', true, false, 0),
	(1, 3, 2, 10, 'stored', NULL, 44, '\xafa80d9a3e2831700d0eb42f0d35495fad9f4987c2da1e6af5b58c1defb19de7', 568, '2026-10-23 12:15:00+00', true, false, 0),
	(1, 3, 2, 9, 'stored', NULL, 45, '\xc94985b082780f370cf55d8f00cfd07864b46af5cbcd1ec58dff0dbc2682560b', 589, '2026-10-19 10:45:00+00', true, false, 0),
	(1, 3, 2, 8, 'stored', NULL, 46, '\xbc4eaa2497706b9b7a9d697b4c340318b7932f11fe06e6289abf3ad8a1f0fdd6', 484, '2026-10-16 14:26:00+00', true, false, 0),
	(1, 3, 2, 7, 'stored', NULL, 47, '\x3ad63b4cd91c68e438b2dbdcfe5890a985b91ed30f64f6dceb9a8ff404393a6d', 438, '2026-10-13 22:03:00+00', true, false, 0),
	(1, 3, 2, 6, 'stored', NULL, 48, '\x2e6ea4fce4259c58c5a0d2434376055363e591557e40561d31f4e909c8d742e2', 715, '2026-10-09 13:10:00+00', true, false, 0),
	(1, 3, 2, 5, 'stored', NULL, 49, '\x99bfde708e3e7fb22d1c3a8c9dffd830f8b086fc8dea4618621eaf3385c306e3', 2107, '2026-10-08 16:48:00+00', true, false, 0),
	(1, 3, 2, 4, 'stored', NULL, 50, '\x57e4d38339939b2889c32307660e75d74d67e623c262ad6ed6c3acceac3abd82', 669, '2026-10-01 10:20:00+00', true, false, 0),
	(1, 3, 2, 3, 'stored', NULL, 51, '\x50709b3e863268c90d500ed5027d62655177f9bb6596312278a20814403ef939', 750, '2026-09-28 11:40:00+00', true, false, 0),
	(1, 3, 2, 2, 'stored', NULL, 52, '\xceedf5bd17e9dd2ff9df622ef8f15b50f2567eda6ba0660b67cbb787d4542e31', 544, '2026-09-18 17:25:00+00', true, false, 0),
	(1, 3, 2, 1, 'stored', NULL, 53, '\xffe59a8b438bf75837d61a5de30c8d9588d99c4d6bba59e3ba92426f96e6b003', 540, '2026-09-04 15:42:00+00', true, false, 0),
	(1, 2, 1, 24, 'stored', NULL, 64, '\x0a3d6f78e0500a17c0ed0c1b57cd739f135d827814d282bea8883ea7a2e35f87', 409, '2026-11-27 14:03:57+00', true, false, 0),
	(1, 4, 2, 11, 'stored', NULL, 54, '\x16b30bffce9013f3c40b15e1f5a24a8d01c14832754d9b7f3709ae0d73e9d610', 398, '2026-11-23 15:00:00+00', true, false, 0),
	(1, 4, 2, 10, 'stored', NULL, 55, '\x9328f951d66de022e1e47226349990ca25d3ff0269f7324fcd97b1f60b6d55d6', 639, '2026-11-18 16:12:00+00', true, false, 0),
	(1, 4, 2, 9, 'stored', NULL, 56, '\x104c554e6df35a1a0e3dd5b42540e1d996e8aebf58426a11d107c4288d64170b', 521, '2026-11-05 10:30:00+00', true, false, 0),
	(1, 4, 2, 8, 'stored', NULL, 57, '\x2821f2cc4db544877b334f0a54e3b9ce83c9c4e0bfc848450d3e158606045e98', 568, '2026-11-04 13:20:00+00', true, false, 0),
	(1, 4, 2, 7, 'internal', NULL, NULL, '\x9c9d8498f47a6a3f1a5fca0abc355b4970357cee1d37296523c7409c9fa65b0f', 470, '2026-11-03 09:02:00+00', true, false, 0),
	(1, 4, 2, 6, 'stored', NULL, 58, '\x84f0764c305fc970940de4f7edc5e6212374ccdd61fc2b368ba8ca8047ac5c8d', 566, '2026-10-30 09:30:00+00', true, false, 0),
	(1, 4, 2, 5, 'stored', NULL, 59, '\xa8c672537033976edf66cd5f8483d0e92a57d8b0f0e1c6d15f4b07054dcf19a3', 470, '2026-10-22 09:12:00+00', true, false, 0),
	(1, 4, 2, 4, 'stored', NULL, 60, '\xf6b40e03aaf39bc60e666f19403a2d1d0a313b7a574d9f219288ed693bb1c248', 539, '2026-10-14 09:30:00+00', true, false, 0),
	(1, 4, 2, 3, 'stored', NULL, 61, '\x10bcf43dd20e5d245f6bdb3cd4246da642392278cbecec1397fc9ea443549140', 527, '2026-10-05 17:20:00+00', true, false, 0),
	(1, 4, 2, 2, 'stored', NULL, 62, '\x43c53509e28f2b877fac5866336a08ed517212593905b7875b834ce89828a82a', 606, '2026-10-02 08:02:00+00', true, false, 0),
	(1, 4, 2, 1, 'stored', NULL, 63, '\x7b839dd024710fc110f6f33501b41bcca22dad866096401e77e1d18c20d37891', 1723, '2026-09-21 10:05:00+00', true, false, 0);

INSERT INTO public.mailbox_leases (account_id, mailbox_id, holder, token, due_at, synced_at) VALUES
	(1, 1, 'KY4A3WMVLMFH2QLVQK67X6ESPV', 1795788222283342, '2026-11-27 14:03:42.276869+00', '2026-11-27 14:04:11.802441+00'),
	(1, 2, 'KY4A3WMVLMFH2QLVQK67X6ESPV', 1795788222335748, '2026-11-27 14:03:42.313955+00', '2026-11-27 14:04:11.802441+00'),
	(1, 3, 'KY4A3WMVLMFH2QLVQK67X6ESPV', 1795788222346590, '2026-11-27 14:03:42.341904+00', '2026-11-27 14:04:11.802441+00');

INSERT INTO public.mailboxes (account_id, id, crm_id, user_id, host, port, tls, username, sealed_auth, window_months, folder_choice, config_epoch, state, problem, problem_since, total, done, last_sync, auth_failures, held_epoch, created_at) OVERRIDING SYSTEM VALUE VALUES
	(1, 3, 'clara', 3, '127.0.0.1', 45979, 'none', 'clara', '\x01900ec20582a259ab02f073ff5791291575a375ada0cb2adcc20b63431fde4ff6b477966365d5c78bda6ab5c094882ebdb712f7ab8800e4ce33', 24, NULL, 2, 'live', NULL, NULL, 8, 8, '2026-11-27 14:03:42.983311+00', 0, NULL, '2026-11-27 14:03:42.341904+00'),
	(1, 2, 'ben', 2, '127.0.0.1', 45979, 'none', 'ben', '\x01900ec2054546457936203810d9393be50702f6ad15d0cfe29bb123bda3bedcfe6475279563c8c7bb6a1a49bec540f0535fb81d179a359f1298', 24, NULL, 2, 'live', NULL, NULL, 30, 30, '2026-11-27 14:03:43.076424+00', 0, NULL, '2026-11-27 14:03:42.313955+00'),
	(1, 1, 'anna', 1, '127.0.0.1', 45979, 'none', 'anna', '\x01900ec2052a2f3f6df3a1d929b557fcd7ddefcdcd7b71d5f93d928e4580a621bfd739f14abe369903dfb6a9504d34c09e4732f4430bbd6851ef', 24, NULL, 2, 'live', NULL, NULL, 38, 38, '2026-11-27 14:03:43.109181+00', 0, NULL, '2026-11-27 14:03:42.276869+00');

INSERT INTO public.message_bodies (account_id, message_id, text, html) VALUES
	(1, 1, 'Dear Priya,

Clara asked me to send you the three ceiling samples you liked in the showroom; they left our warehouse today.

Anna
', ''),
	(1, 2, 'I should love to see it. Monday, 16 November in the morning? I bring our architect.

Priya
', ''),
	(1, 3, 'Dear Clara,

Monsoon Yoga opens three studios in basements. Our members must not notice that they are in a basement. Can light do that?

Priya Raman
', ''),
	(1, 4, 'Dear Clara,

we are looking for somebody to run our store design. I thought of you at once. Confidential, of course.

Li Wen
', ''),
	(1, 5, 'Hello Anna,

our board wants to show the hall to the press. May our photographer use your drone pictures of the finished roof, and whom
shall we name?

Henrik
', ''),
	(1, 6, 'Yes! Please do. Can the ones above the till be a little brighter?

Mira
', ''),
	(1, 7, 'Hello Henrik,

EUR 2,900 a year: one inspection, six spare luminaires on site, somebody there within 24 hours. The first year is half
price, because you were so patient about that panel.

Ben
', ''),
	(1, 8, 'Light is back on at the docks, panels 1 to 7 are labelled, and your electrician has the plan.

Ben
', ''),
	(1, 9, 'Good morning,

aisle A is done and it looks like daylight. The night shift asks whether the docks could come next; they load in the dark
since yesterday because your people switched off the wrong panel. No harm done, but please look.

Henrik
', ''),
	(1, 10, '', '<!doctype html>
<html><head><title>Spring</title>
<style>body{font-family:Georgia,serif;color:#333} .card{border:1px solid #c9bfa5;padding:16px;background:#fbf8ef}</style>
<script>document.body.innerHTML = "You should never read this."</script></head>
<body>
<img src="https://track.olive-oak.example/open?u=anna" width="1" height="1" alt="">
<table width="100%"><tr><td align="center"><h1 style="color:#5b6b3a">Spring at the old harbour</h1></td></tr></table>
<div class="card">
<p>Dear friends,</p>
<p>the almond trees are in bloom, and <b>our lobby gets a new light</b>. Come and see it before everybody else does:
<a href="https://olive-oak.example/spring" onclick="alert(1)">two nights for the price of one</a>.</p>
<p><img src="https://cdn.olive-oak.example/almond.jpg" alt="An almond tree in bloom" width="480"></p>
</div>
<p style="font-size:12px;color:#888">You get this letter because you are a friend of the house.</p>
</body></html>
'),
	(1, 11, 'The bar is 8.4 m, oak, and stands under the old crane beam. We hang the lamps from that beam, if it is up to me.
Budget: about 4,000. Opening: Wednesday, 25 November.', '<p>The bar is <b>8.4&nbsp;m</b>, oak, and stands under the old crane beam. We hang the lamps from that beam, if it is up
to me.</p>
<ul><li>Budget: about 4,000</li><li>Opening: Wednesday, 25 November</li></ul>'),
	(1, 12, 'Hi,

do you do small places too? We are opening Café Aurora in March: 70 m², brick walls, a long bar. It should feel like
late afternoon all day long.

Mira
', ''),
	(1, 13, 'A generous way to begin. Which shop would you take: the one with the low ceiling, or the one with the big window?

Li Wen
', ''),
	(1, 14, 'I am out of the office until Wednesday, 21 October. In urgent cases please call our purchasing desk, extension 40.

Sofia Lindqvist
', ''),
	(1, 15, 'Hi Anna, from my private account, please treat it so: I have been offered the job of managing director at Baltic Ports and
shall probably say yes in the autumn. Nobody here knows yet. Warehouse 3 will be finished before, I promise.

Henrik
', ''),
	(1, 16, 'Hello Anna,

agreed, with our lifts. The order comes by post; our number is PO-55812. Henrik will settle the nights with you.

Sofia
', ''),
	(1, 17, 'Hello Anna,

thank you. Between us: Henrik is convinced, I still have a second offer on the table that is 9 % lower. Can you do
something about the mounting?

Sofia Lindqvist
Purchasing, Harbour Logistics
', ''),
	(1, 18, 'Hello Henrik,

I shall be at gate 2 at ten to six. Could somebody have a lift ready for aisle C? Two people, helmets we bring.

Ben
', ''),
	(1, 19, 'Here is the list. The racks are 11 m high, and we run two shifts, 5:30 to 22:00, six days a week.

Henrik', ''),
	(1, 20, 'Hello Anna,

you lit the cold store of a colleague of mine, and he is very happy with it. We have 6,400 m² in warehouse 3 under old
sodium lamps: half of them flicker, and the electricity bill hurts. Is this something for you? What do you need from us
to make an offer?

Kind regards
Henrik Dahl
Head of Operations, Harbour Logistics
', ''),
	(1, 21, 'Thank you for coming. The owner liked the sample room so much that he slept in it. Please quote for all 84, and for the
lobby separately.

G. P.
', ''),
	(1, 22, 'Dear Ms Berg,

we renovate our house at the old harbour next spring: the lobby and 84 rooms. Our designer wants warm light and switches
that a guest understands without a manual. When could we meet?

George Papadakis
Olive & Oak Hotels
', ''),
	(1, 23, 'Ben, the painters left on time, I can hardly believe it. Your people can start on Monday. The key is with the porter.

George
', ''),
	(1, 24, 'Your invoice names the old address of shop 4. Could you send it again with the new one? Then it is paid tomorrow.

Li Wen
', ''),
	(1, 25, 'Sounds fair. Please send it to Sofia in two copies; I have told her to expect it.

Henrik
', ''),
	(1, 26, 'Hello Ben,

all nine nights done, everybody is happy. You mentioned a service contract: once a year, with a spare parts box on site.
What would that cost?

Henrik
', ''),
	(1, 27, 'Thank you Ben. We paint hulls up to 18 metres. Before we talk money, may I ask you to keep this quiet: my partners do not
know that I am looking for a new hall.

Tomasz
', ''),
	(1, 28, 'I am sorry about the panel. Ben is on his way and will label all of them. The docks come tonight.

Anna
', ''),
	(1, 29, '', '<!doctype html>
<html><head><title>Spring</title>
<style>body{font-family:Georgia,serif;color:#333} .card{border:1px solid #c9bfa5;padding:16px;background:#fbf8ef}</style>
<script>document.body.innerHTML = "You should never read this."</script></head>
<body>
<img src="https://track.olive-oak.example/open?u=anna" width="1" height="1" alt="">
<table width="100%"><tr><td align="center"><h1 style="color:#5b6b3a">Spring at the old harbour</h1></td></tr></table>
<div class="card">
<p>Dear friends,</p>
<p>the almond trees are in bloom, and <b>our lobby gets a new light</b>. Come and see it before everybody else does:
<a href="https://olive-oak.example/spring" onclick="alert(1)">two nights for the price of one</a>.</p>
<p><img src="https://cdn.olive-oak.example/almond.jpg" alt="An almond tree in bloom" width="480"></p>
</div>
<p style="font-size:12px;color:#888">You get this letter because you are a friend of the house.</p>
</body></html>
'),
	(1, 30, 'Sales of the first weekend: plus 14 %. I do not know how much of it is the light, but I want the other five.

Li Wen
', ''),
	(1, 31, 'The low ceiling: if it works there, it works everywhere.

Anna
', ''),
	(1, 32, 'A generous way to begin. Which shop would you take: the one with the low ceiling, or the one with the big window?

Li Wen
', ''),
	(1, 33, 'Dear Ben,

as discussed on the phone: six shops, 120 to 200 m² each, all with the same track lights so that the staff can move
anywhere. 谢谢!

Li Wen 李文
Red Lantern Retail
', ''),
	(1, 34, 'Hello Sofia,

if we may use your own lifts, the mounting comes down to EUR 11,600. That is my last word, and a good one: please compare
the guarantee as well (ours is seven years, on the drivers too).

Best
Anna
', ''),
	(1, 35, 'The bank says yes. Floor 1 in March, the lobby last. Champagne is on us.

George
', ''),
	(1, 36, 'Perfect, thank you. My colleague Ben (in Cc) will bring the instruments; would Wednesday, 7 October at 6:00, before the first
truck, suit you?

Best
Anna
', ''),
	(1, 37, 'Good figures. The bank decides on Monday, 5 October; I call you the same day.

George
', ''),
	(1, 38, 'Dear George,

from next month on I look after warehouses only, and Ben (in Cc) looks after hotels. You lose nothing: he did the Grand
Marina, and he knows your plans as well as I do.

Anna
', ''),
	(1, 54, 'Hello Tomasz,

I am in Gdańsk on Thursday, 26 November. Coffee?

Ben
', ''),
	(1, 55, 'Hello Henrik,

EUR 2,900 a year: one inspection, six spare luminaires on site, somebody there within 24 hours. The first year is half
price, because you were so patient about that panel.

Ben
', ''),
	(1, 56, 'Of course. I have set this lead to "nobody" in our CRM.

Ben
', ''),
	(1, 57, 'Hello Tomasz,

it was good to meet you at your stand. You asked what it takes to light a paint hall without shadows: three rows at 45
degrees, and here is the booklet that proves it: https://northlight.example/paint-halls

Ben
', ''),
	(1, 58, 'Light is back on at the docks, panels 1 to 7 are labelled, and your electrician has the plan.

Ben
', ''),
	(1, 59, 'All of it, of course. Five frames in four weeks, one a week, is what we can do.

Ben
', ''),
	(1, 60, 'Dear Li Wen,

that is 31 m of track and 44 spots a shop. We light the first one for free and you decide then.

Ben
', ''),
	(1, 61, 'Wonderful news. The contract is in the post, and the glasses are on me.

Ben
', ''),
	(1, 62, 'Hello Henrik,

I shall be at gate 2 at ten to six. Could somebody have a lift ready for aisle C? Two people, helmets we bring.

Ben
', ''),
	(1, 63, 'Dear George,

here are the two figures that you asked Anna for. Room by room, so that you can build floor by floor.

Ben', ''),
	(1, 39, 'Dear Priya,

it can: a luminous ceiling that follows the sun, from a cool morning to a red evening. Shall I show you one? It hangs in
our showroom.

Clara
', ''),
	(1, 40, 'I am honoured, and I stay where I am. Thank you for asking me so kindly.

Clara
', '');
INSERT INTO public.message_bodies (account_id, message_id, text, html) VALUES
	(1, 41, 'Dear Priya,

Clara asked me to send you the three ceiling samples you liked in the showroom; they left our warehouse today.

Anna
', ''),
	(1, 42, 'Hi Mira,

nine pendants, 2200 K, dimmed in three groups, hung from your beam: EUR 3,870 including the electrician. I can hold the
lamps for you until the end of the week.

Anna
', ''),
	(1, 43, 'I am sorry about the panel. Ben is on his way and will label all of them. The docks come tonight.

Anna
', ''),
	(1, 44, 'Hi Mira,

late afternoon all day long is my favourite brief of the year. Yes, we do. Could you send me a few photographs and the
plan of the bar?

Anna
', ''),
	(1, 45, 'The low ceiling: if it works there, it works everywhere.

Anna
', ''),
	(1, 46, 'Dear Sofia,

we confirm your order PO-55812. Delivery on Wednesday, 28 October, mounting in nine nights from Friday, 30 October on.

Best
Anna
', ''),
	(1, 47, 'Congratulations! It stays with me.

Anna
', ''),
	(1, 48, 'Hello Sofia,

if we may use your own lifts, the mounting comes down to EUR 11,600. That is my last word, and a good one: please compare
the guarantee as well (ours is seven years, on the drivers too).

Best
Anna
', ''),
	(1, 49, 'Dear Sofia, dear Henrik,

as promised, our quotation for warehouse 3: 130 luminaires with daylight control, mounted during your night break. It pays
for itself in 26 months at today''s price of electricity.

The quotation holds until Thursday, 19 November.

Best
Anna', ''),
	(1, 50, 'Perfect, thank you. My colleague Ben (in Cc) will bring the instruments; would Wednesday, 7 October at 6:00, before the first
truck, suit you?

Best
Anna
', ''),
	(1, 51, 'Hello Henrik,

thank you for writing, and greetings to your colleague. Warehouse 3 is exactly our size. For a first figure I need

  - a list of the lamps you have now (type, watts, how many),
  - the height of the racks,
  - your hours of operation.

A spreadsheet is fine. We then come by for half a day and measure.

Best
Anna
', ''),
	(1, 52, 'Dear George,

from next month on I look after warehouses only, and Ben (in Cc) looks after hotels. You lose nothing: he did the Grand
Marina, and he knows your plans as well as I do.

Anna
', ''),
	(1, 53, 'Dear Mr Papadakis,

one switch at the door, one at the bed, and no manual: that is how we like it too. May I visit you on Thursday, 10 September?

Anna Berg
', ''),
	(1, 64, 'Hello Anna,

the director wants the same light in his office. Could you call me?

Henrik
', '');

INSERT INTO public.messages (account_id, id, author_id, thread_id, identity, sort_key, date, direction, header_id, subject, preview, from_addr, to_addrs, cc_addrs, bcc_addrs, attachments, address_ids, subject_key, subject_reply, size, seen, automatic, stored_at) OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 3, 1, '\x2b4baf5b6c8be13b99cbb0c6686fcdafa33581cdce14666e27930021d35a0f28', 3119779974082191675, '2026-11-25 14:40:00+00', 'inbound', 'yoga-4@northlight.example', 'Samples of the ceiling', 'Dear Priya, Clara asked me to send you the three ceiling samples you liked in the showroom; they left our warehouse today. Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Priya Raman", "address": "priya.raman@monsoon-yoga.example"}]', '[{"name": "Clara Weiss", "address": "clara@northlight.example"}]', '[]', '[]', '{2,11,4}', NULL, false, 613, true, false, '2026-11-27 14:03:42.560945+00'),
	(1, 2, 3, 3, '\x2fcee9a38a79bf8f655ceeb4ef75eadb30fd534ebf20cbca4d2fbb75108322b8', 3444947653597183887, '2026-11-12 07:20:00+00', 'inbound', 'yoga-3@monsoon-yoga.example', 'Re: Three studios, no daylight', 'I should love to see it. Monday, 16 November in the morning? I bring our architect. Priya', '{"name": "Priya Raman", "address": "priya.raman@monsoon-yoga.example"}', '[{"name": "Clara Weiss", "address": "clara@northlight.example"}]', '[]', '[]', '[]', '{11,4}', '\xb9b2f203528c81e9d14faa72debc3032', false, 654, true, false, '2026-11-27 14:03:42.560945+00'),
	(1, 3, 3, 3, '\x1f04812e330f2312c9c7141c055e2b02cf8a7d9a257acdbcf219220e9354ca9a', 2235053350507717394, '2026-11-11 08:51:00+00', 'inbound', 'yoga-1@monsoon-yoga.example', 'Three studios, no daylight', 'Dear Clara, Monsoon Yoga opens three studios in basements. Our members must not notice that they are in a basement. Can light do that? Priya Raman', '{"name": "Priya Raman", "address": "priya.raman@monsoon-yoga.example"}', '[{"name": "Clara Weiss", "address": "clara@northlight.example"}]', '[]', '[]', '[]', '{11,4}', '\xb9b2f203528c81e9d14faa72debc3032', false, 597, true, false, '2026-11-27 14:03:42.560945+00'),
	(1, 4, 3, 4, '\x3f6e2d9b4e4f109ffd4c53657ab381daad42ef7fa541605d93cd73bc0e407ab1', 4570640816884617375, '2026-11-09 05:48:00+00', 'inbound', 'lantern-7@red-lantern.example', 'Would you come and work for us?', 'Dear Clara, we are looking for somebody to run our store design. I thought of you at once. Confidential, of course. Li Wen', '{"name": "Li Wen", "address": "li.wen@red-lantern.example"}', '[{"name": "Clara Weiss", "address": "clara@northlight.example"}]', '[]', '[]', '[]', '{8,4}', '\x236f3c98ce1023bd5807080585e1bf4a', false, 569, true, false, '2026-11-27 14:03:42.560945+00'),
	(1, 5, 1, 6, '\x1297ae6f2a385b7515c54829b7e1ba064f6da89b5bf88e72a6923d99f84f3fc3', 1339731206638951285, '2026-11-27 13:28:33+00', 'inbound', 'photo-1@harbour-logistics.example', 'Photographs of warehouse 3', 'Hello Anna, our board wants to show the hall to the press. May our photographer use your drone pictures of the finished roof, and whom shall we name? Henrik', '{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '[]', '{6,2}', '\xaddf8d327230bc20dd47d26f965141c6', false, 615, false, false, '2026-11-27 14:03:42.565544+00'),
	(1, 6, 1, 7, '\x265c515eaa7b24d0f6c29241d1f96748e0ed8a77ce43a44d3f42f10055e09e77', 2764173738327614672, '2026-11-27 12:03:33+00', 'inbound', 'aurora-5@cafe-aurora.example', 'Re: Nine lamps on a crane beam', 'Yes! Please do. Can the ones above the till be a little brighter? Mira', '{"name": "Mira Solano", "address": "mira@cafe-aurora.example"}', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '[]', '{9,2}', '\x357e84e3cccc8d8780c575b1ee424b8d', false, 600, false, false, '2026-11-27 14:03:42.565544+00'),
	(1, 7, 1, 8, '\x1e0db9325bbb5f505dab5ba1c096f08dedbe71535789a8f3e158e2d88ba126a8', 2165590621773586256, '2026-11-18 16:12:00+00', 'inbound', 'svc-2@northlight.example', 'Re: Service contract', 'Hello Henrik, EUR 2,900 a year: one inspection, six spare luminaires on site, somebody there within 24 hours. The first year is half price, because you were so patient about that panel. Ben', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}]', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '{3,6,2}', NULL, false, 769, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 8, 1, 11, '\xd87b97755963019a6f2d88b1ffdc2e75396ea886dbdee81dde7b2bc8e38d0e95', -2847515809115078246, '2026-10-30 09:30:00+00', 'inbound', 'night-3@northlight.example', 'Re: First night', 'Light is back on at the docks, panels 1 to 7 are labelled, and your electrician has the plan. Ben', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}]', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '{3,6,2}', NULL, false, 696, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 9, 1, 11, '\xb9dfd62d38aabdf96428c0319ee2181dd9b1546fc847ff37be420320dfe7b661', -5053084767173820935, '2026-10-30 06:41:00+00', 'inbound', 'night-1@harbour-logistics.example', 'First night', 'Good morning, aisle A is done and it looks like daylight. The night shift asks whether the docks could come next; they load in the dark since yesterday because your people switched off the wrong panel', '{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}', '[{"name": "Anna Berg", "address": "anna.berg@northlight.example"}]', '[]', '[]', '[]', '{6,1}', '\x2e1ea474ae1bbafef8530b7c8a83964f', false, 688, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 10, 1, 12, '\x7f24fc466a1bdcb322c29f5ffb145f6d4fe85d6f81601daae24efa61bbb346fc', 9161724921336552627, '2026-10-29 08:00:00+00', 'inbound', 'news-1@olive-oak.example', 'Spring at the old harbour', 'Spring at the old harbour Dear friends, the almond trees are in bloom, and our lobby gets a new light. Come and see it before everybody else does: two nights for the price of one. You get this letter ', '{"name": "Olive & Oak Hotels", "address": "newsletter@olive-oak.example"}', '[{"name": "Friends of the house", "address": "friends@olive-oak.example"}]', '[]', '[]', '[]', '{10,14}', '\xd203bc4cc0991c8d5e1532a526cf7787', false, 1454, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 11, 1, 14, '\x3551ae8f3e0a35977847f81a46bb1abe255bfbd4693fbf3e6278500f4dadcc83', 3842043887368156567, '2026-10-26 18:30:00+00', 'inbound', 'aurora-3@cafe-aurora.example', 'Re: Light for a small café?', 'The bar is 8.4 m, oak, and stands under the old crane beam. We hang the lamps from that beam, if it is up to me. Budget: about 4,000. Opening: Wednesday, 25 November.', '{"name": "Mira Solano", "address": "mira@cafe-aurora.example"}', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '[]', '{9,2}', '\x1a068d5e787a3bed9dc3bb21136eece9', false, 1069, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 12, 1, 14, '\x4ac44d813919671590cc756baf774911b14acd70640b2bcd27c0e53513b3e414', 5387516271646041877, '2026-10-23 10:02:00+00', 'inbound', 'aurora-1@cafe-aurora.example', 'Light for a small café?', 'Hi, do you do small places too? We are opening Café Aurora in March: 70 m², brick walls, a long bar. It should feel like late afternoon all day long. Mira', '{"name": "Mira Solano", "address": "mira@cafe-aurora.example"}', '[{"name": "", "address": "anna@northlight.example"}]', '[]', '[]', '[]', '{9,2}', '\x1a068d5e787a3bed9dc3bb21136eece9', false, 603, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 13, 1, 15, '\x968d47be9f608459c1806fbdcc1a4337e1d8055ed38a303597bb80db716e6129', -7598338112260897703, '2026-10-19 05:01:00+00', 'inbound', 'lantern-3@red-lantern.example', 'Re: Six shops / 六家店', 'A generous way to begin. Which shop would you take: the one with the low ceiling, or the one with the big window? Li Wen', '{"name": "Li Wen", "address": "li.wen@red-lantern.example"}', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '{8,3,2}', NULL, false, 746, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 40, 3, 4, '\x161f186223fd975ccc26a262a5362b4432a15edb1c5c5270ecdb57ad0234dca5', 1594019602902128476, '2026-11-09 19:30:00+00', 'outbound', 'lantern-8@northlight.example', 'Re: Would you come and work for us?', 'I am honoured, and I stay where I am. Thank you for asking me so kindly. Clara', '{"name": "Clara Weiss", "address": "clara@northlight.example"}', '[{"name": "Li Wen", "address": "li.wen@red-lantern.example"}]', '[]', '[]', '[]', '{4,8}', '\x236f3c98ce1023bd5807080585e1bf4a', false, 485, true, false, '2026-11-27 14:03:42.865929+00'),
	(1, 15, 1, 18, '\x1d61d3df9639a71d4c011123f235a31268871257764bf682a85fd6f29e6bbd50', 2117206257092372253, '2026-10-13 21:17:00+00', 'inbound', 'private-1@dahl-family.example', 'before it is official', 'Hi Anna, from my private account, please treat it so: I have been offered the job of managing director at Baltic Ports and shall probably say yes in the autumn. Nobody here knows yet. Warehouse 3 will', '{"name": "Henrik Dahl", "address": "henrik@dahl-family.example"}', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '[]', '{7,2}', '\x187fe7d5f96e2359c5035d8da1300c76', false, 674, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 16, 1, 19, '\x2fdaf9ce3083db7767fcd43513618aa1ecb7b2040c398ef1d548847f06ad99f5', 3448343128678062967, '2026-10-12 10:31:00+00', 'inbound', 'q2291-4@harbour-logistics.example', 'Re: Quotation 2291: warehouse 3', 'Hello Anna, agreed, with our lifts. The order comes by post; our number is PO-55812. Henrik will settle the nights with you. Sofia', '{"name": "Sofia Lindqvist", "address": "sofia.lindqvist@harbour-logistics.example"}', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}]', '[]', '[]', '{12,2,6}', NULL, false, 808, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 17, 1, 19, '\x1c25109a07e0f1bd1d7cfdb12bf0d9411a8e2ad9e0f38ae266bbb4fd90d46f5a', 2028045460943466941, '2026-10-09 09:55:00+00', 'inbound', 'q2291-2@harbour-logistics.example', 'Re: Quotation 2291: warehouse 3', 'Hello Anna, thank you. Between us: Henrik is convinced, I still have a second offer on the table that is 9 % lower. Can you do something about the mounting? Sofia Lindqvist Purchasing, Harbour Logisti', '{"name": "Sofia Lindqvist", "address": "sofia.lindqvist@harbour-logistics.example"}', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '[]', '{12,2}', '\x66d819aff95abbb2b56597d669919c66', false, 760, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 18, 1, 20, '\x0115de5c1eba937a3c626006520644a216f4fbab0d9518fcb0e364ce667af463', 78213055782753146, '2026-10-02 08:02:00+00', 'inbound', 'wh3-5@northlight.example', 'Re: Lighting for warehouse 3', 'Hello Henrik, I shall be at gate 2 at ten to six. Could somebody have a lift ready for aisle C? Two people, helmets we bring. Ben', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}]', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '{3,6,2}', NULL, false, 736, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 19, 1, 20, '\x437a5a4dfc26e3e3f295e7a3c53bcfb83b5091b83e12e544de877a3eb2f54eee', 4862298038689260515, '2026-09-30 15:05:00+00', 'inbound', 'wh3-3@harbour-logistics.example', 'Re: Lighting for warehouse 3', 'Here is the list. The racks are 11 m high, and we run two shifts, 5:30 to 22:00, six days a week. Henrik', '{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '[{"n": 1, "name": "warehouse-3-lamps.csv", "size": 158, "type": "text/csv"}]', '{6,2}', '\xa98a65762dc2a049959710926167672b', false, 1027, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 20, 1, 20, '\xd5a1ab1414c3edf1ae25ef03616c2f561aa8836f42466c5e0731d4e88136192f', -3052970969644405263, '2026-09-28 09:12:00+00', 'inbound', 'wh3-1@harbour-logistics.example', 'Lighting for warehouse 3', 'Hello Anna, you lit the cold store of a colleague of mine, and he is very happy with it. We have 6,400 m² in warehouse 3 under old sodium lamps: half of them flicker, and the electricity bill hurts. I', '{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '[]', '{6,2}', '\xa98a65762dc2a049959710926167672b', false, 790, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 21, 1, 21, '\xb6d869c0fc848e57ee97b539573ec8d1c4636c5450d5eeb8a6733afe58c5ca7e', -5271347086245982633, '2026-09-11 09:00:00+00', 'inbound', 'oak-3@olive-oak.example', 'Re: Lobby and 84 rooms', 'Thank you for coming. The owner liked the sample room so much that he slept in it. Please quote for all 84, and for the lobby separately. G. P.', '{"name": "George Papadakis", "address": "george@olive-oak.example"}', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '[]', '{5,2}', '\x70c10baf64da8e6f6b2234eb1cec22e3', false, 684, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 22, 1, 21, '\x048ebc36c2e83d4b5bc4e44391a599e63f74e430e35498a0df98e96f74c2ef8d', 328406766228880715, '2026-09-04 11:11:00+00', 'inbound', 'oak-1@olive-oak.example', 'Lobby and 84 rooms', 'Dear Ms Berg, we renovate our house at the old harbour next spring: the lobby and 84 rooms. Our designer wants warm light and switches that a guest understands without a manual. When could we meet? Ge', '{"name": "George Papadakis", "address": "george@olive-oak.example"}', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '[]', '{5,2}', '\x70c10baf64da8e6f6b2234eb1cec22e3', false, 667, true, false, '2026-11-27 14:03:42.565544+00'),
	(1, 23, 2, 22, '\x218575bd83381eb49ba9aadbd9b202d4c15ef2d8829195de95b22f053062cd7f', 2415466231964901044, '2026-11-26 07:45:00+00', 'inbound', 'oak-9@olive-oak.example', 'Floor 1 is ready for you', 'Ben, the painters left on time, I can hardly believe it. Your people can start on Monday. The key is with the porter. George', '{"name": "George Papadakis", "address": "george@olive-oak.example"}', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '[]', '{5,3}', '\x10aac3ef8cfb0c2fc086c13375f23704', false, 558, false, false, '2026-11-27 14:03:42.571815+00'),
	(1, 24, 2, 23, '\x48c4437d4cff8f3df4906e607b47969544e0cc52b43c23f8202b6d0e8a74fdf5', 5243390071607889725, '2026-11-26 03:55:00+00', 'inbound', 'lantern-9@red-lantern.example', 'Invoice for shop 4', 'Your invoice names the old address of shop 4. Could you send it again with the new one? Then it is paid tomorrow. Li Wen', '{"name": "Li Wen", "address": "li.wen@red-lantern.example"}', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '[]', '{8,3}', '\x3895700f8c4193cc1f3a214d82ef9790', false, 546, false, false, '2026-11-27 14:03:42.571815+00'),
	(1, 25, 2, 25, '\x9db725002c171ca835f464ebce5d9ac6c323b3cfa6d371f1c5142b03fa2ee1db', -7082151206346875736, '2026-11-20 08:44:00+00', 'inbound', 'svc-3@harbour-logistics.example', 'Re: Service contract', 'Sounds fair. Please send it to Sofia in two copies; I have told her to expect it. Henrik', '{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '[]', '{6,3}', '\x35f82cec137b33a5444dafde7af5d823', false, 649, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 26, 2, 25, '\x5d600f689aaaf4ad9f0bcad7c286726e1c4a0d2fa8d9d3028cbfb774fcfc2a42', 6728394785237431469, '2026-11-17 11:05:00+00', 'inbound', 'svc-1@harbour-logistics.example', 'Service contract', 'Hello Ben, all nine nights done, everybody is happy. You mentioned a service contract: once a year, with a spare parts box on site. What would that cost? Henrik', '{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '[]', '{6,3}', '\x35f82cec137b33a5444dafde7af5d823', false, 606, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 27, 2, 27, '\xa4c0c2c5fd4cb1b4b95c2b186e4f6add9c72db39f82e04089408d4a95f3678b4', -6575041300346916428, '2026-11-05 09:44:00+00', 'inbound', 'boats-2@baltic-boats.example', 'Re: Boat show in Gdańsk', 'Thank you Ben. We paint hulls up to 18 metres. Before we talk money, may I ask you to keep this quiet: my partners do not know that I am looking for a new hall. Tomasz', '{"name": "Tomasz Zieliński", "address": "tomasz@baltic-boats.example"}', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '[]', '{13,3}', '\x28217442006fa56d77aec0d55f96424c', false, 732, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 28, 2, 29, '\xef9c399a9b3ef34d97d22805d3cef765140e292557cf2c349c556ff92c4af0e1', -1181005666085571763, '2026-10-30 07:15:00+00', 'inbound', 'night-2@northlight.example', 'Re: First night', 'I am sorry about the panel. Ben is on his way and will label all of them. The docks come tonight. Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}]', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '{2,6,3}', NULL, false, 678, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 29, 2, 30, '\x7f24fc466a1bdcb322c29f5ffb145f6d4fe85d6f81601daae24efa61bbb346fc', 9161724921336552627, '2026-10-29 08:00:00+00', 'inbound', 'news-1@olive-oak.example', 'Spring at the old harbour', 'Spring at the old harbour Dear friends, the almond trees are in bloom, and our lobby gets a new light. Come and see it before everybody else does: two nights for the price of one. You get this letter ', '{"name": "Olive & Oak Hotels", "address": "newsletter@olive-oak.example"}', '[{"name": "Friends of the house", "address": "friends@olive-oak.example"}]', '[]', '[]', '[]', '{10,14}', '\xd203bc4cc0991c8d5e1532a526cf7787', false, 1453, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 30, 2, 31, '\x7fa53a390e357fd887b56f0b690ae6c6b83fe99b91f0af34a66a0a147e51fa36', 9197821830700040152, '2026-10-22 06:30:00+00', 'inbound', 'lantern-5@red-lantern.example', 'Shop 1 is open', 'Sales of the first weekend: plus 14 %. I do not know how much of it is the light, but I want the other five. Li Wen', '{"name": "Li Wen", "address": "li.wen@red-lantern.example"}', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '[]', '{8,3}', '\xa90901bbd31d174d7758af45294a4fa0', false, 537, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 31, 2, 32, '\xcd1ddcafbaf898e2f505146140069161f14e2aff9923d5665f2cdb09736f0dd3', -3666531874295473950, '2026-10-19 10:45:00+00', 'inbound', 'lantern-4@northlight.example', 'Re: Six shops / 六家店', 'The low ceiling: if it works there, it works everywhere. Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Li Wen", "address": "li.wen@red-lantern.example"}]', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '{2,8,3}', NULL, false, 718, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 32, 2, 32, '\x968d47be9f608459c1806fbdcc1a4337e1d8055ed38a303597bb80db716e6129', -7598338112260897703, '2026-10-19 05:01:00+00', 'inbound', 'lantern-3@red-lantern.example', 'Re: Six shops / 六家店', 'A generous way to begin. Which shop would you take: the one with the low ceiling, or the one with the big window? Li Wen', '{"name": "Li Wen", "address": "li.wen@red-lantern.example"}', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '{8,3,2}', NULL, false, 745, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 33, 2, 32, '\x241d10b135b2097a00444551962d77d8cbbabca5ac894aba68f81d095314324c', 2602254512986130810, '2026-10-14 04:12:00+00', 'inbound', 'lantern-1@red-lantern.example', 'Six shops / 六家店', 'Dear Ben, as discussed on the phone: six shops, 120 to 200 m² each, all with the same track lights so that the staff can move anywhere. 谢谢! Li Wen 李文 Red Lantern Retail', '{"name": "李文 Li Wen", "address": "li.wen@red-lantern.example"}', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '[]', '{8,3}', '\x81933332d1751dc36ccf7ba3b5ca7818', false, 651, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 34, 2, 33, '\xe9251f253b34ee94af30b302b95e1caf14cd8ab8f630fb11848d8d85c3689bb3', -1646875843966472556, '2026-10-09 13:10:00+00', 'inbound', 'q2291-3@northlight.example', 'Re: Quotation 2291: warehouse 3', 'Hello Sofia, if we may use your own lifts, the mounting comes down to EUR 11,600. That is my last word, and a good one: please compare the guarantee as well (ours is seven years, on the drivers too). ', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Sofia Lindqvist", "address": "sofia.lindqvist@harbour-logistics.example"}]', '[]', '[]', '[]', '{2,12}', '\x66d819aff95abbb2b56597d669919c66', false, 802, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 35, 2, 34, '\xe30f0b889058a4eaccbf2b8affdad6f63437a07ab257f272766dbe858bdc191e', -2085435421284064022, '2026-10-05 16:58:00+00', 'inbound', 'oak-7@olive-oak.example', 'Re: Quotation 2304: lobby and 84 rooms', 'The bank says yes. Floor 1 in March, the lobby last. Champagne is on us. George', '{"name": "George Papadakis", "address": "george@olive-oak.example"}', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '[]', '{5,3}', '\x2c8d335bd1e33df0f7ff22f47a9dd6e1', false, 633, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 36, 2, 35, '\x6f150261ff07432bc250a3fbf0a524d9513b38f2f0512976f9e9847892b2f31f', 8004306532634673963, '2026-10-01 10:20:00+00', 'inbound', 'wh3-4@northlight.example', 'Re: Lighting for warehouse 3', 'Perfect, thank you. My colleague Ben (in Cc) will bring the instruments; would Wednesday, 7 October at 6:00, before the first truck, suit you? Best Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}]', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '{2,6,3}', NULL, false, 798, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 37, 2, 34, '\xffb0f689fd06964d9a62d193b909e21abbe87f3d4653e43812a12871e78b1443', -22246925620832691, '2026-09-25 12:12:00+00', 'inbound', 'oak-6@olive-oak.example', 'Re: Quotation 2304: lobby and 84 rooms', 'Good figures. The bank decides on Monday, 5 October; I call you the same day. George', '{"name": "George Papadakis", "address": "george@olive-oak.example"}', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '[]', '{5,3}', '\x2c8d335bd1e33df0f7ff22f47a9dd6e1', false, 613, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 38, 2, 36, '\x37cc1291556bf536cadf87777b8f014653ae82c2d62670aa201a2b29db483184', 4020608982747706678, '2026-09-18 17:25:00+00', 'inbound', 'oak-4@northlight.example', 'Your new man at Northlight: Ben', 'Dear George, from next month on I look after warehouses only, and Ben (in Cc) looks after hotels. You lose nothing: he did the Grand Marina, and he knows your plans as well as I do. Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "George Papadakis", "address": "george@olive-oak.example"}]', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '{2,5,3}', NULL, false, 673, true, false, '2026-11-27 14:03:42.571815+00'),
	(1, 54, 2, 39, '\xda2e01a4b776fef064da9bb9008a278a949e4a46c6844dbdf3fb9a4175e59bcc', -2725238917548278032, '2026-11-23 15:00:00+00', 'outbound', 'boats-4@northlight.example', 'New hall: shall we talk?', 'Hello Tomasz, I am in Gdańsk on Thursday, 26 November. Coffee? Ben', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "Tomasz Zieliński", "address": "tomasz@baltic-boats.example"}]', '[]', '[]', '[]', '{3,13}', '\xd60c368798aa92484b52c9a5f6782510', false, 398, true, false, '2026-11-27 14:03:42.958883+00'),
	(1, 14, 1, 16, '\x4ed437277d9c5e1e245e533d7ab819b77bfd6d3cd02d0dd6bad8ff27a55f56d2', 5680225672771690014, '2026-10-16 14:29:00+00', 'inbound', 'ooo-1@harbour-logistics.example', 'Automatic reply: Order PO-55812: confirmation and dates', 'I am out of the office until Wednesday, 21 October. In urgent cases please call our purchasing desk, extension 40. Sofia Lindqvist', '{"name": "Sofia Lindqvist", "address": "sofia.lindqvist@harbour-logistics.example"}', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '[]', '{12,2}', '\x05b1e78ffeae6a0ace3bd0475cea705f', false, 739, true, true, '2026-11-27 14:03:42.565544+00'),
	(1, 53, 1, 21, '\xedeaa5db617b424c9ec5088018d27dbea142880a581910a1343011dcf80da3d3', -1303046780518448564, '2026-09-04 15:42:00+00', 'outbound', 'oak-2@northlight.example', 'Re: Lobby and 84 rooms', 'Dear Mr Papadakis, one switch at the door, one at the bed, and no manual: that is how we like it too. May I visit you on Thursday, 10 September? Anna Berg', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "George Papadakis", "address": "george@olive-oak.example"}]', '[]', '[]', '[]', '{2,5}', '\x70c10baf64da8e6f6b2234eb1cec22e3', false, 540, true, false, '2026-11-27 14:03:42.901489+00'),
	(1, 41, 1, 37, '\x2b4baf5b6c8be13b99cbb0c6686fcdafa33581cdce14666e27930021d35a0f28', 3119779974082191675, '2026-11-25 14:40:00+00', 'outbound', 'yoga-4@northlight.example', 'Samples of the ceiling', 'Dear Priya, Clara asked me to send you the three ceiling samples you liked in the showroom; they left our warehouse today. Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Priya Raman", "address": "priya.raman@monsoon-yoga.example"}]', '[{"name": "Clara Weiss", "address": "clara@northlight.example"}]', '[]', '[]', '{2,11,4}', NULL, false, 482, true, false, '2026-11-27 14:03:42.901489+00'),
	(1, 42, 1, 7, '\xed5c956ad1765472f19a35f6528d5f4e848c35c1d624e79ad232e4a139e0e753', -1343034302849985422, '2026-11-24 09:05:00+00', 'outbound', 'aurora-4@northlight.example', 'Nine lamps on a crane beam', 'Hi Mira, nine pendants, 2200 K, dimmed in three groups, hung from your beam: EUR 3,870 including the electrician. I can hold the lamps for you until the end of the week. Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Mira Solano", "address": "mira@cafe-aurora.example"}]', '[]', '[]', '[]', '{2,9}', '\x357e84e3cccc8d8780c575b1ee424b8d', false, 484, true, false, '2026-11-27 14:03:42.901489+00'),
	(1, 43, 1, 11, '\xef9c399a9b3ef34d97d22805d3cef765140e292557cf2c349c556ff92c4af0e1', -1181005666085571763, '2026-10-30 07:15:00+00', 'outbound', 'night-2@northlight.example', 'Re: First night', 'I am sorry about the panel. Ben is on his way and will label all of them. The docks come tonight. Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}]', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '{2,6,3}', NULL, false, 549, true, false, '2026-11-27 14:03:42.901489+00'),
	(1, 44, 1, 14, '\x67046a4dd31564433eed24349df4553cae8add637e9725ce31c3e2229ff907c0', 7423174968299840579, '2026-10-23 12:15:00+00', 'outbound', 'aurora-2@northlight.example', 'Re: Light for a small café?', 'Hi Mira, late afternoon all day long is my favourite brief of the year. Yes, we do. Could you send me a few photographs and the plan of the bar? Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Mira Solano", "address": "mira@cafe-aurora.example"}]', '[]', '[]', '[]', '{2,9}', '\x1a068d5e787a3bed9dc3bb21136eece9', false, 568, true, false, '2026-11-27 14:03:42.901489+00'),
	(1, 45, 1, 15, '\xcd1ddcafbaf898e2f505146140069161f14e2aff9923d5665f2cdb09736f0dd3', -3666531874295473950, '2026-10-19 10:45:00+00', 'outbound', 'lantern-4@northlight.example', 'Re: Six shops / 六家店', 'The low ceiling: if it works there, it works everywhere. Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Li Wen", "address": "li.wen@red-lantern.example"}]', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '{2,8,3}', NULL, false, 589, true, false, '2026-11-27 14:03:42.901489+00'),
	(1, 46, 1, 16, '\x986c8fb3d813cc27455c399c2d6265678e9fed1a674df1c43508a591c5fa9cf8', -7463432479872660441, '2026-10-16 14:26:00+00', 'outbound', 'po55812-1@northlight.example', 'Order PO-55812: confirmation and dates', 'Dear Sofia, we confirm your order PO-55812. Delivery on Wednesday, 28 October, mounting in nine nights from Friday, 30 October on. Best Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Sofia Lindqvist", "address": "sofia.lindqvist@harbour-logistics.example"}]', '[]', '[]', '[]', '{2,12}', '\x4d743ab478e00da474c379bd7abe4e27', false, 484, true, false, '2026-11-27 14:03:42.901489+00'),
	(1, 47, 1, 18, '\xd1bdce9e6fc96eb7c77c5450b33544b5eb0b71b430d802d35444859547dbde99', -3333280969308672329, '2026-10-13 22:03:00+00', 'outbound', 'private-2@northlight.example', 'Re: before it is official', 'Congratulations! It stays with me. Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik@dahl-family.example"}]', '[]', '[]', '[]', '{2,7}', '\x187fe7d5f96e2359c5035d8da1300c76', false, 438, true, false, '2026-11-27 14:03:42.901489+00'),
	(1, 48, 1, 19, '\xe9251f253b34ee94af30b302b95e1caf14cd8ab8f630fb11848d8d85c3689bb3', -1646875843966472556, '2026-10-09 13:10:00+00', 'outbound', 'q2291-3@northlight.example', 'Re: Quotation 2291: warehouse 3', 'Hello Sofia, if we may use your own lifts, the mounting comes down to EUR 11,600. That is my last word, and a good one: please compare the guarantee as well (ours is seven years, on the drivers too). ', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Sofia Lindqvist", "address": "sofia.lindqvist@harbour-logistics.example"}]', '[]', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '{2,12,3}', '\x66d819aff95abbb2b56597d669919c66', false, 715, true, false, '2026-11-27 14:03:42.901489+00'),
	(1, 49, 1, 19, '\xa0a00bee31aab5946f01f2c5bcf5b3af499ea6e7175c5d13cec52425dc163ad7', -6872479913703983724, '2026-10-08 16:48:00+00', 'outbound', 'q2291-1@northlight.example', 'Quotation 2291: warehouse 3', 'Dear Sofia, dear Henrik, as promised, our quotation for warehouse 3: 130 luminaires with daylight control, mounted during your night break. It pays for itself in 26 months at today''s price of electric', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}, {"name": "Sofia Lindqvist", "address": "sofia.lindqvist@harbour-logistics.example"}]', '[]', '[]', '[{"n": 1, "name": "Quotation-2291.pdf", "size": 856, "type": "application/pdf"}]', '{2,6,12}', NULL, false, 2107, true, false, '2026-11-27 14:03:42.901489+00');
INSERT INTO public.messages (account_id, id, author_id, thread_id, identity, sort_key, date, direction, header_id, subject, preview, from_addr, to_addrs, cc_addrs, bcc_addrs, attachments, address_ids, subject_key, subject_reply, size, seen, automatic, stored_at) OVERRIDING SYSTEM VALUE VALUES
	(1, 50, 1, 20, '\x6f150261ff07432bc250a3fbf0a524d9513b38f2f0512976f9e9847892b2f31f', 8004306532634673963, '2026-10-01 10:20:00+00', 'outbound', 'wh3-4@northlight.example', 'Re: Lighting for warehouse 3', 'Perfect, thank you. My colleague Ben (in Cc) will bring the instruments; would Wednesday, 7 October at 6:00, before the first truck, suit you? Best Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}]', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '{2,6,3}', NULL, false, 669, true, false, '2026-11-27 14:03:42.901489+00'),
	(1, 51, 1, 20, '\xfdd6057349d889934b2e1faeb4ee66971c6b301251c65d660031a3d04a49980a', -155931144379397741, '2026-09-28 11:40:00+00', 'outbound', 'wh3-2@northlight.example', 'Re: Lighting for warehouse 3', 'Hello Henrik, thank you for writing, and greetings to your colleague. Warehouse 3 is exactly our size. For a first figure I need - a list of the lamps you have now (type, watts, how many), - the heigh', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}]', '[]', '[]', '[]', '{2,6}', '\xa98a65762dc2a049959710926167672b', false, 750, true, false, '2026-11-27 14:03:42.901489+00'),
	(1, 52, 1, 38, '\x37cc1291556bf536cadf87777b8f014653ae82c2d62670aa201a2b29db483184', 4020608982747706678, '2026-09-18 17:25:00+00', 'outbound', 'oak-4@northlight.example', 'Your new man at Northlight: Ben', 'Dear George, from next month on I look after warehouses only, and Ben (in Cc) looks after hotels. You lose nothing: he did the Grand Marina, and he knows your plans as well as I do. Anna', '{"name": "Anna Berg", "address": "anna@northlight.example"}', '[{"name": "George Papadakis", "address": "george@olive-oak.example"}]', '[{"name": "Ben Okafor", "address": "ben@northlight.example"}]', '[]', '[]', '{2,5,3}', NULL, false, 544, true, false, '2026-11-27 14:03:42.901489+00'),
	(1, 39, 3, 3, '\x697514bd419652b2d1c990bf0c1773fec4610f13b486a760f5f60ffa91147c64', 7599002749339325106, '2026-11-11 10:10:00+00', 'outbound', 'yoga-2@northlight.example', 'Re: Three studios, no daylight', 'Dear Priya, it can: a luminous ceiling that follows the sun, from a cool morning to a red evening. Shall I show you one? It hangs in our showroom. Clara', '{"name": "Clara Weiss", "address": "clara@northlight.example"}', '[{"name": "Priya Raman", "address": "priya.raman@monsoon-yoga.example"}]', '[]', '[]', '[]', '{4,11}', '\xb9b2f203528c81e9d14faa72debc3032', false, 562, true, false, '2026-11-27 14:03:42.865929+00'),
	(1, 64, 1, 40, '\x2a6088dbd658eba39736305e920e7f983bdb27e9fb3e656db05190df4eefb819', 3053591025132563363, '2026-11-27 14:03:43+00', 'inbound', 'new-1795788223@harbour-logistics.example', 'One more thing', 'Hello Anna, the director wants the same light in his office. Could you call me? Henrik', '{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '[]', '{6,2}', '\x656b24fa29bf6930d28c301e3ac4a1dd', false, 409, true, false, '2026-11-27 14:03:57.637936+00'),
	(1, 55, 2, 25, '\x1e0db9325bbb5f505dab5ba1c096f08dedbe71535789a8f3e158e2d88ba126a8', 2165590621773586256, '2026-11-18 16:12:00+00', 'outbound', 'svc-2@northlight.example', 'Re: Service contract', 'Hello Henrik, EUR 2,900 a year: one inspection, six spare luminaires on site, somebody there within 24 hours. The first year is half price, because you were so patient about that panel. Ben', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}]', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '{3,6,2}', NULL, false, 639, true, false, '2026-11-27 14:03:42.958883+00'),
	(1, 56, 2, 27, '\xdcf297ee06673bfeeff9111d39e87fdf70e3bc94022e0a306109f0d63a721fd4', -2525789392435987458, '2026-11-05 10:30:00+00', 'outbound', 'boats-3@northlight.example', 'Re: Boat show in Gdańsk', 'Of course. I have set this lead to "nobody" in our CRM. Ben', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "Tomasz Zieliński", "address": "tomasz@baltic-boats.example"}]', '[]', '[]', '[]', '{3,13}', '\x28217442006fa56d77aec0d55f96424c', false, 521, true, false, '2026-11-27 14:03:42.958883+00'),
	(1, 57, 2, 27, '\x31026e08945579cb4a817b1051fb32cdbfdeb9401315dda24bd6b8041c2bfb00', 3531506040939313611, '2026-11-04 13:20:00+00', 'outbound', 'boats-1@northlight.example', 'Boat show in Gdańsk', 'Hello Tomasz, it was good to meet you at your stand. You asked what it takes to light a paint hall without shadows: three rows at 45 degrees, and here is the booklet that proves it: https://northlight', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "Tomasz Zieliński", "address": "tomasz@baltic-boats.example"}]', '[]', '[]', '[]', '{3,13}', '\x28217442006fa56d77aec0d55f96424c', false, 568, true, false, '2026-11-27 14:03:42.958883+00'),
	(1, 58, 2, 29, '\xd87b97755963019a6f2d88b1ffdc2e75396ea886dbdee81dde7b2bc8e38d0e95', -2847515809115078246, '2026-10-30 09:30:00+00', 'outbound', 'night-3@northlight.example', 'Re: First night', 'Light is back on at the docks, panels 1 to 7 are labelled, and your electrician has the plan. Ben', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}]', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '{3,6,2}', NULL, false, 566, true, false, '2026-11-27 14:03:42.958883+00'),
	(1, 59, 2, 31, '\x30123422ceda4c196f4ebcb3d4c192528a0e540203197269ee3f9acbecfa2e85', 3463888387505277977, '2026-10-22 09:12:00+00', 'outbound', 'lantern-6@northlight.example', 'Re: Shop 1 is open', 'All of it, of course. Five frames in four weeks, one a week, is what we can do. Ben', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "Li Wen", "address": "li.wen@red-lantern.example"}]', '[]', '[]', '[]', '{3,8}', '\xa90901bbd31d174d7758af45294a4fa0', false, 470, true, false, '2026-11-27 14:03:42.958883+00'),
	(1, 60, 2, 32, '\xa850095a6981dc026619484f38b09e80a0efb887dc364e38053a466901aff816', -6318539993278981118, '2026-10-14 09:30:00+00', 'outbound', 'lantern-2@northlight.example', 'Re: Six shops / 六家店', 'Dear Li Wen, that is 31 m of track and 44 spots a shop. We light the first one for free and you decide then. Ben', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "Li Wen", "address": "li.wen@red-lantern.example"}]', '[]', '[]', '[]', '{3,8}', '\x81933332d1751dc36ccf7ba3b5ca7818', false, 539, true, false, '2026-11-27 14:03:42.958883+00'),
	(1, 61, 2, 34, '\xa2e29215bc257560fa0d5ae03fcc02bf6a25c514b242cf829b9b2afb5a40dc08', -6709639872780077728, '2026-10-05 17:20:00+00', 'outbound', 'oak-8@northlight.example', 'Re: Quotation 2304: lobby and 84 rooms', 'Wonderful news. The contract is in the post, and the glasses are on me. Ben', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "George Papadakis", "address": "george@olive-oak.example"}]', '[]', '[]', '[]', '{3,5}', '\x2c8d335bd1e33df0f7ff22f47a9dd6e1', false, 527, true, false, '2026-11-27 14:03:42.958883+00'),
	(1, 62, 2, 35, '\x0115de5c1eba937a3c626006520644a216f4fbab0d9518fcb0e364ce667af463', 78213055782753146, '2026-10-02 08:02:00+00', 'outbound', 'wh3-5@northlight.example', 'Re: Lighting for warehouse 3', 'Hello Henrik, I shall be at gate 2 at ten to six. Could somebody have a lift ready for aisle C? Two people, helmets we bring. Ben', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "Henrik Dahl", "address": "henrik.dahl@harbour-logistics.example"}]', '[{"name": "Anna Berg", "address": "anna@northlight.example"}]', '[]', '[]', '{3,6,2}', NULL, false, 606, true, false, '2026-11-27 14:03:42.958883+00'),
	(1, 63, 2, 34, '\x4eec3aa69a9b9c39e0af77f0652dbc9005ab146b66285a7a13fdac3588a76975', 5686984916694965305, '2026-09-21 10:05:00+00', 'outbound', 'oak-5@northlight.example', 'Quotation 2304: lobby and 84 rooms', 'Dear George, here are the two figures that you asked Anna for. Room by room, so that you can build floor by floor. Ben', '{"name": "Ben Okafor", "address": "ben@northlight.example"}', '[{"name": "George Papadakis", "address": "george@olive-oak.example"}]', '[]', '[]', '[{"n": 1, "name": "Quotation-2304.pdf", "size": 783, "type": "application/pdf"}]', '{3,5}', '\x2c8d335bd1e33df0f7ff22f47a9dd6e1', false, 1723, true, false, '2026-11-27 14:03:42.958883+00');

INSERT INTO public.participants (account_id, author_id, address_id, date, sort_key, message_id) VALUES
	(1, 3, 2, '2026-11-25 14:40:00+00', 3119779974082191675, 1),
	(1, 3, 11, '2026-11-25 14:40:00+00', 3119779974082191675, 1),
	(1, 3, 4, '2026-11-25 14:40:00+00', 3119779974082191675, 1),
	(1, 3, 11, '2026-11-12 07:20:00+00', 3444947653597183887, 2),
	(1, 3, 4, '2026-11-12 07:20:00+00', 3444947653597183887, 2),
	(1, 3, 11, '2026-11-11 08:51:00+00', 2235053350507717394, 3),
	(1, 3, 4, '2026-11-11 08:51:00+00', 2235053350507717394, 3),
	(1, 3, 8, '2026-11-09 05:48:00+00', 4570640816884617375, 4),
	(1, 3, 4, '2026-11-09 05:48:00+00', 4570640816884617375, 4),
	(1, 1, 6, '2026-11-27 13:28:33+00', 1339731206638951285, 5),
	(1, 1, 2, '2026-11-27 13:28:33+00', 1339731206638951285, 5),
	(1, 1, 9, '2026-11-27 12:03:33+00', 2764173738327614672, 6),
	(1, 1, 2, '2026-11-27 12:03:33+00', 2764173738327614672, 6),
	(1, 1, 3, '2026-11-18 16:12:00+00', 2165590621773586256, 7),
	(1, 1, 6, '2026-11-18 16:12:00+00', 2165590621773586256, 7),
	(1, 1, 2, '2026-11-18 16:12:00+00', 2165590621773586256, 7),
	(1, 1, 3, '2026-10-30 09:30:00+00', -2847515809115078246, 8),
	(1, 1, 6, '2026-10-30 09:30:00+00', -2847515809115078246, 8),
	(1, 1, 2, '2026-10-30 09:30:00+00', -2847515809115078246, 8),
	(1, 1, 6, '2026-10-30 06:41:00+00', -5053084767173820935, 9),
	(1, 1, 1, '2026-10-30 06:41:00+00', -5053084767173820935, 9),
	(1, 1, 10, '2026-10-29 08:00:00+00', 9161724921336552627, 10),
	(1, 1, 14, '2026-10-29 08:00:00+00', 9161724921336552627, 10),
	(1, 1, 9, '2026-10-26 18:30:00+00', 3842043887368156567, 11),
	(1, 1, 2, '2026-10-26 18:30:00+00', 3842043887368156567, 11),
	(1, 1, 9, '2026-10-23 10:02:00+00', 5387516271646041877, 12),
	(1, 1, 2, '2026-10-23 10:02:00+00', 5387516271646041877, 12),
	(1, 1, 8, '2026-10-19 05:01:00+00', -7598338112260897703, 13),
	(1, 1, 3, '2026-10-19 05:01:00+00', -7598338112260897703, 13),
	(1, 1, 2, '2026-10-19 05:01:00+00', -7598338112260897703, 13),
	(1, 1, 12, '2026-10-16 14:29:00+00', 5680225672771690014, 14),
	(1, 1, 2, '2026-10-16 14:29:00+00', 5680225672771690014, 14),
	(1, 1, 7, '2026-10-13 21:17:00+00', 2117206257092372253, 15),
	(1, 1, 2, '2026-10-13 21:17:00+00', 2117206257092372253, 15),
	(1, 1, 12, '2026-10-12 10:31:00+00', 3448343128678062967, 16),
	(1, 1, 2, '2026-10-12 10:31:00+00', 3448343128678062967, 16),
	(1, 1, 6, '2026-10-12 10:31:00+00', 3448343128678062967, 16),
	(1, 1, 12, '2026-10-09 09:55:00+00', 2028045460943466941, 17),
	(1, 1, 2, '2026-10-09 09:55:00+00', 2028045460943466941, 17),
	(1, 1, 3, '2026-10-02 08:02:00+00', 78213055782753146, 18),
	(1, 1, 6, '2026-10-02 08:02:00+00', 78213055782753146, 18),
	(1, 1, 2, '2026-10-02 08:02:00+00', 78213055782753146, 18),
	(1, 1, 6, '2026-09-30 15:05:00+00', 4862298038689260515, 19),
	(1, 1, 2, '2026-09-30 15:05:00+00', 4862298038689260515, 19),
	(1, 1, 6, '2026-09-28 09:12:00+00', -3052970969644405263, 20),
	(1, 1, 2, '2026-09-28 09:12:00+00', -3052970969644405263, 20),
	(1, 1, 5, '2026-09-11 09:00:00+00', -5271347086245982633, 21),
	(1, 1, 2, '2026-09-11 09:00:00+00', -5271347086245982633, 21),
	(1, 1, 5, '2026-09-04 11:11:00+00', 328406766228880715, 22),
	(1, 1, 2, '2026-09-04 11:11:00+00', 328406766228880715, 22);
INSERT INTO public.participants (account_id, author_id, address_id, date, sort_key, message_id) VALUES
	(1, 2, 5, '2026-11-26 07:45:00+00', 2415466231964901044, 23),
	(1, 2, 3, '2026-11-26 07:45:00+00', 2415466231964901044, 23),
	(1, 2, 8, '2026-11-26 03:55:00+00', 5243390071607889725, 24),
	(1, 2, 3, '2026-11-26 03:55:00+00', 5243390071607889725, 24),
	(1, 2, 6, '2026-11-20 08:44:00+00', -7082151206346875736, 25),
	(1, 2, 3, '2026-11-20 08:44:00+00', -7082151206346875736, 25),
	(1, 2, 6, '2026-11-17 11:05:00+00', 6728394785237431469, 26),
	(1, 2, 3, '2026-11-17 11:05:00+00', 6728394785237431469, 26),
	(1, 2, 13, '2026-11-05 09:44:00+00', -6575041300346916428, 27),
	(1, 2, 3, '2026-11-05 09:44:00+00', -6575041300346916428, 27),
	(1, 2, 2, '2026-10-30 07:15:00+00', -1181005666085571763, 28),
	(1, 2, 6, '2026-10-30 07:15:00+00', -1181005666085571763, 28),
	(1, 2, 3, '2026-10-30 07:15:00+00', -1181005666085571763, 28),
	(1, 2, 10, '2026-10-29 08:00:00+00', 9161724921336552627, 29),
	(1, 2, 14, '2026-10-29 08:00:00+00', 9161724921336552627, 29),
	(1, 2, 8, '2026-10-22 06:30:00+00', 9197821830700040152, 30),
	(1, 2, 3, '2026-10-22 06:30:00+00', 9197821830700040152, 30),
	(1, 2, 2, '2026-10-19 10:45:00+00', -3666531874295473950, 31),
	(1, 2, 8, '2026-10-19 10:45:00+00', -3666531874295473950, 31),
	(1, 2, 3, '2026-10-19 10:45:00+00', -3666531874295473950, 31),
	(1, 2, 8, '2026-10-19 05:01:00+00', -7598338112260897703, 32),
	(1, 2, 3, '2026-10-19 05:01:00+00', -7598338112260897703, 32),
	(1, 2, 2, '2026-10-19 05:01:00+00', -7598338112260897703, 32),
	(1, 2, 8, '2026-10-14 04:12:00+00', 2602254512986130810, 33),
	(1, 2, 3, '2026-10-14 04:12:00+00', 2602254512986130810, 33),
	(1, 2, 2, '2026-10-09 13:10:00+00', -1646875843966472556, 34),
	(1, 2, 12, '2026-10-09 13:10:00+00', -1646875843966472556, 34),
	(1, 2, 5, '2026-10-05 16:58:00+00', -2085435421284064022, 35),
	(1, 2, 3, '2026-10-05 16:58:00+00', -2085435421284064022, 35),
	(1, 2, 2, '2026-10-01 10:20:00+00', 8004306532634673963, 36),
	(1, 2, 6, '2026-10-01 10:20:00+00', 8004306532634673963, 36),
	(1, 2, 3, '2026-10-01 10:20:00+00', 8004306532634673963, 36),
	(1, 2, 5, '2026-09-25 12:12:00+00', -22246925620832691, 37),
	(1, 2, 3, '2026-09-25 12:12:00+00', -22246925620832691, 37),
	(1, 2, 2, '2026-09-18 17:25:00+00', 4020608982747706678, 38),
	(1, 2, 5, '2026-09-18 17:25:00+00', 4020608982747706678, 38),
	(1, 2, 3, '2026-09-18 17:25:00+00', 4020608982747706678, 38),
	(1, 3, 4, '2026-11-11 10:10:00+00', 7599002749339325106, 39),
	(1, 3, 11, '2026-11-11 10:10:00+00', 7599002749339325106, 39),
	(1, 3, 4, '2026-11-09 19:30:00+00', 1594019602902128476, 40),
	(1, 3, 8, '2026-11-09 19:30:00+00', 1594019602902128476, 40),
	(1, 1, 2, '2026-11-25 14:40:00+00', 3119779974082191675, 41),
	(1, 1, 11, '2026-11-25 14:40:00+00', 3119779974082191675, 41),
	(1, 1, 4, '2026-11-25 14:40:00+00', 3119779974082191675, 41),
	(1, 1, 2, '2026-11-24 09:05:00+00', -1343034302849985422, 42),
	(1, 1, 9, '2026-11-24 09:05:00+00', -1343034302849985422, 42),
	(1, 1, 2, '2026-10-30 07:15:00+00', -1181005666085571763, 43),
	(1, 1, 6, '2026-10-30 07:15:00+00', -1181005666085571763, 43),
	(1, 1, 3, '2026-10-30 07:15:00+00', -1181005666085571763, 43),
	(1, 1, 2, '2026-10-23 12:15:00+00', 7423174968299840579, 44);
INSERT INTO public.participants (account_id, author_id, address_id, date, sort_key, message_id) VALUES
	(1, 1, 9, '2026-10-23 12:15:00+00', 7423174968299840579, 44),
	(1, 1, 2, '2026-10-19 10:45:00+00', -3666531874295473950, 45),
	(1, 1, 8, '2026-10-19 10:45:00+00', -3666531874295473950, 45),
	(1, 1, 3, '2026-10-19 10:45:00+00', -3666531874295473950, 45),
	(1, 1, 2, '2026-10-16 14:26:00+00', -7463432479872660441, 46),
	(1, 1, 12, '2026-10-16 14:26:00+00', -7463432479872660441, 46),
	(1, 1, 2, '2026-10-13 22:03:00+00', -3333280969308672329, 47),
	(1, 1, 7, '2026-10-13 22:03:00+00', -3333280969308672329, 47),
	(1, 1, 2, '2026-10-09 13:10:00+00', -1646875843966472556, 48),
	(1, 1, 12, '2026-10-09 13:10:00+00', -1646875843966472556, 48),
	(1, 1, 3, '2026-10-09 13:10:00+00', -1646875843966472556, 48),
	(1, 1, 2, '2026-10-08 16:48:00+00', -6872479913703983724, 49),
	(1, 1, 6, '2026-10-08 16:48:00+00', -6872479913703983724, 49),
	(1, 1, 12, '2026-10-08 16:48:00+00', -6872479913703983724, 49),
	(1, 1, 2, '2026-10-01 10:20:00+00', 8004306532634673963, 50),
	(1, 1, 6, '2026-10-01 10:20:00+00', 8004306532634673963, 50),
	(1, 1, 3, '2026-10-01 10:20:00+00', 8004306532634673963, 50),
	(1, 1, 2, '2026-09-28 11:40:00+00', -155931144379397741, 51),
	(1, 1, 6, '2026-09-28 11:40:00+00', -155931144379397741, 51),
	(1, 1, 2, '2026-09-18 17:25:00+00', 4020608982747706678, 52),
	(1, 1, 5, '2026-09-18 17:25:00+00', 4020608982747706678, 52),
	(1, 1, 3, '2026-09-18 17:25:00+00', 4020608982747706678, 52),
	(1, 1, 2, '2026-09-04 15:42:00+00', -1303046780518448564, 53),
	(1, 1, 5, '2026-09-04 15:42:00+00', -1303046780518448564, 53),
	(1, 1, 6, '2026-11-27 14:03:43+00', 3053591025132563363, 64),
	(1, 1, 2, '2026-11-27 14:03:43+00', 3053591025132563363, 64),
	(1, 2, 3, '2026-11-23 15:00:00+00', -2725238917548278032, 54),
	(1, 2, 13, '2026-11-23 15:00:00+00', -2725238917548278032, 54),
	(1, 2, 3, '2026-11-18 16:12:00+00', 2165590621773586256, 55),
	(1, 2, 6, '2026-11-18 16:12:00+00', 2165590621773586256, 55),
	(1, 2, 2, '2026-11-18 16:12:00+00', 2165590621773586256, 55),
	(1, 2, 3, '2026-11-05 10:30:00+00', -2525789392435987458, 56),
	(1, 2, 13, '2026-11-05 10:30:00+00', -2525789392435987458, 56),
	(1, 2, 3, '2026-11-04 13:20:00+00', 3531506040939313611, 57),
	(1, 2, 13, '2026-11-04 13:20:00+00', 3531506040939313611, 57),
	(1, 2, 3, '2026-10-30 09:30:00+00', -2847515809115078246, 58),
	(1, 2, 6, '2026-10-30 09:30:00+00', -2847515809115078246, 58),
	(1, 2, 2, '2026-10-30 09:30:00+00', -2847515809115078246, 58),
	(1, 2, 3, '2026-10-22 09:12:00+00', 3463888387505277977, 59),
	(1, 2, 8, '2026-10-22 09:12:00+00', 3463888387505277977, 59),
	(1, 2, 3, '2026-10-14 09:30:00+00', -6318539993278981118, 60),
	(1, 2, 8, '2026-10-14 09:30:00+00', -6318539993278981118, 60),
	(1, 2, 3, '2026-10-05 17:20:00+00', -6709639872780077728, 61),
	(1, 2, 5, '2026-10-05 17:20:00+00', -6709639872780077728, 61),
	(1, 2, 3, '2026-10-02 08:02:00+00', 78213055782753146, 62),
	(1, 2, 6, '2026-10-02 08:02:00+00', 78213055782753146, 62),
	(1, 2, 2, '2026-10-02 08:02:00+00', 78213055782753146, 62),
	(1, 2, 3, '2026-09-21 10:05:00+00', 5686984916694965305, 63),
	(1, 2, 5, '2026-09-21 10:05:00+00', 5686984916694965305, 63);

INSERT INTO public.reports (account_id, id, author_id, digest, n, kind, status, class, code, hard, at, original, envelope, recipients, sent_at, arrived_at, subject, said, message_id) OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 1, '\x5969898a4332add78fc4c419cdffc65335882a80a4fd477b3f030abbd083bcf9', 0, 'dsn', 'delivered', NULL, '2.0.0', false, '2026-10-16 14:27:00+00', '\x94ea71898cca6f1c8432e1e0e286ad26', NULL, '{"\\x259c5e333bf7c7733509006b255253ef"}', NULL, '2026-10-16 14:27:00+00', '\x6920b7bc95c4985efd511f5f332b9c8c', '\x560a76ddf16fb20d08a416a0979fcf10f9dc66f6963dccff706cf19914fd32054568ec604b94ed6f6a26dcd126ef65b16f2d8a4111b8b6f9e889e2ebfb44ac8acd081a7e85064aebedf14de60aaec7df9cb9529d1094cd115307052b42545e9e43d16f7a92a518d90e99eac779217fd7c8a03a13ea46e3ddb1ae7e7eb1125535dbce70f2dcf09c5946a1c563569853cb94d84931132748e3e1b2e7811b32a6da3b3f7accc6eb05719646543b78cb2755612f64c7f36e9dc8c47dc063917b1ff9a2cce080fb23c25956633d455becadd3a836972cb6354883815e7106c09d47a36d85dd6ae806526eb4ee2bcf26512a2fc16bcd17f0b587cd62f8a45d9be18772b6f681242b75522468f84cadab6ab7adba3f073944808ed37e41cc2374b0194cfcfa15facef628f62da007cecee2f41da11008ef69b8956d8079f9c62c4ac2f4c90c8c', 46),
	(1, 2, 1, '\x945acd06299e6abe7f659a01e06832992cacee9ac6edb0f3fdfe183fff852749', 0, 'mdn', 'displayed', NULL, NULL, false, '2026-10-08 17:31:00+00', '\x19e4af45900aec446346c2e6fcdea9dc', NULL, '{"\\xc1eb050bcffae274742095d99688ae89"}', NULL, NULL, NULL, '\x122c54ad6615105365e7cf01ab1ff5bbff93b468944bb04abf23850885a7bd1731a03d45e0e221e55261a3232242ef06c7ea942ef050211f612058ffdc9bc05857c37fd5c6e50ca7892ce714bd0af9375bafab6bb12bedf38a4fba3961766b9d73e8fcc2fb1769d6e4b5167eb57cc2951d5eb94c1612356bc7d1f129791d4204772e245d53b70e5cb03e70dc1ac0e55815e08220fa81998871c46b1d32726a9fcd305d0ced05000c11974c0284912f43a0be2e6d98e229496aec00e8b3bd54cdd02927b9d6e000b06177b09cab5594e508c73aa3890197ee4170c8d4e7f30e5762c173dd2ee4525022cf869a69047b386097b61dd7030a69673ad15e914507a52be2a3609dead5cd1bb6d2066c5510cebc32cec2f88f3a4456d032a68a66b3a4a502d03b8e144a3e8acf326865e33bf925a5da618cf7909cdac8dd191a4596dcde7cfc9b80', 49),
	(1, 3, 2, '\x4f4bd470533bc22fb7e0ba7cc67c26e5392da365aff63bd9b01eaa88cb2bce48', 0, 'dsn', 'bounced', 'unknown_user', '5.1.1', true, '2026-11-23 15:01:00+00', '\x7f880f039e037df6ae2b6c2231daa8e7', NULL, '{"\\xbcde2f004d93ce3ae848908f6fb8c866"}', NULL, '2026-11-23 15:01:00+00', '\x192a0d1e10fc7e8e954ec0972e3a6692', '\xf8ca48e09aba14397a440e9a1b77e35057280177782e61084e6d804b6925dd9459629749087ac86a6eb30f878fa3053552ab4c03035052be6fef6b8d9151dd06da9a0ef2cdf83f04d11248037fd2e9ef3144c8bf79f43e49ab875ed5244039d656c19aa9df5c08830296fb452ad43cfc0032a512b647ebce55042bfc68d3d37f7aba8e936e2b35d8687bab28186c8dd2d3d3191a572fd4a2de47fe0e6764895a4029dc8ccfa33756d5de0083cad71b9f020292a63ccb97e08d71ac3c24f2a32d31f1ec632a1f74712dbac0b9bd28a258fc9cdbea9cc18c595c69518b65ec5a53fffafca8ce74a5c0f8f0616dceae43e325f714b423f4bfc73d405dc40034ba93b9aba1c9ad40b1fe5e0fbcd0f40ab3b4df845e653d877aa955de2e62ebd42a7239e0fc84a0e989b5d3e005c4e6c56772586f38c8ea8c75e147256ebea5018c0f277a0aa01b4eda81da0988081128e5899ab2f71f959c9b97ec5b275ded832c64f4a4e0dfe8e985a39e2fa94c912ac2132de6f72c8bd4129b136a376c82bcbc9bc24f90436b30a33364fc30d6f3c4a553a6e824b335be73b993a8781147a4c064371031c296a453b3aa4407a4df9a489232e961d1eb3b2214d30a74d722fc37605efe194f8fb181823d08b989095fa3a6d2ec6b58d5d7c5441805f649980e4838375cd22145', 54);

INSERT INTO public.river_job (id, state, attempt, max_attempts, attempted_at, created_at, finalized_at, scheduled_at, priority, args, attempted_by, errors, kind, metadata, queue, tags, unique_key, unique_states) VALUES
	(1, 'completed', 1, 10, '2026-11-27 14:03:42.280888+00', '2026-11-27 14:03:42.266701+00', '2026-11-27 14:03:42.348838+00', '2026-11-27 14:03:42.266701+00', 1, '{"kind": "lead", "user_id": 1, "account_id": 1}', '{release1}', NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(2, 'completed', 1, 10, '2026-11-27 14:03:42.280888+00', '2026-11-27 14:03:42.266701+00', '2026-11-27 14:03:42.33639+00', '2026-11-27 14:03:42.266701+00', 1, '{"kind": "deal", "user_id": 1, "account_id": 1}', '{release1}', NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(3, 'completed', 1, 10, '2026-11-27 14:03:42.280888+00', '2026-11-27 14:03:42.266701+00', '2026-11-27 14:03:42.346992+00', '2026-11-27 14:03:42.266701+00', 1, '{"kind": "lead", "user_id": 2, "account_id": 1}', '{release1}', NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(4, 'completed', 1, 10, '2026-11-27 14:03:42.280888+00', '2026-11-27 14:03:42.266701+00', '2026-11-27 14:03:42.323754+00', '2026-11-27 14:03:42.266701+00', 1, '{"kind": "deal", "user_id": 2, "account_id": 1}', '{release1}', NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(5, 'completed', 1, 10, '2026-11-27 14:03:42.323948+00', '2026-11-27 14:03:42.266701+00', '2026-11-27 14:03:42.339273+00', '2026-11-27 14:03:42.266701+00', 1, '{"kind": "contact", "user_id": 3, "account_id": 1}', '{release1}', NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(6, 'completed', 1, 10, '2026-11-27 14:03:42.338007+00', '2026-11-27 14:03:42.266701+00', '2026-11-27 14:03:42.386618+00', '2026-11-27 14:03:42.266701+00', 1, '{"kind": "contact", "user_id": 1, "account_id": 1}', '{release1}', NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(7, 'completed', 1, 10, '2026-11-27 14:03:42.386792+00', '2026-11-27 14:03:42.266701+00', '2026-11-27 14:03:42.402555+00', '2026-11-27 14:03:42.266701+00', 1, '{"kind": "contact", "user_id": 2, "account_id": 1}', '{release1}', NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(8, 'completed', 1, 10, '2026-11-27 14:03:42.386792+00', '2026-11-27 14:03:42.266701+00', '2026-11-27 14:03:42.411497+00', '2026-11-27 14:03:42.266701+00', 1, '{"kind": "lead", "user_id": 3, "account_id": 1}', '{release1}', NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(9, 'completed', 1, 10, '2026-11-27 14:03:42.386792+00', '2026-11-27 14:03:42.266701+00', '2026-11-27 14:03:42.451565+00', '2026-11-27 14:03:42.266701+00', 1, '{"kind": "deal", "user_id": 3, "account_id": 1}', '{release1}', NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(10, 'completed', 1, 1, '2026-11-27 14:03:43.591876+00', '2026-11-27 14:03:43.584092+00', '2026-11-27 14:03:43.59894+00', '2026-11-27 14:03:43.582681+00', 1, '{}', '{release1}', NULL, 'sweep', '{"periodic": true}', 'upkeep', '{}', '\x073ec72f7591c96fdd79d41812df2fe9c1b1108f2a3ab1006a2eb3569c3ae180', B'11010001'),
	(11, 'completed', 1, 1, '2026-11-27 14:03:43.591876+00', '2026-11-27 14:03:43.584092+00', '2026-11-27 14:03:43.598781+00', '2026-11-27 14:03:43.582681+00', 1, '{}', '{release1}', NULL, 'prune', '{"periodic": true}', 'upkeep', '{}', '\x7948212fc908b24f7c1b365d9899ccaa14e5c4cfe92bf1ccfb2a595d7893283f', B'11010001'),
	(12, 'completed', 1, 10, '2026-11-27 14:03:54.989476+00', '2026-11-27 14:03:54.971057+00', '2026-11-27 14:03:55.165536+00', '2026-11-27 14:03:54.971057+00', 1, '{"kind": "lead", "user_id": 2, "account_id": 1}', '{release1}', NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(13, 'completed', 1, 1, '2026-11-27 14:03:58.587306+00', '2026-11-27 14:03:58.584146+00', '2026-11-27 14:03:58.601006+00', '2026-11-27 14:03:58.582681+00', 1, '{}', '{release1}', NULL, 'sweep', '{"periodic": true}', 'upkeep', '{}', '\x073ec72f7591c96fdd79d41812df2fe9c1b1108f2a3ab1006a2eb3569c3ae180', B'11010001'),
	(14, 'completed', 1, 1, '2026-11-27 14:04:13.58864+00', '2026-11-27 14:04:13.58399+00', '2026-11-27 14:04:13.591244+00', '2026-11-27 14:04:13.582681+00', 1, '{}', '{release1}', NULL, 'sweep', '{"periodic": true}', 'upkeep', '{}', '\x073ec72f7591c96fdd79d41812df2fe9c1b1108f2a3ab1006a2eb3569c3ae180', B'11010001'),
	(15, 'available', 0, 10, NULL, '2026-11-27 14:04:52.484898+00', NULL, '2026-11-27 14:04:52.484898+00', 1, '{"kind": "contact", "user_id": 3, "account_id": 1}', NULL, NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(16, 'available', 0, 10, NULL, '2026-11-27 14:04:52.484898+00', NULL, '2026-11-27 14:04:52.484898+00', 1, '{"kind": "deal", "user_id": 3, "account_id": 1}', NULL, NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(17, 'available', 0, 10, NULL, '2026-11-27 14:04:52.484898+00', NULL, '2026-11-27 14:04:52.484898+00', 1, '{"kind": "lead", "user_id": 3, "account_id": 1}', NULL, NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(18, 'available', 0, 10, NULL, '2026-11-27 14:06:11.305916+00', NULL, '2026-11-27 14:06:11.305916+00', 1, '{"card_id": 6, "account_id": 1}', NULL, NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL),
	(19, 'available', 0, 10, NULL, '2026-11-27 14:06:11.305916+00', NULL, '2026-11-27 14:06:11.305916+00', 1, '{"card_id": 13, "account_id": 1}', NULL, NULL, 'restamp', '{}', 'stamps', '{}', NULL, NULL);

INSERT INTO public.river_leader (elected_at, expires_at, leader_id, name) VALUES
	('2026-11-27 14:03:41.730854+00', '2026-11-27 14:04:36.818847+00', 'release1', 'default');

INSERT INTO public.river_migration (line, version, created_at) VALUES
	('main', 1, '2026-11-27 14:03:41.092515+00'),
	('main', 2, '2026-11-27 14:03:41.131562+00'),
	('main', 3, '2026-11-27 14:03:41.210018+00'),
	('main', 4, '2026-11-27 14:03:41.217964+00'),
	('main', 5, '2026-11-27 14:03:41.247487+00'),
	('main', 6, '2026-11-27 14:03:41.34363+00'),
	('main', 7, '2026-11-27 14:03:41.359606+00'),
	('main', 8, '2026-11-27 14:03:41.399481+00');

INSERT INTO public.river_queue (name, created_at, metadata, paused_at, updated_at) VALUES
	('stamps', '2026-11-27 14:03:41.732004+00', '{}', NULL, '2026-11-27 14:03:41.732004+00'),
	('upkeep', '2026-11-27 14:03:41.73497+00', '{}', NULL, '2026-11-27 14:03:41.73497+00');

INSERT INTO public.settings (account_id, user_id, kind, value, version, epoch, fence, owner_fence, restamped, since, changed_by, called) VALUES
	(1, 2, 'deal', 'owner', 1, 3, 0, 0, 3, '2026-11-27 14:03:33.004+00', 'ben', false),
	(1, 1, 'deal', 'nobody', 1, 2, 0, 0, 2, '2026-11-27 14:03:41.804632+00', 'default', false),
	(1, 1, 'lead', 'everyone', 1, 3, 0, 0, 3, '2026-11-27 14:03:33.003+00', 'anna', false),
	(1, 1, 'contact', 'owner', 1, 3, 0, 0, 3, '2026-11-27 14:03:33.003+00', 'anna', false),
	(1, 2, 'contact', 'owner_or_collaborator', 1, 3, 0, 0, 3, '2026-11-27 14:03:33.004+00', 'ben', false),
	(1, 2, 'lead', 'everyone', 1, 3, 0, 0, 3, '2026-11-27 14:03:54.956822+00', 'ben', true),
	(1, 3, 'contact', 'everyone', 0, 3, 0, 0, 2, '2026-11-27 14:04:52.465801+00', 'clara', true),
	(1, 3, 'deal', 'owner', 0, 3, 0, 0, 2, '2026-11-27 14:04:52.465801+00', 'clara', true),
	(1, 3, 'lead', 'everyone', 0, 3, 0, 0, 2, '2026-11-27 14:04:52.465801+00', 'clara', true);

INSERT INTO public.thread_links (account_id, author_id, hash, thread_id) VALUES
	(1, 3, '\xe9533a49c9f7c571435a183607ea5967', 3),
	(1, 3, '\x24e6b392963c70a978c00d221583853a', 3),
	(1, 3, '\xfe00a12842618779cb511dfc26c30880', 3),
	(1, 3, '\x8395e52686ebe23b50fd937066d0dc92', 4),
	(1, 3, '\x91c7186e01cb54c8f53475916a2db626', 5),
	(1, 3, '\xe5818a84730b70f9466200f30bfa319f', 1),
	(1, 3, '\xa5ad8962003a31f4fc60437c71dba19c', 2),
	(1, 1, '\x4fdee2e910d43ef1dc45546fa111b20f', 19),
	(1, 1, '\x101ca6938fd78f5bc5bca9a14c09bbd2', 11),
	(1, 1, '\xe41926b920e5fe71e325e43e0d5ea8b9', 14),
	(1, 1, '\xf425c11cca8a6920c9270c0e9c4504a4', 20),
	(1, 1, '\x39e720f832195ab1b56472c4e1167fbf', 10),
	(1, 1, '\x9eecdab8181d89d51fe143725624b950', 14),
	(1, 1, '\xc1ed1e1afa225c1b823c12bae2a80751', 21),
	(1, 1, '\x798f4f5bb8de7c03aa40e5f0bd441c65', 21),
	(1, 1, '\x6af8e6ec6e2f8025cffc8b66734f851f', 8),
	(1, 1, '\xe878269a5ae71cc938571099f450ebe5', 20),
	(1, 1, '\xa958d26a18c1aadab2c34240b377cb68', 15),
	(1, 1, '\xb1840a9e0ec7c81785eb0f9db7a56a03', 11),
	(1, 1, '\x6e4ffe07b3da63404bdb3df7cfda1ba3', 20),
	(1, 1, '\x41e729e2d18d73ee6b9690a92d01ffb6', 15),
	(1, 1, '\xeb637db707bba8fec36365e08e0f21ae', 18),
	(1, 1, '\x1d12444a302ce60a6e3b3c303ea94d9b', 20),
	(1, 1, '\x77baf68b6734de9d15294a55fe2d44c7', 11),
	(1, 1, '\x91c7186e01cb54c8f53475916a2db626', 10),
	(1, 1, '\x2f9e64490328c748c850a844e742da98', 6),
	(1, 1, '\xeda4421bf2734c5270f9b9623cb9fdac', 9),
	(1, 1, '\x6d2bb48f743393acd399aeb79d0bd9fc', 7),
	(1, 1, '\x816a05826f5d5a59498c3a3cac61c2e8', 19),
	(1, 1, '\xe6ef8a565989bdde8044abe23a0d59a8', 15),
	(1, 1, '\x9e8c298d1138cdbb5c51c9250ab3a3bd', 20),
	(1, 1, '\xb675c5fd36d64b1e54d8a188e817c3a1', 7),
	(1, 1, '\x40797f627a5cb1afa89bab63c52747d3', 16),
	(1, 1, '\xe70c8ce6e9fbfb1793010f8e2eb33aea', 21),
	(1, 1, '\x30079249225fceca85b87a31ff00fe68', 19),
	(1, 1, '\x13c56976680b7a9ce7e1430205253a38', 8),
	(1, 1, '\x5da5c54fba291f01168abab47c8f5ac7', 16),
	(1, 1, '\x1b04f973439e16b7d792ba4b346a12f2', 14),
	(1, 1, '\x8a7aac071e1235be1055b8c03803697e', 17),
	(1, 1, '\x936ed1a26cb103aa7f5c2437f746d40c', 13),
	(1, 1, '\x5fe484793525b20c6c2e9d519815aaa5', 12),
	(1, 1, '\x716a6412dda9443bb5b54b506298626e', 19),
	(1, 1, '\x739045b379f5aab336bfe7d89bcbbea6', 19),
	(1, 2, '\xb1840a9e0ec7c81785eb0f9db7a56a03', 29),
	(1, 2, '\xe6ef8a565989bdde8044abe23a0d59a8', 32),
	(1, 2, '\xa8c99be5ccf7d18a3ca79152a421485f', 34),
	(1, 2, '\x6e4ffe07b3da63404bdb3df7cfda1ba3', 35),
	(1, 2, '\xe63e3b18f8862010af01457d3dc62b60', 23),
	(1, 2, '\x02aa0e9ee23ec30737aa4765d9e5a0e0', 36),
	(1, 2, '\x101ca6938fd78f5bc5bca9a14c09bbd2', 29);
INSERT INTO public.thread_links (account_id, author_id, hash, thread_id) VALUES
	(1, 2, '\x816a05826f5d5a59498c3a3cac61c2e8', 33),
	(1, 2, '\x7aac0f0ab1ed3fcaaad9a96a7a08afc8', 34),
	(1, 2, '\xd414fe7ddf41ac526c9962f067528e05', 27),
	(1, 2, '\xa6e1fd2c01a32150ac5ad3aad8d9c8d3', 34),
	(1, 2, '\x4fdee2e910d43ef1dc45546fa111b20f', 33),
	(1, 2, '\x30079249225fceca85b87a31ff00fe68', 33),
	(1, 2, '\xe878269a5ae71cc938571099f450ebe5', 35),
	(1, 2, '\x1d12444a302ce60a6e3b3c303ea94d9b', 35),
	(1, 2, '\xee224d78730a7de64fa0140fb0dfa10e', 27),
	(1, 2, '\x5fe484793525b20c6c2e9d519815aaa5', 30),
	(1, 2, '\xf180b2bf9af5a1789f31bb2e6e3867a6', 26),
	(1, 2, '\xa958d26a18c1aadab2c34240b377cb68', 32),
	(1, 2, '\x91c7186e01cb54c8f53475916a2db626', 28),
	(1, 2, '\x3e6a297fdf132acbc173c9d001ebf945', 25),
	(1, 2, '\xd6618253ca00b1428b47f5182b087ca3', 32),
	(1, 2, '\xf425c11cca8a6920c9270c0e9c4504a4', 35),
	(1, 2, '\x45ab1b6233a3bc6e5412b18170145345', 24),
	(1, 2, '\x7e9c69c158831b33c8090308d93fa998', 31),
	(1, 2, '\xd2c7516c683f610a392a6fb018e10cdb', 22),
	(1, 2, '\x13c56976680b7a9ce7e1430205253a38', 25),
	(1, 2, '\x6af8e6ec6e2f8025cffc8b66734f851f', 25),
	(1, 2, '\x41e729e2d18d73ee6b9690a92d01ffb6', 32),
	(1, 3, '\xace11bb59eca865bbbedbfdde3b4cfe4', 4),
	(1, 1, '\xd6618253ca00b1428b47f5182b087ca3', 15),
	(1, 1, '\xd87ed4814f8200374fa58e5b529b103a', 18),
	(1, 1, '\xe5818a84730b70f9466200f30bfa319f', 37),
	(1, 1, '\xe9e05dcb3ac41e9d820573ed1c4bbe0b', 13),
	(1, 1, '\x02aa0e9ee23ec30737aa4765d9e5a0e0', 38),
	(1, 2, '\xa87609a77d42d989aacb678934022a45', 27),
	(1, 2, '\xf082a96b156f1ea6d4cc5ec3349ccb7e', 31),
	(1, 2, '\x39e720f832195ab1b56472c4e1167fbf', 28),
	(1, 2, '\x5496125f072a40af714de74a03b606f2', 34),
	(1, 2, '\x0f7bce068e8e01042aabb26d13269063', 39),
	(1, 2, '\x77baf68b6734de9d15294a55fe2d44c7', 29),
	(1, 2, '\x9e8c298d1138cdbb5c51c9250ab3a3bd', 35),
	(1, 1, '\x9c291c2f59561e372b133dccb43f8bd9', 40);

INSERT INTO public.threads (account_id, id, author_id, merged_into) OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 3, NULL),
	(1, 2, 3, NULL),
	(1, 3, 3, NULL),
	(1, 4, 3, NULL),
	(1, 5, 3, NULL),
	(1, 6, 1, NULL),
	(1, 7, 1, NULL),
	(1, 8, 1, NULL),
	(1, 9, 1, NULL),
	(1, 10, 1, NULL),
	(1, 11, 1, NULL),
	(1, 12, 1, NULL),
	(1, 13, 1, NULL),
	(1, 14, 1, NULL),
	(1, 15, 1, NULL),
	(1, 16, 1, NULL),
	(1, 17, 1, NULL),
	(1, 18, 1, NULL),
	(1, 19, 1, NULL),
	(1, 20, 1, NULL),
	(1, 21, 1, NULL),
	(1, 22, 2, NULL),
	(1, 23, 2, NULL),
	(1, 24, 2, NULL),
	(1, 25, 2, NULL),
	(1, 26, 2, NULL),
	(1, 27, 2, NULL),
	(1, 28, 2, NULL),
	(1, 29, 2, NULL),
	(1, 30, 2, NULL),
	(1, 31, 2, NULL),
	(1, 32, 2, NULL),
	(1, 33, 2, NULL),
	(1, 34, 2, NULL),
	(1, 35, 2, NULL),
	(1, 36, 2, NULL),
	(1, 37, 1, NULL),
	(1, 38, 1, NULL),
	(1, 39, 2, NULL),
	(1, 40, 1, NULL);

INSERT INTO public.user_addresses (account_id, user_id, address_id) VALUES
	(1, 1, 2),
	(1, 1, 1),
	(1, 2, 3),
	(1, 3, 4);

INSERT INTO public.users (account_id, id, crm_id, version, told, name, state) OVERRIDING SYSTEM VALUE VALUES
	(1, 1, 'anna', 1, 1, 'Anna Berg', 'active'),
	(1, 2, 'ben', 1, 1, 'Ben Okafor', 'active'),
	(1, 3, 'clara', 1, 1, 'Clara Weiss', 'active');

INSERT INTO public.webhook_receipts (account_id, webhook_id, events, received_at) VALUES
	(1, 'demo_1795788221800083927', 21, '2026-11-27 14:03:41.804632+00'),
	(1, 'msg_1795788370756309092', 7, '2026-11-27 14:06:10.759522+00');

INSERT INTO public.workers (id, expires_at) VALUES
	('KY4A3WMVLMFH2QLVQK67X6ESPV', '2026-11-27 14:04:41.799691+00');

SELECT pg_catalog.setval('public.accounts_id_seq', 1, true);

SELECT pg_catalog.setval('public.addresses_id_seq', 15, true);

SELECT pg_catalog.setval('public.blocklists_id_seq', 2, true);

SELECT pg_catalog.setval('public.cards_id_seq', 28, true);

SELECT pg_catalog.setval('public.folders_id_seq', 9, true);

SELECT pg_catalog.setval('public.goose_db_version_id_seq', 3, true);

SELECT pg_catalog.setval('public.mailboxes_id_seq', 3, true);

SELECT pg_catalog.setval('public.messages_id_seq', 64, true);

SELECT pg_catalog.setval('public.reports_id_seq', 3, true);

SELECT pg_catalog.setval('public.river_job_id_seq', 19, true);

SELECT pg_catalog.setval('public.river_notification_id_seq', 1, false);

SELECT pg_catalog.setval('public.threads_id_seq', 40, true);

SELECT pg_catalog.setval('public.users_id_seq', 6, true);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_public_id_key UNIQUE (public_id);

ALTER TABLE ONLY public.addresses
    ADD CONSTRAINT addresses_address_key UNIQUE (account_id, address);

ALTER TABLE ONLY public.addresses
    ADD CONSTRAINT addresses_hash_key UNIQUE (account_id, hash);

ALTER TABLE ONLY public.addresses
    ADD CONSTRAINT addresses_pkey PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.blocklist_entries
    ADD CONSTRAINT blocklist_entries_key UNIQUE NULLS NOT DISTINCT (account_id, blocklist_id, address, domain, card_id);

ALTER TABLE ONLY public.blocklists
    ADD CONSTRAINT blocklists_pkey PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.blocklists
    ADD CONSTRAINT blocklists_user_key UNIQUE NULLS NOT DISTINCT (account_id, user_id);

ALTER TABLE ONLY public.card_addresses
    ADD CONSTRAINT card_addresses_pkey PRIMARY KEY (account_id, card_id, address_id);

ALTER TABLE ONLY public.card_audience
    ADD CONSTRAINT card_audience_pkey PRIMARY KEY (account_id, card_id, user_id);

ALTER TABLE ONLY public.card_collaborators
    ADD CONSTRAINT card_collaborators_pkey PRIMARY KEY (account_id, card_id, user_id);

ALTER TABLE ONLY public.card_owners
    ADD CONSTRAINT card_owners_pkey PRIMARY KEY (account_id, card_id, user_id);

ALTER TABLE ONLY public.cards
    ADD CONSTRAINT cards_crm_id_key UNIQUE (account_id, kind, crm_id);

ALTER TABLE ONLY public.cards
    ADD CONSTRAINT cards_pkey PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_pkey PRIMARY KEY (account_id, author_id, card_id, address_id);

ALTER TABLE ONLY public.correspondences
    ADD CONSTRAINT correspondences_pkey PRIMARY KEY (account_id, author_id, address_id);

ALTER TABLE ONLY public.deal_contacts
    ADD CONSTRAINT deal_contacts_pkey PRIMARY KEY (account_id, deal_id, contact_id);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (account_id, message_id, address);

ALTER TABLE ONLY public.delivery_events
    ADD CONSTRAINT delivery_events_pkey PRIMARY KEY (account_id, message_id, address, evidence, status);

ALTER TABLE ONLY public.folders
    ADD CONSTRAINT folders_name_key UNIQUE (account_id, mailbox_id, name);

ALTER TABLE ONLY public.folders
    ADD CONSTRAINT folders_pkey PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.goose_db_version
    ADD CONSTRAINT goose_db_version_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.indexed_addresses
    ADD CONSTRAINT indexed_addresses_pkey PRIMARY KEY (account_id, hash, author_id, folder_id, uid_validity, uid);

ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (account_id, folder_id, uid_validity, uid);

ALTER TABLE ONLY public.mailbox_leases
    ADD CONSTRAINT mailbox_leases_pkey PRIMARY KEY (account_id, mailbox_id);

ALTER TABLE ONLY public.mailboxes
    ADD CONSTRAINT mailboxes_crm_id_key UNIQUE (account_id, crm_id);

ALTER TABLE ONLY public.mailboxes
    ADD CONSTRAINT mailboxes_pkey PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.message_bodies
    ADD CONSTRAINT message_bodies_pkey PRIMARY KEY (account_id, message_id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_identity_key UNIQUE (account_id, author_id, identity);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.participants
    ADD CONSTRAINT participants_pkey PRIMARY KEY (account_id, author_id, address_id, date, sort_key, message_id);

ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_digest_key UNIQUE (account_id, author_id, digest, n);

ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_pkey PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.river_job
    ADD CONSTRAINT river_job_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.river_leader
    ADD CONSTRAINT river_leader_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.river_migration
    ADD CONSTRAINT river_migration_pkey1 PRIMARY KEY (line, version);

ALTER TABLE ONLY public.river_notification
    ADD CONSTRAINT river_notification_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.river_queue
    ADD CONSTRAINT river_queue_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (account_id, user_id, kind);

ALTER TABLE ONLY public.thread_links
    ADD CONSTRAINT thread_links_pkey PRIMARY KEY (account_id, author_id, hash);

ALTER TABLE ONLY public.threads
    ADD CONSTRAINT threads_pkey PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.user_addresses
    ADD CONSTRAINT user_addresses_pkey PRIMARY KEY (account_id, address_id, user_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_crm_id_key UNIQUE (account_id, crm_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.webhook_receipts
    ADD CONSTRAINT webhook_receipts_pkey PRIMARY KEY (account_id, webhook_id);

ALTER TABLE ONLY public.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (id);

CREATE INDEX addresses_domains ON public.addresses USING gin (domains);

CREATE INDEX card_addresses_address ON public.card_addresses USING btree (account_id, address_id);

CREATE INDEX cards_behind ON public.cards USING btree (account_id, id) WHERE (restamped < epoch);

CREATE INDEX cards_owner ON public.cards USING btree (account_id, owner_id);

CREATE INDEX conversations_address ON public.conversations USING btree (account_id, address_id, author_id);

CREATE INDEX conversations_card ON public.conversations USING btree (account_id, card_id);

CREATE INDEX conversations_share_from ON public.conversations USING btree (account_id, share_from) WHERE (share_from IS NOT NULL);

CREATE INDEX conversations_shared ON public.conversations USING btree (account_id, author_id, address_id) WHERE (share = 'shared'::text);

CREATE INDEX correspondences_address ON public.correspondences USING btree (account_id, address_id);

CREATE INDEX deal_contacts_contact ON public.deal_contacts USING btree (account_id, contact_id);

CREATE INDEX indexed_addresses_ledger ON public.indexed_addresses USING btree (account_id, folder_id, uid_validity, uid);

CREATE INDEX ledger_copies ON public.ledger USING btree (account_id, header_digest, size) WHERE (disposition = 'stored'::text);

CREATE INDEX ledger_message ON public.ledger USING btree (account_id, message_id) WHERE (message_id IS NOT NULL);

CREATE INDEX ledger_wanted ON public.ledger USING btree (account_id, folder_id, uid) WHERE wanted;

CREATE INDEX mailbox_leases_holder ON public.mailbox_leases USING btree (holder);

CREATE INDEX mailboxes_user ON public.mailboxes USING btree (account_id, user_id);

CREATE INDEX messages_header_id ON public.messages USING btree (account_id, author_id, header_id) WHERE (header_id <> ''::text);

CREATE INDEX messages_subject ON public.messages USING btree (account_id, author_id, subject_key, date) WHERE (subject_key IS NOT NULL);

CREATE INDEX messages_thread ON public.messages USING btree (account_id, thread_id);

CREATE INDEX participants_message ON public.participants USING btree (account_id, message_id);

CREATE INDEX reports_envelope ON public.reports USING btree (account_id, author_id, envelope) WHERE (envelope IS NOT NULL);

CREATE INDEX reports_message ON public.reports USING btree (account_id, message_id) WHERE (message_id IS NOT NULL);

CREATE INDEX reports_nameless ON public.reports USING btree (account_id, author_id, at) WHERE ((original IS NULL) AND (envelope IS NULL));

CREATE INDEX reports_original ON public.reports USING btree (account_id, author_id, original) WHERE (original IS NOT NULL);

CREATE INDEX reports_unmatched ON public.reports USING btree (account_id, id) WHERE (message_id IS NULL);

CREATE INDEX river_job_args_index ON public.river_job USING gin (args);

CREATE INDEX river_job_kind ON public.river_job USING btree (kind);

CREATE INDEX river_job_metadata_index ON public.river_job USING gin (metadata);

CREATE INDEX river_job_prioritized_fetching_index ON public.river_job USING btree (state, queue, priority, scheduled_at, id);

CREATE INDEX river_job_state_and_finalized_at_index ON public.river_job USING btree (state, finalized_at) WHERE (finalized_at IS NOT NULL);

CREATE UNIQUE INDEX river_job_unique_idx ON public.river_job USING btree (unique_key) WHERE ((unique_key IS NOT NULL) AND (unique_states IS NOT NULL) AND public.river_job_state_in_bitmask(unique_states, state));

CREATE INDEX river_notification_created_at_idx ON public.river_notification USING btree (created_at);

CREATE INDEX river_notification_topic_id_idx ON public.river_notification USING btree (topic, id);

CREATE INDEX settings_behind ON public.settings USING btree (account_id, user_id, kind) WHERE (restamped < epoch);

CREATE INDEX thread_links_thread ON public.thread_links USING btree (account_id, thread_id);

CREATE INDEX threads_merged ON public.threads USING btree (account_id, merged_into) WHERE (merged_into IS NOT NULL);

CREATE INDEX user_addresses_user ON public.user_addresses USING btree (account_id, user_id);

CREATE TRIGGER audit_log_append_only BEFORE DELETE OR UPDATE ON public.audit_log FOR EACH ROW EXECUTE FUNCTION public.refuse_change();

ALTER TABLE ONLY public.addresses
    ADD CONSTRAINT addresses_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.blocklist_entries
    ADD CONSTRAINT blocklist_entries_account_id_blocklist_id_fkey FOREIGN KEY (account_id, blocklist_id) REFERENCES public.blocklists(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.blocklist_entries
    ADD CONSTRAINT blocklist_entries_account_id_card_id_fkey FOREIGN KEY (account_id, card_id) REFERENCES public.cards(account_id, id);

ALTER TABLE ONLY public.blocklists
    ADD CONSTRAINT blocklists_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.blocklists
    ADD CONSTRAINT blocklists_account_id_user_id_fkey FOREIGN KEY (account_id, user_id) REFERENCES public.users(account_id, id);

ALTER TABLE ONLY public.card_addresses
    ADD CONSTRAINT card_addresses_account_id_address_id_fkey FOREIGN KEY (account_id, address_id) REFERENCES public.addresses(account_id, id);

ALTER TABLE ONLY public.card_addresses
    ADD CONSTRAINT card_addresses_account_id_card_id_fkey FOREIGN KEY (account_id, card_id) REFERENCES public.cards(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.card_audience
    ADD CONSTRAINT card_audience_account_id_card_id_fkey FOREIGN KEY (account_id, card_id) REFERENCES public.cards(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.card_audience
    ADD CONSTRAINT card_audience_account_id_user_id_fkey FOREIGN KEY (account_id, user_id) REFERENCES public.users(account_id, id);

ALTER TABLE ONLY public.card_collaborators
    ADD CONSTRAINT card_collaborators_account_id_card_id_fkey FOREIGN KEY (account_id, card_id) REFERENCES public.cards(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.card_collaborators
    ADD CONSTRAINT card_collaborators_account_id_user_id_fkey FOREIGN KEY (account_id, user_id) REFERENCES public.users(account_id, id);

ALTER TABLE ONLY public.card_owners
    ADD CONSTRAINT card_owners_account_id_card_id_fkey FOREIGN KEY (account_id, card_id) REFERENCES public.cards(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.card_owners
    ADD CONSTRAINT card_owners_account_id_user_id_fkey FOREIGN KEY (account_id, user_id) REFERENCES public.users(account_id, id);

ALTER TABLE ONLY public.cards
    ADD CONSTRAINT cards_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.cards
    ADD CONSTRAINT cards_account_id_owner_id_fkey FOREIGN KEY (account_id, owner_id) REFERENCES public.users(account_id, id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_account_id_address_id_fkey FOREIGN KEY (account_id, address_id) REFERENCES public.addresses(account_id, id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_account_id_author_id_fkey FOREIGN KEY (account_id, author_id) REFERENCES public.users(account_id, id);

ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT conversations_account_id_card_id_fkey FOREIGN KEY (account_id, card_id) REFERENCES public.cards(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.correspondences
    ADD CONSTRAINT correspondences_account_id_address_id_fkey FOREIGN KEY (account_id, address_id) REFERENCES public.addresses(account_id, id);

ALTER TABLE ONLY public.correspondences
    ADD CONSTRAINT correspondences_account_id_author_id_fkey FOREIGN KEY (account_id, author_id) REFERENCES public.users(account_id, id);

ALTER TABLE ONLY public.deal_contacts
    ADD CONSTRAINT deal_contacts_account_id_contact_id_fkey FOREIGN KEY (account_id, contact_id) REFERENCES public.cards(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.deal_contacts
    ADD CONSTRAINT deal_contacts_account_id_deal_id_fkey FOREIGN KEY (account_id, deal_id) REFERENCES public.cards(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_account_id_message_id_fkey FOREIGN KEY (account_id, message_id) REFERENCES public.messages(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.delivery_events
    ADD CONSTRAINT delivery_events_account_id_message_id_address_fkey FOREIGN KEY (account_id, message_id, address) REFERENCES public.deliveries(account_id, message_id, address) ON DELETE CASCADE;

ALTER TABLE ONLY public.folders
    ADD CONSTRAINT folders_account_id_mailbox_id_fkey FOREIGN KEY (account_id, mailbox_id) REFERENCES public.mailboxes(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.indexed_addresses
    ADD CONSTRAINT indexed_addresses_account_id_folder_id_uid_validity_uid_fkey FOREIGN KEY (account_id, folder_id, uid_validity, uid) REFERENCES public.ledger(account_id, folder_id, uid_validity, uid) ON DELETE CASCADE;

ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT ledger_account_id_folder_id_fkey FOREIGN KEY (account_id, folder_id) REFERENCES public.folders(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT ledger_account_id_message_id_fkey FOREIGN KEY (account_id, message_id) REFERENCES public.messages(account_id, id);

ALTER TABLE ONLY public.mailbox_leases
    ADD CONSTRAINT mailbox_leases_account_id_mailbox_id_fkey FOREIGN KEY (account_id, mailbox_id) REFERENCES public.mailboxes(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mailbox_leases
    ADD CONSTRAINT mailbox_leases_holder_fkey FOREIGN KEY (holder) REFERENCES public.workers(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.mailboxes
    ADD CONSTRAINT mailboxes_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.mailboxes
    ADD CONSTRAINT mailboxes_account_id_user_id_fkey FOREIGN KEY (account_id, user_id) REFERENCES public.users(account_id, id);

ALTER TABLE ONLY public.message_bodies
    ADD CONSTRAINT message_bodies_account_id_message_id_fkey FOREIGN KEY (account_id, message_id) REFERENCES public.messages(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_account_id_author_id_fkey FOREIGN KEY (account_id, author_id) REFERENCES public.users(account_id, id);

ALTER TABLE ONLY public.messages
    ADD CONSTRAINT messages_account_id_thread_id_fkey FOREIGN KEY (account_id, thread_id) REFERENCES public.threads(account_id, id);

ALTER TABLE ONLY public.participants
    ADD CONSTRAINT participants_account_id_message_id_fkey FOREIGN KEY (account_id, message_id) REFERENCES public.messages(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_account_id_author_id_fkey FOREIGN KEY (account_id, author_id) REFERENCES public.users(account_id, id);

ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_account_id_message_id_fkey FOREIGN KEY (account_id, message_id) REFERENCES public.messages(account_id, id) ON DELETE SET NULL (message_id);

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_account_id_user_id_fkey FOREIGN KEY (account_id, user_id) REFERENCES public.users(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.thread_links
    ADD CONSTRAINT thread_links_account_id_thread_id_fkey FOREIGN KEY (account_id, thread_id) REFERENCES public.threads(account_id, id);

ALTER TABLE ONLY public.threads
    ADD CONSTRAINT threads_account_id_author_id_fkey FOREIGN KEY (account_id, author_id) REFERENCES public.users(account_id, id);

ALTER TABLE ONLY public.threads
    ADD CONSTRAINT threads_account_id_merged_into_fkey FOREIGN KEY (account_id, merged_into) REFERENCES public.threads(account_id, id);

ALTER TABLE ONLY public.user_addresses
    ADD CONSTRAINT user_addresses_account_id_address_id_fkey FOREIGN KEY (account_id, address_id) REFERENCES public.addresses(account_id, id);

ALTER TABLE ONLY public.user_addresses
    ADD CONSTRAINT user_addresses_account_id_user_id_fkey FOREIGN KEY (account_id, user_id) REFERENCES public.users(account_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE ONLY public.webhook_receipts
    ADD CONSTRAINT webhook_receipts_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);

ALTER TABLE public.addresses ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_log ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.blocklist_entries ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.blocklists ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.card_addresses ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.card_audience ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.card_collaborators ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.card_owners ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.cards ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.conversations ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.correspondences ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.deal_contacts ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.deliveries ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.delivery_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.folders ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.indexed_addresses ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ledger ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mailboxes ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.message_bodies ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.messages ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_account ON public.addresses USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.audit_log USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.blocklist_entries USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.blocklists USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.card_addresses USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.card_audience USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.card_collaborators USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.card_owners USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.cards USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.conversations USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.correspondences USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.deal_contacts USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.deliveries USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.delivery_events USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.folders USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.indexed_addresses USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.ledger USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.mailboxes USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.message_bodies USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.messages USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.participants USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.reports USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.settings USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.thread_links USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.threads USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.user_addresses USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.users USING ((account_id = ( SELECT public.current_account() AS current_account)));

CREATE POLICY own_account ON public.webhook_receipts USING ((account_id = ( SELECT public.current_account() AS current_account)));

ALTER TABLE public.participants ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.reports ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.settings ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.thread_links ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.threads ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.user_addresses ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.webhook_receipts ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA public TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.card_audience TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.card_collaborators TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.cards TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.addresses TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.blocklist_entries TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.blocklists TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.card_addresses TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.deal_contacts TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.card_holds TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.user_addresses TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.conversations TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.accounts TO mailstamp_app;

GRANT SELECT,INSERT ON TABLE public.audit_log TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.card_owners TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.card_reach TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.users TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.card_viewers TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.settings TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.conversation_facts TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.correspondences TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.deliveries TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.delivery_events TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.folders TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.goose_db_version TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.granted_conversations TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.indexed_addresses TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ledger TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.mailbox_leases TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.mailboxes TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.message_bodies TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.messages TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.participants TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reports TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.river_job TO mailstamp_app;

GRANT SELECT,USAGE ON SEQUENCE public.river_job_id_seq TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.river_leader TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.river_migration TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.river_notification TO mailstamp_app;

GRANT SELECT,USAGE ON SEQUENCE public.river_notification_id_seq TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.river_queue TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.thread_links TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.threads TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_receipts TO mailstamp_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.workers TO mailstamp_app;

ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT,USAGE ON SEQUENCES  TO mailstamp_app;

ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT,INSERT,DELETE,UPDATE ON TABLES  TO mailstamp_app;


