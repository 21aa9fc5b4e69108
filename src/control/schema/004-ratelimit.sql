-- Namespaces of rate limits and their overrides. The counters themselves are in no database: each
-- node counts in memory that its processes share.

create table latchkey.ratelimit_namespaces (
  id text collate "C" primary key,
  workspace_id text collate "C" not null references latchkey.workspaces (id),
  name text collate "C" not null,
  created_at_ms bigint not null,
  -- A deleted namespace keeps its name: who asks for it learns that it is gone.
  deleted_at_ms bigint,
  unique (workspace_id, name)
);

create table latchkey.ratelimit_overrides (
  id text collate "C" primary key,
  namespace_id text collate "C" not null
    references latchkey.ratelimit_namespaces (id) on delete cascade,
  -- `*` stands for any characters.
  identifier text collate "C" not null,
  limit_count bigint not null check (limit_count >= 0),
  duration_ms bigint not null check (duration_ms >= 1000),
  created_at_ms bigint not null,
  updated_at_ms bigint,
  unique (namespace_id, identifier)
);
create index ratelimit_overrides_of_namespace on latchkey.ratelimit_overrides (namespace_id, id);

-- A namespace and its overrides are one document.
select latchkey.follow('latchkey.ratelimit_namespaces', 'namespace', 'id');
select latchkey.follow('latchkey.ratelimit_overrides', 'namespace', 'namespace_id');
