-- Rate-limit decisions added up by minute, hour, day and month, as verifications are.

CREATE TABLE IF NOT EXISTS ratelimits_per_minute_v1{{local}} {{on cluster}}
(
    time DateTime('UTC') CODEC(Delta, ZSTD(1)),
    workspace_id LowCardinality(String),
    namespace_id LowCardinality(String),
    identifier String CODEC(ZSTD(1)),
    passed SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    total SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    total_tokens SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    passed_tokens SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    latency_us_sum SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    latency_us_quantiles AggregateFunction(quantilesTiming(0.5, 0.75, 0.9, 0.99), UInt32)
        CODEC(ZSTD(1))
)
ENGINE = {{replicated}}AggregatingMergeTree
PARTITION BY toDate(time)
ORDER BY (workspace_id, time, namespace_id, identifier)
TTL time + INTERVAL {{ratelimit-minute-days}} DAY
SETTINGS {{deduplication}}, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS ratelimits_per_minute_v1_view {{on cluster}}
TO ratelimits_per_minute_v1{{local}} AS
SELECT
    toStartOfMinute(toDateTime(intDiv(inserted.time, 1000), 'UTC')) AS time,
    workspace_id, namespace_id, identifier,
    countIf(inserted.passed) AS passed,
    count() AS total,
    sum(inserted.tokens) AS total_tokens,
    sumIf(inserted.tokens, inserted.passed) AS passed_tokens,
    sum(inserted.latency_us) AS latency_us_sum,
    quantilesTimingState(0.5, 0.75, 0.9, 0.99)(inserted.latency_us) AS latency_us_quantiles
FROM ratelimits_raw_v1{{local}} AS inserted
GROUP BY ALL;

{{distributed ratelimits_per_minute_v1 by workspace_id, identifier}};

CREATE TABLE IF NOT EXISTS ratelimits_per_hour_v1{{local}} {{on cluster}}
(
    time DateTime('UTC') CODEC(Delta, ZSTD(1)),
    workspace_id LowCardinality(String),
    namespace_id LowCardinality(String),
    identifier String CODEC(ZSTD(1)),
    passed SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    total SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    total_tokens SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    passed_tokens SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    latency_us_sum SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    latency_us_quantiles AggregateFunction(quantilesTiming(0.5, 0.75, 0.9, 0.99), UInt32)
        CODEC(ZSTD(1))
)
ENGINE = {{replicated}}AggregatingMergeTree
PARTITION BY toDate(time)
ORDER BY (workspace_id, time, namespace_id, identifier)
TTL time + INTERVAL {{rollup-hour-days}} DAY
SETTINGS {{deduplication}}, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS ratelimits_per_hour_v1_view {{on cluster}}
TO ratelimits_per_hour_v1{{local}} AS
SELECT
    toStartOfHour(inserted.time) AS time,
    workspace_id, namespace_id, identifier,
    inserted.passed,
    inserted.total,
    inserted.total_tokens,
    inserted.passed_tokens,
    inserted.latency_us_sum,
    inserted.latency_us_quantiles
FROM ratelimits_per_minute_v1{{local}} AS inserted;

{{distributed ratelimits_per_hour_v1 by workspace_id, identifier}};

CREATE TABLE IF NOT EXISTS ratelimits_per_day_v1{{local}} {{on cluster}}
(
    time Date CODEC(Delta, ZSTD(1)),
    workspace_id LowCardinality(String),
    namespace_id LowCardinality(String),
    identifier String CODEC(ZSTD(1)),
    passed SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    total SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    total_tokens SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    passed_tokens SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    latency_us_sum SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    latency_us_quantiles AggregateFunction(quantilesTiming(0.5, 0.75, 0.9, 0.99), UInt32)
        CODEC(ZSTD(1))
)
ENGINE = {{replicated}}AggregatingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (workspace_id, time, namespace_id, identifier)
TTL time + INTERVAL {{rollup-day-days}} DAY
SETTINGS {{deduplication}}, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS ratelimits_per_day_v1_view {{on cluster}}
TO ratelimits_per_day_v1{{local}} AS
SELECT
    toDate(inserted.time) AS time,
    workspace_id, namespace_id, identifier,
    inserted.passed,
    inserted.total,
    inserted.total_tokens,
    inserted.passed_tokens,
    inserted.latency_us_sum,
    inserted.latency_us_quantiles
FROM ratelimits_per_hour_v1{{local}} AS inserted;

{{distributed ratelimits_per_day_v1 by workspace_id, identifier}};

CREATE TABLE IF NOT EXISTS ratelimits_per_month_v1{{local}} {{on cluster}}
(
    time Date CODEC(Delta, ZSTD(1)),
    workspace_id LowCardinality(String),
    namespace_id LowCardinality(String),
    identifier String CODEC(ZSTD(1)),
    passed SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    total SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    total_tokens SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    passed_tokens SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    latency_us_sum SimpleAggregateFunction(sum, Int64) CODEC(T64, ZSTD(1)),
    latency_us_quantiles AggregateFunction(quantilesTiming(0.5, 0.75, 0.9, 0.99), UInt32)
        CODEC(ZSTD(1))
)
ENGINE = {{replicated}}AggregatingMergeTree
PARTITION BY toYear(time)
ORDER BY (workspace_id, time, namespace_id, identifier)
TTL time + INTERVAL {{rollup-month-days}} DAY
SETTINGS {{deduplication}}, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS ratelimits_per_month_v1_view {{on cluster}}
TO ratelimits_per_month_v1{{local}} AS
SELECT
    toStartOfMonth(inserted.time) AS time,
    workspace_id, namespace_id, identifier,
    inserted.passed,
    inserted.total,
    inserted.total_tokens,
    inserted.passed_tokens,
    inserted.latency_us_sum,
    inserted.latency_us_quantiles
FROM ratelimits_per_day_v1{{local}} AS inserted;

{{distributed ratelimits_per_month_v1 by workspace_id, identifier}};
