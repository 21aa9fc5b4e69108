/** A ready question about usage, as SQL over the roll-ups. */
import type { UsageBody, UsageGranularity, UsageGroup } from '../contract/analytics.ts';
import { usageTopDefault } from '../contract/analytics.ts';
import { stringLiteral } from './ask-clickhouse.ts';

export type UsageQuestion = {
  fromMs: number;
  toMs: number;
  granularity: UsageGranularity;
  groupBy: UsageGroup;
  top: number;
  /** One row: count, credits, and the counts by outcome. */
  totalSql: string;
  /** The same for each group, with its name; the highest counts first. */
  groupsSql: string;
  /** Rows: time in ms, group, count; of these groups only. */
  seriesSql(groups: readonly string[]): string;
};

const bucketMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000, month: 2_678_400_000 };
const bucketCountWanted = 100;

/** Buckets times groups: a long range wants longer buckets, or fewer groups. */
export const seriesLengthMax = 10_000;

const groupColumns: Record<UsageGroup, string> = {
  outcome: 'outcome',
  key: 'key_id',
  identity: 'external_id',
  tag: "arrayJoin(if(empty(tags), [''], tags))",
  api: 'key_space_id',
};

const sums =
  'sum(count) AS n, sum(spent_credits) AS credits, sumMap(map(outcome, count)) AS outcomes';

export function usageQuestion(
  body: UsageBody,
  { nowMs, keyspaceId }: { nowMs: number; keyspaceId: string | undefined },
): UsageQuestion {
  const toMs = body.to ?? nowMs;
  const granularity = body.granularity ?? granularityFor(toMs - body.from);
  const fromMs = bucketStart(body.from, granularity);
  const groupBy = body.groupBy ?? 'outcome';
  const top = body.top ?? usageTopDefault;
  const range = [
    ...[`time >= ${bound(fromMs, granularity)}`, `time < ${bound(toMs, granularity)}`],
    ...conditions(body, keyspaceId),
  ].join(' AND ');
  const table = `key_verifications_per_${granularity}_v1`;
  const column = groupColumns[groupBy];
  return {
    ...{ fromMs, toMs, granularity, groupBy, top },
    totalSql: `SELECT ${sums} FROM ${table} WHERE ${range}`,
    groupsSql: `SELECT ${column} AS name, ${sums} FROM ${table} WHERE ${range}
      GROUP BY name ORDER BY n DESC, name LIMIT ${top}`,
    seriesSql: (groups) => `SELECT toUnixTimestamp(toDateTime(time)) * 1000 AS at,
        ${column} AS name, sum(count) AS n
      FROM ${table} WHERE ${range} AND name IN (${groups.map(stringLiteral).join(', ')})
      GROUP BY at, name ORDER BY at, name`,
  };
}

export function seriesLength({ fromMs, toMs, granularity, top }: UsageQuestion): number {
  return Math.ceil((toMs - fromMs) / bucketMs[granularity]) * top;
}

function granularityFor(rangeMs: number): UsageGranularity {
  const fits = (one: UsageGranularity) => rangeMs / bucketMs[one] <= bucketCountWanted;
  return (['minute', 'hour', 'day'] as const).find(fits) ?? 'month';
}

function bucketStart(atMs: number, granularity: UsageGranularity): number {
  if (granularity !== 'month') return atMs - (atMs % bucketMs[granularity]);
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth());
}

/** The end of the range is rarely the start of a bucket: the bucket that holds it counts. */
function bound(atMs: number, granularity: UsageGranularity): string {
  const instant = `toDateTime(${Math.ceil(atMs / 1000)}, 'UTC')`;
  return granularity === 'minute' || granularity === 'hour' ? instant : dateBound(instant, atMs);
}

function dateBound(instant: string, atMs: number): string {
  return atMs % bucketMs.day === 0 ? `toDate(${instant})` : `toDate(${instant}) + 1`;
}

function conditions(body: UsageBody, keyspaceId: string | undefined): string[] {
  const { refusedOnly, apiId, keyId, externalId, tag } = body;
  return [
    ...(refusedOnly ? ["outcome != 'VALID'"] : []),
    ...(apiId === undefined ? [] : [`key_space_id = ${stringLiteral(keyspaceId ?? '\\0')}`]),
    ...(keyId === undefined ? [] : [`key_id = ${stringLiteral(keyId)}`]),
    ...(externalId === undefined ? [] : [`external_id = ${stringLiteral(externalId)}`]),
    ...(tag === undefined ? [] : [`has(tags, ${stringLiteral(tag)})`]),
  ];
}
