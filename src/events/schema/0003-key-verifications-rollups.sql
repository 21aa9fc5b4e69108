-- Verifications added up by minute, hour, day and month; each table is filled from the one before
-- as rows are inserted, with the same token, so that a repeated batch counts once in all of them.
-- Rows merge later: whoever reads must sum(count).
--
-- Only the first view adds up: in the rows of one insert, hours are no fewer than minutes.
--
-- Latency is whole microseconds: the sum, and states of quantilesTiming, which merge over any rows;
-- exact below 1,024 us, to 16 us above, and "30 ms or more" from there on. 100,000 rows with 54,000
-- different keys cost the server 1.3 s of CPU for all four tables, merging included, and 0.15 s for
-- the rows themselves; a row takes 15 bytes. With t-digests it was 1.8 s, without any quantiles 1.0 s.
-- To merge the rows of one insert with each other once more, which ClickHouse does unless an insert
-- tells it not to, took another second.

CREATE TABLE IF NOT EXISTS key_verifications_per_minute_v1{{local}} {{on cluster}}
(
    time DateTime('UTC') CODEC(Delta, ZSTD(1)),
    workspace_id LowCardinality(String),
    key_space_id LowCardinality(String),
    identity_id String CODEC(ZSTD(1)),
    external_id String CODEC(ZSTD(1)),
    key_id String CODEC(ZSTD(1)),
    outcome LowCardinality(String),
    source LowCardinality(String),
    app_id LowCardinality(String),
    tags Array(LowCardinality(String)) CODEC(ZSTD(1)),
    count SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    spent_credits SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    latency_us_sum SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    latency_us_quantiles AggregateFunction(quantilesTiming(0.5, 0.75, 0.9, 0.99), UInt32)
        CODEC(ZSTD(1))
)
ENGINE = {{replicated}}AggregatingMergeTree
PARTITION BY toDate(time)
PRIMARY KEY (workspace_id, time, key_space_id, key_id)
ORDER BY (workspace_id, time, key_space_id, key_id, outcome, identity_id, external_id, source,
    app_id, tags)
TTL time + INTERVAL {{rollup-minute-days}} DAY
SETTINGS {{deduplication}}, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS key_verifications_per_minute_v1_view {{on cluster}}
TO key_verifications_per_minute_v1{{local}} AS
SELECT
    toStartOfMinute(toDateTime(intDiv(inserted.time, 1000), 'UTC')) AS time,
    workspace_id, key_space_id, identity_id, external_id, key_id,
    outcome, source, app_id, tags,
    count() AS count,
    sum(inserted.spent_credits) AS spent_credits,
    sum(inserted.latency_us) AS latency_us_sum,
    quantilesTimingState(0.5, 0.75, 0.9, 0.99)(inserted.latency_us) AS latency_us_quantiles
FROM key_verifications_raw_v1{{local}} AS inserted
GROUP BY ALL;

{{distributed key_verifications_per_minute_v1 by workspace_id, key_id}};

CREATE TABLE IF NOT EXISTS key_verifications_per_hour_v1{{local}} {{on cluster}}
(
    time DateTime('UTC') CODEC(Delta, ZSTD(1)),
    workspace_id LowCardinality(String),
    key_space_id LowCardinality(String),
    identity_id String CODEC(ZSTD(1)),
    external_id String CODEC(ZSTD(1)),
    key_id String CODEC(ZSTD(1)),
    outcome LowCardinality(String),
    source LowCardinality(String),
    app_id LowCardinality(String),
    tags Array(LowCardinality(String)) CODEC(ZSTD(1)),
    count SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    spent_credits SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    latency_us_sum SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    latency_us_quantiles AggregateFunction(quantilesTiming(0.5, 0.75, 0.9, 0.99), UInt32)
        CODEC(ZSTD(1))
)
ENGINE = {{replicated}}AggregatingMergeTree
PARTITION BY toDate(time)
PRIMARY KEY (workspace_id, time, key_space_id, key_id)
ORDER BY (workspace_id, time, key_space_id, key_id, outcome, identity_id, external_id, source,
    app_id, tags)
