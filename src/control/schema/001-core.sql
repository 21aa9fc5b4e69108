-- The truth about workspaces, APIs, keys and whatever hangs on them, and the change log that every
-- node follows. Instants are Unix milliseconds in bigint: what the API speaks, without conversion.
-- Ids are compared byte by byte ("C"): pages are ordered by them, whatever the server's locale.

-- Text as comparisons without regard to case see it. The server's own locale does not decide: in
-- "C" it would tell É from é, in a Turkish one I from i.
create function latchkey.fold(words text) returns text language sql immutable parallel safe
  return lower(words collate "und-x-icu");

create table latchkey.instance (
  only_row boolean primary key default true check (only_row),
  -- Tells a node that this is the database it has copied, and not another with the same name.
  instance_id uuid not null default gen_random_uuid(),
  -- Every change with a transaction id below this one is gone from the change log.
  changes_pruned_below xid8 not null default '0'
);
insert into latchkey.instance default values;

create table latchkey.workspaces (
  id text collate "C" primary key,
  name text not null,
  enabled boolean not null default true,
  requests_per_minute_max integer check (requests_per_minute_max >= 0),
  log_retention_days integer not null default 30 check (log_retention_days > 0),
  audit_retention_days integer not null default 90 check (audit_retention_days > 0),
  created_at_ms bigint not null,
  deleted_at_ms bigint
);

create table latchkey.root_keys (
  id text collate "C" primary key,
  workspace_id text collate "C" not null references latchkey.workspaces (id),
  hash bytea not null unique,
  start text not null,
  name text,
  permissions text[] not null,
  enabled boolean not null default true,
  expires_at_ms bigint,
  created_at_ms bigint not null,
  updated_at_ms bigint,
  deleted_at_ms bigint
);
create index root_keys_by_id on latchkey.root_keys (workspace_id, id) where deleted_at_ms is null;

-- An API and its keyspace are one row: neither exists without the other.
create table latchkey.apis (
  id text collate "C" primary key,
  workspace_id text collate "C" not null references latchkey.workspaces (id),
  keyspace_id text collate "C" not null unique,
  name text not null,
  allowed_addresses text not null default '',
  delete_protection boolean not null default false,
  store_encrypted_keys boolean not null default false,
  default_prefix text check (length(default_prefix) <= 8),
  default_bytes integer check (default_bytes between 16 and 255),
  key_checksum boolean not null default false,
  created_at_ms bigint not null,
  updated_at_ms bigint,
  deleted_at_ms bigint
);
create index apis_by_id on latchkey.apis (workspace_id, id) where deleted_at_ms is null;

create table latchkey.identities (
  id text collate "C" primary key,
  workspace_id text collate "C" not null references latchkey.workspaces (id),
  external_id text collate "C" not null,
  meta text,
  created_at_ms bigint not null,
  updated_at_ms bigint,
  deleted_at_ms bigint
);
create unique index identities_live_external_id
  on latchkey.identities (workspace_id, external_id) where deleted_at_ms is null;
create index identities_by_id on latchkey.identities (workspace_id, id)
  where deleted_at_ms is null;

create table latchkey.keys (
  id text collate "C" primary key,
  workspace_id text collate "C" not null references latchkey.workspaces (id),
  api_id text collate "C" not null references latchkey.apis (id),
  -- SHA-256 of the whole key; of a key imported under another algorithm, that algorithm's hash
  -- until its first use. The two never meet: hash_kind is part of the look-up, and its numbers are
  -- the positions in src/domain/hash-algorithms.ts.
  hash bytea not null,
  hash_kind smallint not null default 0,
  start text not null,
  name text,
  identity_id text collate "C" references latchkey.identities (id),
  meta text,
  enabled boolean not null default true,
  expires_at_ms bigint,
  migration_id text collate "C",
  created_at_ms bigint not null,
  updated_at_ms bigint,
  deleted_at_ms bigint,
  unique (hash, hash_kind)
)
-- Room in each page for a changed row, so that no index has to be changed with it.
with (fillfactor = 85);
create index keys_of_api on latchkey.keys (api_id, id) where deleted_at_ms is null;
create index keys_of_identity on latchkey.keys (identity_id, id) where identity_id is not null;

-- Apart from the key, because it changes with every lease and a node only needs to know that it is
-- there.
create table latchkey.key_credits (
  key_id text collate "C" primary key references latchkey.keys (id) on delete cascade,
  remaining bigint not null check (remaining >= 0),
  refill_amount bigint check (refill_amount > 0),
  refill_day smallint check (refill_day between 1 and 31),
  refilled_at_ms bigint,
  check (refill_day is null or refill_amount is not null)
);

create table latchkey.ratelimits (
  id text collate "C" primary key,
  key_id text collate "C" references latchkey.keys (id) on delete cascade,
  identity_id text collate "C" references latchkey.identities (id) on delete cascade,
  name text not null,
  limit_count bigint not null check (limit_count >= 1),
  duration_ms bigint not null check (duration_ms >= 1000),
  auto_apply boolean not null,
  check ((key_id is null) <> (identity_id is null)),
  unique (key_id, name),
  unique (identity_id, name)
);

