-- When keys were last used, as ClickHouse has counted it. Apart from the keys: no node follows it.
create table latchkey.key_last_used (
  key_id text collate "C" primary key references latchkey.keys (id) on delete cascade,
  last_used_at_ms bigint not null
);

-- How far ClickHouse has been read: its own clock, Unix seconds.
create table latchkey.last_used_progress (
  only_row boolean primary key default true check (only_row),
  noted_until bigint not null default 0
);
insert into latchkey.last_used_progress default values;