TTL time + INTERVAL {{rollup-hour-days}} DAY
SETTINGS {{deduplication}}, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS key_verifications_per_hour_v1_view {{on cluster}}
TO key_verifications_per_hour_v1{{local}} AS
SELECT
    toStartOfHour(inserted.time) AS time,
    workspace_id, key_space_id, identity_id, external_id, key_id,
    outcome, source, app_id, tags,
    inserted.count,
    inserted.spent_credits,
    inserted.latency_us_sum,
    inserted.latency_us_quantiles
FROM key_verifications_per_minute_v1{{local}} AS inserted;

{{distributed key_verifications_per_hour_v1 by workspace_id, key_id}};

CREATE TABLE IF NOT EXISTS key_verifications_per_day_v1{{local}} {{on cluster}}
(
    time Date CODEC(Delta, ZSTD(1)),
    workspace_id LowCardinality(String),
    key_space_id LowCardinality(String),
    identity_id String CODEC(ZSTD(1)),
    external_id String CODEC(ZSTD(1)),
    key_id String CODEC(ZSTD(1)),
    outcome LowCardinality(String),
    source LowCardinality(String),
    app_id LowCardinality(String),
    tags Array(LowCardinality(String)) CODEC(ZSTD(1)),
    count SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    spent_credits SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    latency_us_sum SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    latency_us_quantiles AggregateFunction(quantilesTiming(0.5, 0.75, 0.9, 0.99), UInt32)
        CODEC(ZSTD(1))
)
ENGINE = {{replicated}}AggregatingMergeTree
PARTITION BY toYYYYMM(time)
PRIMARY KEY (workspace_id, time, key_space_id, key_id)
ORDER BY (workspace_id, time, key_space_id, key_id, outcome, identity_id, external_id, source,
    app_id, tags)
TTL time + INTERVAL {{rollup-day-days}} DAY
SETTINGS {{deduplication}}, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS key_verifications_per_day_v1_view {{on cluster}}
TO key_verifications_per_day_v1{{local}} AS
SELECT
    toDate(inserted.time) AS time,
    workspace_id, key_space_id, identity_id, external_id, key_id,
    outcome, source, app_id, tags,
    inserted.count,
    inserted.spent_credits,
    inserted.latency_us_sum,
    inserted.latency_us_quantiles
FROM key_verifications_per_hour_v1{{local}} AS inserted;

{{distributed key_verifications_per_day_v1 by workspace_id, key_id}};

CREATE TABLE IF NOT EXISTS key_verifications_per_month_v1{{local}} {{on cluster}}
(
    time Date CODEC(Delta, ZSTD(1)),
    workspace_id LowCardinality(String),
    key_space_id LowCardinality(String),
    identity_id String CODEC(ZSTD(1)),
    external_id String CODEC(ZSTD(1)),
    key_id String CODEC(ZSTD(1)),
    outcome LowCardinality(String),
    source LowCardinality(String),
    app_id LowCardinality(String),
    tags Array(LowCardinality(String)) CODEC(ZSTD(1)),
    count SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    spent_credits SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    latency_us_sum SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    latency_us_quantiles AggregateFunction(quantilesTiming(0.5, 0.75, 0.9, 0.99), UInt32)
        CODEC(ZSTD(1))
)
ENGINE = {{replicated}}AggregatingMergeTree
PARTITION BY toYear(time)
PRIMARY KEY (workspace_id, time, key_space_id, key_id)
ORDER BY (workspace_id, time, key_space_id, key_id, outcome, identity_id, external_id, source,
    app_id, tags)
TTL time + INTERVAL {{rollup-month-days}} DAY
SETTINGS {{deduplication}}, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS key_verifications_per_month_v1_view {{on cluster}}
TO key_verifications_per_month_v1{{local}} AS
SELECT
    toStartOfMonth(inserted.time) AS time,
    workspace_id, key_space_id, identity_id, external_id, key_id,
    outcome, source, app_id, tags,
    inserted.count,
    inserted.spent_credits,
    inserted.latency_us_sum,
    inserted.latency_us_quantiles
FROM key_verifications_per_day_v1{{local}} AS inserted;

{{distributed key_verifications_per_month_v1 by workspace_id, key_id}};
