/**
 * Leases of credits, as Postgres sees them: the statements by which a node takes, renews and gives
 * back, and by which a change of a key's credits ends the leases that were cut from them. What a
 * node does in which order stands in src/limits/credit-table.ts.
 */
import type { Database, Queryable, Transaction } from '../lib/database.ts';

/**
 * What nodes say to each other by NOTIFY: `recall <key id>`: whoever has leased of this key gives
 * back what is left; `changed`: a key's credits were changed by other means than spending.
 */
export const creditsChannel = 'latchkey_credits';

/** See latchkey.lease_credits. */
export type LeaseAsk = {
  keyId: string;
  needs: readonly number[];
  extra: number;
  mark: number;
  outstanding: number;
  isLeased: boolean;
};

export type LeaseState = 'open' | 'busy' | 'revoked' | 'unlimited';

export type Leased = {
  keyId: string;
  state: LeaseState;
  /** The largest of the needs that there were credits for; it is spent. */
  spent: number;
  /** Beyond that, for the node's table. */
  leased: number;
  /** What is left in Postgres; below 0 see 003-credit-leases.sql. */
  unleased: number;
  /** Whether other live nodes have leases of this key. */
  isElsewhere: boolean;
};

/** Spends and leases for many keys in one round trip. Waits for no lock. */
export async function leaseCredits(
  database: Queryable,
  nodeId: string,
  asks: readonly LeaseAsk[],
): Promise<Leased[]> {
  const rows = asks.map((ask) => ({
    key_id: ask.keyId,
    needs: ask.needs,
    extra: ask.extra,
    mark: ask.mark,
    outstanding: ask.outstanding,
    is_leased: ask.isLeased,
  }));
  return database<Leased[]>`
    select key_id as "keyId", state, spent, leased, unleased, is_elsewhere as "isElsewhere"
    from latchkey.lease_credits(${nodeId}, ${JSON.stringify(rows)}::text::jsonb)`;
}

export type Return = { keyId: string; left: number };

/** The keys whose leases are ended now; the others are being changed by somebody: try again. */
export async function returnCredits(
  database: Queryable,
  nodeId: string,
  returns: readonly Return[],
): Promise<Set<string>> {
  const rows = returns.map(({ keyId, left }) => ({ key_id: keyId, remainder: left }));
  const done = await database<{ keyId: string }[]>`
    select key_id as "keyId"
    from latchkey.return_credits(${nodeId}, ${JSON.stringify(rows)}::text::jsonb) where is_done`;
  return new Set(done.map((row) => row.keyId));
}

export type OwnLease = { keyId: string; amount: number; mark: number };

export async function readOwnLeases(database: Queryable, nodeId: string): Promise<OwnLease[]> {
  return database<OwnLease[]>`
    select key_id as "keyId", amount, mark from latchkey.credit_leases where node_id = ${nodeId}`;
}

/** Asks every node to give back what it has left of these keys. */
export async function recallCredits(database: Queryable, keyIds: readonly string[]): Promise<void> {
  await database`
    select pg_notify(${creditsChannel}, 'recall ' || key_id)
    from unnest(${keyIds as string[]}::text[]) key_id`;
}

/** Those of the keys of which other live nodes have leases. */
export async function leasedElsewhere(
  database: Queryable,
  nodeId: string,
  keyIds: readonly string[],
): Promise<string[]> {
  const rows = await database<{ keyId: string }[]>`
    select distinct l.key_id as "keyId"
    from latchkey.credit_leases l join latchkey.nodes n on n.id = l.node_id
    where l.key_id = any(${keyIds as string[]}) and l.node_id <> ${nodeId}
      and latchkey.is_live(n.seen_at)`;
  return rows.map((row) => row.keyId);
}

/**
 * Ends all leases of a key, because its credits are being set anew: what nodes have left of them is
 * worth nothing from the commit on. To be called after the key's row in key_credits was locked or
 * written. Nodes hear of it with the commit; see CreditBank for what they do until then.
 */
export async function revokeLeases(transaction: Transaction, keyId: string): Promise<void> {
  await transaction`delete from latchkey.credit_leases where key_id = ${keyId}`;
  await announceChange(transaction);
}

/** With the commit, every node forgets what it took to be left of a key, and looks again. */
export async function announceChange(transaction: Transaction): Promise<void> {
  await transaction`select pg_notify(${creditsChannel}, 'changed')`;
}

/** Says that the node lives. */
export async function beat(
  database: Queryable,
  { nodeId, name }: { nodeId: string; name: string },
): Promise<void> {
  await database`
    insert into latchkey.nodes (id, name) values (${nodeId}, ${name})
    on conflict (id) do update set seen_at = now(), name = excluded.name`;
}

/** A node that stops leaves its row only as long as it has leases that it could not give back. */
export async function signOff(database: Queryable, nodeId: string): Promise<void> {
  await database`
    delete from latchkey.nodes n where n.id = ${nodeId}
      and not exists (select from latchkey.credit_leases l where l.node_id = n.id)`;
}

export type NodeRow = {
  nodeId: string;
  name: string;
  seenAt: Date;
  isLive: boolean;
  leasedKeyCount: number;
  /** What it had when it leased last: the most that is lost if it never comes back. */
  outstanding: number;
};

export async function listNodes(database: Queryable): Promise<NodeRow[]> {
  return database<NodeRow[]>`
    select n.id as "nodeId", n.name, n.seen_at as "seenAt",
      latchkey.is_live(n.seen_at) as "isLive", count(l.key_id)::int as "leasedKeyCount",
      coalesce(sum(l.outstanding), 0)::bigint as outstanding
    from latchkey.nodes n left join latchkey.credit_leases l on l.node_id = n.id
    group by n.id order by n.seen_at desc, n.id`;
}

/**
 * Writes a node off that will not come back: what it had leased counts as spent from now on, also
 * if it comes back after all. False if no such node is known.
 */
export async function forgetNode(database: Database, nodeId: string): Promise<boolean> {
  return database.begin(async (transaction) => {
    await transaction`
      select from latchkey.key_credits where key_id in (
        select key_id from latchkey.credit_leases where node_id = ${nodeId})
      order by key_id for no key update`;
    const forgotten = await transaction`delete from latchkey.nodes where id = ${nodeId}`;
    await transaction`
      update latchkey.key_credits c set remaining = 0 where remaining < 0
        and not exists (select from latchkey.credit_leases l where l.key_id = c.key_id)`;
    await announceChange(transaction);
    return forgotten.count === 1;
  });
}
