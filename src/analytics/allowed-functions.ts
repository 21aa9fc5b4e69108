/** The functions of the contract, and what operators are called in ClickHouse's syntax tree. */

const aggregates = [
  ...['count', 'sum', 'avg', 'min', 'max', 'any', 'groupArray', 'groupUniqArray'],
  ...['uniq', 'uniqExact', 'quantile'],
];

const functions = [
  ...aggregates,
  // count(DISTINCT x) and its like.
  ...aggregates.map((name) => `${name}Distinct`),
  ...['now', 'now64', 'today', 'toDate', 'toDateTime', 'toDateTime64', 'toStartOfDay'],
  ...['toStartOfWeek', 'toStartOfMonth', 'toStartOfQuarter', 'toStartOfYear', 'toStartOfHour'],
  ...['toStartOfMinute', 'date_trunc', 'formatDateTime', 'fromUnixTimestamp64Milli'],
  ...['toUnixTimestamp64Milli', 'toIntervalDay', 'toIntervalWeek', 'toIntervalMonth'],
  ...['toIntervalYear', 'toIntervalHour', 'toIntervalMinute', 'toIntervalSecond'],
  ...['toIntervalMillisecond', 'toIntervalMicrosecond', 'toIntervalNanosecond'],
  'toIntervalQuarter',
  ...['lower', 'upper', 'substring', 'concat', 'length', 'trim', 'startsWith', 'endsWith'],
  'JSONExtractString',
  ...['round', 'floor', 'ceil', 'abs'],
  ...['if', 'sumIf', 'case', 'coalesce', 'countIf'],
  ...['toString', 'toInt32', 'toInt64', 'toFloat64'],
  ...['has', 'hasAny', 'hasAll', 'arrayJoin', 'arrayFilter'],
];

const operators = [
  ...['plus', 'minus', 'multiply', 'divide', 'modulo', 'intDiv', 'negate'],
  ...['equals', 'notEquals', 'less', 'greater', 'lessOrEquals', 'greaterOrEquals'],
  ...['and', 'or', 'not', 'like', 'notLike', 'ilike', 'notILike', 'isNull', 'isNotNull'],
  ...['in', 'notIn', 'exists', 'array', 'tuple', 'arrayElement', 'tupleElement', 'lambda'],
  ...['multiIf', 'caseWithExpression', 'cast', 'trimBoth', 'trimLeft', 'trimRight'],
];

const allowed = new Set([...functions, ...operators].map((name) => name.toLowerCase()));

/** Upper and lower case are the same here; ClickHouse itself may still not know the spelling. */
export function isAllowedFunction(name: string): boolean {
  return allowed.has(name.toLowerCase());
}

const scalar = /^(?:String|Bool|U?Int(?:8|16|32|64)|Float(?:32|64)|Date(?:32)?|DateTime)$/;
const wrapped = /^(?:Nullable|Array|LowCardinality)\((.+)\)$/;
const instant = /^DateTime(?:64\(\d(?:, *'[\w/+-]+')?\)|\('[\w/+-]+'\))$/;

/** Plain values and lists of them. States of aggregates, for one, are not made out of text. */
export function isAllowedType(name: string): boolean {
  const inner = wrapped.exec(name)?.[1];
  if (inner !== undefined) return isAllowedType(inner);
  return scalar.test(name) || instant.test(name);
}
