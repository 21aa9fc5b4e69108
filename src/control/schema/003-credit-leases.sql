-- What nodes have taken of a key's credits to spend on their own, without asking for each one.
--
-- A key's credits are `remaining` plus what nodes have left of their leases. `remaining` is below 0
-- where somebody took credits away that a node had leased: what that node gives back pays for it,
-- and with the last lease the rest is forgiven.
--
-- Every statement that moves credits locks the key's row in key_credits first.

create table latchkey.nodes (
  id text collate "C" primary key,
  -- The machine, for people.
  name text not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);

create table latchkey.credit_leases (
  key_id text collate "C" not null references latchkey.key_credits (key_id) on delete cascade,
  node_id text collate "C" not null references latchkey.nodes (id) on delete cascade,
  -- What the node had when it leased last: what it has now is not more.
  outstanding bigint not null check (outstanding >= 0),
  -- The last grant: what was added then, and its mark in the node's table. With both, a node that
  -- was killed between the commit and its table does it again, and does it once.
  amount bigint not null check (amount >= 0),
  mark smallint not null,
  primary key (key_id, node_id)
);
create index credit_leases_of_node on latchkey.credit_leases (node_id);

alter table latchkey.key_credits
  drop constraint key_credits_remaining_check,
  -- When the key is refilled next. Null with a refill: to be reckoned from now on.
  add column refill_due_ms bigint;
create index key_credits_refill on latchkey.key_credits (coalesce(refill_due_ms, 0))
  where refill_amount is not null;

-- A node that has not been seen for this long is not waited for.
create function latchkey.is_live(seen_at timestamptz) returns boolean language sql stable
  return seen_at > now() - interval '10 seconds';

-- What live nodes may still have of a key, and at most have.
create function latchkey.leased_credits(key text) returns bigint language sql stable
  return (
    select coalesce(sum(l.outstanding), 0)::bigint
    from latchkey.credit_leases l join latchkey.nodes n on n.id = l.node_id
    where l.key_id = key and latchkey.is_live(n.seen_at));

-- Spends and leases credits of many keys. `asks` is an array of objects, one for each key:
--   key_id
--   needs: what the calls that wait would spend, added up from the cheapest; as many are served as
--     there are credits for
--   extra: what to lease on top; at most a quarter of what is left, and nothing while there is too
--     little for a call, so that the last credits stay where every node can reach them
--   mark, outstanding: of the lease if there is one then, see credit_leases
--   is_leased: whether the node has a lease
-- One row for each key. state: `open`; `busy`, somebody else is changing it and nothing was done;
-- `revoked`, the node's lease is not there any more and nothing was done; `unlimited`.
--
-- A function, because its second statement must see what was committed before the first had its
-- locks, and because it is one round trip then: in a transaction of statements it was four.
create function latchkey.lease_credits(node text, asks jsonb)
returns table (
  key_id text, state text, spent bigint, leased bigint, unleased bigint, is_elsewhere boolean
)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  locked text[];
begin
  select array_agg(c.key_id) into locked from (
    select key_id from latchkey.key_credits
    where key_id in (select ask->>'key_id' from jsonb_array_elements(asks) ask)
    order by key_id for no key update skip locked) c;
  return query
  with ask as (
    select * from jsonb_to_recordset(asks) as a (
      key_id text, needs bigint[], extra bigint, mark smallint, outstanding bigint,
      is_leased boolean)
  ), found as (
    select a.*, c.remaining,
      case when c.key_id is null then 'unlimited'
        when c.key_id = any(locked) is not true then 'busy'
        when a.is_leased and l.key_id is null then 'revoked'
        else 'open' end as state,
      (select coalesce(max(need), 0) from unnest(a.needs) need
        where need <= c.remaining) as spent,
      (select coalesce(max(need), 0) from unnest(a.needs) need) as asked
    from ask a
    left join latchkey.key_credits c on c.key_id = a.key_id
    left join latchkey.credit_leases l on l.key_id = a.key_id and l.node_id = node
  ), sized as (
    select f.*, case
      when f.spent = f.asked then least(f.extra, greatest(f.remaining - f.spent, 0) / 4)
      else 0 end as leased
    from found f where f.state = 'open'
  ), taken as (
    update latchkey.key_credits c set remaining = c.remaining - s.spent - s.leased
    from sized s where c.key_id = s.key_id and s.spent + s.leased > 0
    returning c.key_id
  ), noted as (
    insert into latchkey.credit_leases (key_id, node_id, outstanding, amount, mark)
    select s.key_id, node, s.outstanding + s.leased, s.leased, s.mark
    from sized s where s.leased > 0
    on conflict (key_id, node_id) do update set
      outstanding = excluded.outstanding, amount = excluded.amount, mark = excluded.mark
    returning key_id
  )
  select f.key_id, f.state, coalesce(s.spent, 0), coalesce(s.leased, 0),
    coalesce(f.remaining - s.spent - s.leased, f.remaining, 0),
    exists (
      select from latchkey.credit_leases l join latchkey.nodes n on n.id = l.node_id
      where l.key_id = f.key_id and l.node_id <> node and latchkey.is_live(n.seen_at))
  from found f left join sized s on s.key_id = f.key_id;
end $$;

-- Gives back what a node has left, and ends its leases. `returns` is an array of objects: key_id,
-- and what is left. A lease whose row is gone was revoked: what is left of it is worth nothing.
-- One row for each key: whether it is done, or somebody else is changing that key.
create function latchkey.return_credits(node text, returns jsonb)
returns table (key_id text, is_done boolean)
language plpgsql volatile as $$
#variable_conflict use_column
declare
  locked text[];
begin
  select array_agg(c.key_id) into locked from (
    select key_id from latchkey.key_credits
    where key_id in (select back->>'key_id' from jsonb_array_elements(returns) back)
    order by key_id for no key update skip locked) c;
  return query
  with back as (
    select * from jsonb_to_recordset(returns) as b (key_id text, remainder bigint)
  ), ended as (
    delete from latchkey.credit_leases l
    where l.node_id = node and l.key_id = any(locked)
    returning l.key_id
  ), paid as (
    update latchkey.key_credits c
    set remaining = case
      when exists (select from latchkey.credit_leases l
        where l.key_id = c.key_id and l.node_id <> node) then c.remaining + b.remainder
      else greatest(c.remaining + b.remainder, 0) end
    from back b join ended e on e.key_id = b.key_id
    where c.key_id = b.key_id and (b.remainder > 0 or c.remaining < 0)
    returning c.key_id
  )
  select b.key_id, b.key_id = any(locked) is true
    or not exists (select from latchkey.key_credits c where c.key_id = b.key_id)
  from back b;
end $$;
