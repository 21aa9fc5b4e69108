/** How long rows of ClickHouse are kept, in days; the names are those of the settings. */
export type Retention = {
  'verification-days': number;
  'ratelimit-days': number;
  'ratelimit-minute-days': number;
  'rollup-minute-days': number;
  'rollup-hour-days': number;
  'rollup-day-days': number;
  'rollup-month-days': number;
};

export const defaultRetention: Retention = {
  'verification-days': 90,
  'ratelimit-days': 30,
  'ratelimit-minute-days': 7,
  'rollup-minute-days': 90,
  'rollup-hour-days': 90,
  'rollup-day-days': 365,
  'rollup-month-days': 1096,
};
