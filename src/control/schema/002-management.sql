-- What only management needs: migrations, secrets kept encrypted, and the record of every change.

-- Where imported keys come from and how they were hashed there.
create table latchkey.key_migrations (
  id text collate "C" primary key,
  workspace_id text collate "C" not null references latchkey.workspaces (id),
  name text,
  hash_kind smallint not null,
  -- The secret of a keyed hash, encrypted under the master key that is named beside it.
  pepper bytea,
  pepper_master_key text,
  created_at_ms bigint not null,
  check ((pepper is null) = (pepper_master_key is null))
);
create index key_migrations_of_workspace on latchkey.key_migrations (workspace_id, id);
select latchkey.follow('latchkey.key_migrations', 'migration', 'id');
-- Whether a workspace has imported keys is part of its document.
select latchkey.follow('latchkey.key_migrations', 'workspace', 'workspace_id');

-- The keys under which a workspace's recoverable keys are encrypted; of several the youngest is in
-- use, the others decrypt. Each is itself encrypted under the master key that is named beside it.
create table latchkey.data_keys (
  id text collate "C" primary key,
  workspace_id text collate "C" not null references latchkey.workspaces (id),
  wrapped bytea not null,
  master_key text not null,
  created_at_ms bigint not null
);
create index data_keys_of_workspace on latchkey.data_keys (workspace_id, created_at_ms, id);

create table latchkey.encrypted_keys (
  key_id text collate "C" primary key references latchkey.keys (id) on delete cascade,
  data_key_id text collate "C" not null references latchkey.data_keys (id),
  ciphertext bytea not null
);

-- One row for each change of one thing, written in the transaction of the change. No foreign keys:
-- the record outlives what it is about.
create table latchkey.audit_events (
  workspace_id text collate "C" not null,
  occurred_at_ms bigint not null,
  -- Tells apart what happened in the same millisecond.
  position bigint generated always as identity,
  id text collate "C" not null,
  action text not null,
  -- The root key that asked, or where a change without one came from.
  actor text not null,
  -- The same for all events of one call.
  request_id text collate "C" not null,
  address text not null,
  user_agent text not null,
  summary text not null,
  -- JSON texts; not of type json, because nothing is ever looked for inside.
  resources text not null,
  before text,
  after text,
  resource_ids text[] not null,
  primary key (workspace_id, occurred_at_ms, position)
);
create index audit_events_of_resource on latchkey.audit_events using gin (resource_ids);
