import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRawTimeWithInstants } from '../../src/analytics/raw-time.ts';

const wrapped = (text: string) =>
  `if(toTypeName(${text}) LIKE '%Date%', ` +
  `toUnixTimestamp64Milli(toDateTime64(${text}, 3)), toInt64(${text}))`;

test('the other side of a comparison with time is made milliseconds where it is an instant', () => {
  const week = 'minus(now(), toIntervalDay(7))';
  assert.equal(
    compareRawTimeWithInstants(`SELECT 1 FROM t WHERE greaterOrEquals(time, ${week})`),
    `SELECT 1 FROM t WHERE greaterOrEquals(time, ${wrapped(week)})`,
  );
  assert.equal(
    compareRawTimeWithInstants(`less(${week}, t.\`time\`)`),
    `less(${wrapped(week)}, t.\`time\`)`,
  );
  assert.equal(
    compareRawTimeWithInstants('and(less(x.time, now()), equals(time, toDateTime(5)))'),
    `and(less(x.time, ${wrapped('now()')}), equals(time, ${wrapped('toDateTime(5)')}))`,
  );
});

test('everything else stays as it is', () => {
  for (const text of [
    'greater(time, 1700000000000)',
    'greater(count, now())',
    'greater(timestamp, now())',
    'greater(plus(time, 1), now())',
    'notEquals(time)',
    "equals(name, 'greater(time, now())')",
    'equals(`greater(time, now())`, 5)',
    "SELECT 'it''s \\' (', `a``b` FROM t",
    'greater(time, now()',
  ]) {
    assert.equal(compareRawTimeWithInstants(text), text);
  }
});

test('a comparison inside of another one is found too', () => {
  assert.equal(
    compareRawTimeWithInstants('equals(less(time, now()), 1)'),
    `equals(less(time, ${wrapped('now()')}), 1)`,
  );
});