create table latchkey.permissions (
  id text collate "C" primary key,
  workspace_id text collate "C" not null references latchkey.workspaces (id),
  name text not null,
  slug text collate "C" not null,
  description text,
  created_at_ms bigint not null
);
create unique index permissions_slug on latchkey.permissions (workspace_id, latchkey.fold(slug));
create index permissions_by_id on latchkey.permissions (workspace_id, id);

create table latchkey.roles (
  id text collate "C" primary key,
  workspace_id text collate "C" not null references latchkey.workspaces (id),
  name text collate "C" not null,
  description text,
  created_at_ms bigint not null
);
create unique index roles_name on latchkey.roles (workspace_id, latchkey.fold(name));
create index roles_by_id on latchkey.roles (workspace_id, id);

-- No foreign key to permissions or roles: deleting one that a million keys hold is one row, and
-- the links that it leaves behind are invisible to every join.
create table latchkey.key_permissions (
  key_id text collate "C" not null references latchkey.keys (id) on delete cascade,
  permission_id text collate "C" not null,
  primary key (key_id, permission_id)
);
create table latchkey.key_roles (
  key_id text collate "C" not null references latchkey.keys (id) on delete cascade,
  role_id text collate "C" not null,
  primary key (key_id, role_id)
);
create table latchkey.role_permissions (
  role_id text collate "C" not null references latchkey.roles (id) on delete cascade,
  permission_id text collate "C" not null,
  primary key (role_id, permission_id)
);

-- The change log. A reader remembers the snapshot it has applied and asks for what is visible now
-- and was not then, so a transaction that commits late is never missed, whatever its number.
create table latchkey.changes (
  xid xid8 not null default pg_current_xact_id(),
  entity text not null,
  id text collate "C" not null,
  logged_at timestamptz not null default now()
);
create index changes_xid on latchkey.changes (xid);
create index changes_logged_at on latchkey.changes using brin (logged_at);

-- Statement level with a transition table: a bulk load of a million rows is one insert here. Each
-- table has a function of its own, whose statement is planned once in a session: with one function
-- for all, and the statement put together at each call, a trigger took 0.35 ms, and not 0.15.
create function latchkey.follow(source regclass, entity text, id_column text) returns void
language plpgsql as $$
declare
  event text;
  note text := format('latchkey.%I', 'note_' || replace(source::text, '.', '_') || '_' || entity);
begin
  execute format(
    'create function %s() returns trigger language plpgsql as $body$
     begin
       insert into latchkey.changes (entity, id)
         select distinct %L, %I from changed_rows where %I is not null;
       if found then
         perform pg_notify(''latchkey_changes'', '''');
       end if;
       return null;
     end $body$',
    note, entity, id_column, id_column);
  foreach event in array array['insert', 'update', 'delete'] loop
    -- Of the credits only their coming and going matters to a node.
    continue when source = 'latchkey.key_credits'::regclass and event = 'update';
    execute format(
      'create trigger %I after %s on %s referencing %s table as changed_rows
         for each statement execute function %s()',
      'note_' || entity || '_' || event, event, source,
      case event when 'delete' then 'old' else 'new' end, note);
  end loop;
end $$;

select latchkey.follow('latchkey.workspaces', 'workspace', 'id');
select latchkey.follow('latchkey.root_keys', 'rootKey', 'id');
select latchkey.follow('latchkey.apis', 'api', 'id');
select latchkey.follow('latchkey.identities', 'identity', 'id');
select latchkey.follow('latchkey.keys', 'key', 'id');
select latchkey.follow('latchkey.permissions', 'permission', 'id');
select latchkey.follow('latchkey.roles', 'role', 'id');
select latchkey.follow('latchkey.key_permissions', 'key', 'key_id');
select latchkey.follow('latchkey.key_roles', 'key', 'key_id');
select latchkey.follow('latchkey.role_permissions', 'role', 'role_id');
select latchkey.follow('latchkey.ratelimits', 'key', 'key_id');
select latchkey.follow('latchkey.ratelimits', 'identity', 'identity_id');
select latchkey.follow('latchkey.key_credits', 'key', 'key_id');

-- A node knows a key by its hash alone: it has to be told of a hash that no longer leads anywhere.
create function latchkey.note_lost_hash() returns trigger language plpgsql as $$
begin
  insert into latchkey.changes (entity, id)
    values ('keyHash', old.hash_kind || ':' || encode(old.hash, 'hex'));
  perform pg_notify('latchkey_changes', '');
  return null;
end $$;
create trigger note_lost_hash after update of hash, hash_kind on latchkey.keys
  for each row when (old.hash <> new.hash or old.hash_kind <> new.hash_kind)
  execute function latchkey.note_lost_hash();
create trigger note_deleted_hash after delete on latchkey.keys
  for each row execute function latchkey.note_lost_hash();
