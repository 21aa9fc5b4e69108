-- Most changes of a key are of its row alone: a node then reads no more than that again, and not
-- the key's links, limits and credits, each in a page of its own somewhere else.
alter table latchkey.changes add column row_only boolean not null default false;

create function latchkey.note_key_rows() returns trigger language plpgsql as $$
begin
  insert into latchkey.changes (entity, id, row_only) select 'key', id, true from changed_rows;
  if found then
    perform pg_notify('latchkey_changes', '');
  end if;
  return null;
end $$;
drop trigger note_key_update on latchkey.keys;
create trigger note_key_update after update on latchkey.keys
  referencing new table as changed_rows
  for each statement execute function latchkey.note_key_rows();
