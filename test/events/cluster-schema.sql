CREATE TABLE IF NOT EXISTS key_verifications_raw_v1_local ON CLUSTER `main`
(
    request_id String CODEC(ZSTD(1)),
    time Int64 CODEC(Delta, ZSTD(1)),
    workspace_id LowCardinality(String),
    key_space_id LowCardinality(String),
    identity_id String CODEC(ZSTD(1)),
    external_id String CODEC(ZSTD(1)),
    key_id String CODEC(ZSTD(1)),
    region LowCardinality(String),
    source LowCardinality(String),
    app_id LowCardinality(String),
    outcome LowCardinality(String),
    tags Array(LowCardinality(String)) CODEC(ZSTD(1)),
    spent_credits Int64 CODEC(T64, ZSTD(1)),
    latency_us UInt32 CODEC(T64, ZSTD(1)),
    latency Float64 ALIAS latency_us / 1000,
    method LowCardinality(String),
    path String CODEC(ZSTD(1)),
    client_address String CODEC(ZSTD(1)),
    INDEX request_id_bloom request_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX identity_id_bloom identity_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX external_id_bloom external_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX key_id_bloom key_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX tags_bloom tags TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplicatedMergeTree
PARTITION BY toDate(fromUnixTimestamp64Milli(time, 'UTC'))
ORDER BY (workspace_id, intDiv(time, 3600000), key_space_id, key_id, time)
TTL toDateTime(fromUnixTimestamp64Milli(time, 'UTC')) + INTERVAL 90 DAY
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS key_verifications_raw_v1 ON CLUSTER `main`
AS key_verifications_raw_v1_local
ENGINE = Distributed(`main`, `latchkey`, `key_verifications_raw_v1_local`, cityHash64(workspace_id, key_id));

CREATE TABLE IF NOT EXISTS ratelimits_raw_v1_local ON CLUSTER `main`
(
    request_id String CODEC(ZSTD(1)),
    time Int64 CODEC(Delta, ZSTD(1)),
    workspace_id LowCardinality(String),
    namespace_id LowCardinality(String),
    identifier String CODEC(ZSTD(1)),
    passed Bool,
    latency_us UInt32 CODEC(T64, ZSTD(1)),
    latency Float64 ALIAS latency_us / 1000,
    override_id LowCardinality(String),
    limit UInt64 CODEC(T64, ZSTD(1)),
    remaining UInt64 CODEC(T64, ZSTD(1)),
    reset_at Int64 CODEC(Delta, ZSTD(1)),
    tokens UInt64 CODEC(T64, ZSTD(1)),
    region LowCardinality(String),
    INDEX request_id_bloom request_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX identifier_bloom identifier TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX override_id_bloom override_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplicatedMergeTree
PARTITION BY toDate(fromUnixTimestamp64Milli(time, 'UTC'))
ORDER BY (workspace_id, intDiv(time, 3600000), namespace_id, identifier, time)
TTL toDateTime(fromUnixTimestamp64Milli(time, 'UTC')) + INTERVAL 30 DAY
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS ratelimits_raw_v1 ON CLUSTER `main`
AS ratelimits_raw_v1_local
ENGINE = Distributed(`main`, `latchkey`, `ratelimits_raw_v1_local`, cityHash64(workspace_id, identifier));

CREATE TABLE IF NOT EXISTS key_verifications_per_minute_v1_local ON CLUSTER `main`
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
ENGINE = ReplicatedAggregatingMergeTree
PARTITION BY toDate(time)
PRIMARY KEY (workspace_id, time, key_space_id, key_id)
ORDER BY (workspace_id, time, key_space_id, key_id, outcome, identity_id, external_id, source,
    app_id, tags)
TTL time + INTERVAL 90 DAY
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS key_verifications_per_minute_v1_view ON CLUSTER `main`
TO key_verifications_per_minute_v1_local AS
SELECT
    toStartOfMinute(toDateTime(intDiv(inserted.time, 1000), 'UTC')) AS time,
    workspace_id, key_space_id, identity_id, external_id, key_id,
    outcome, source, app_id, tags,
    count() AS count,
    sum(inserted.spent_credits) AS spent_credits,
    sum(inserted.latency_us) AS latency_us_sum,
    quantilesTimingState(0.5, 0.75, 0.9, 0.99)(inserted.latency_us) AS latency_us_quantiles
FROM key_verifications_raw_v1_local AS inserted
GROUP BY ALL;

CREATE TABLE IF NOT EXISTS key_verifications_per_minute_v1 ON CLUSTER `main`
AS key_verifications_per_minute_v1_local
ENGINE = Distributed(`main`, `latchkey`, `key_verifications_per_minute_v1_local`, cityHash64(workspace_id, key_id));

CREATE TABLE IF NOT EXISTS key_verifications_per_hour_v1_local ON CLUSTER `main`
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
ENGINE = ReplicatedAggregatingMergeTree
PARTITION BY toDate(time)
PRIMARY KEY (workspace_id, time, key_space_id, key_id)
ORDER BY (workspace_id, time, key_space_id, key_id, outcome, identity_id, external_id, source,
    app_id, tags)
TTL time + INTERVAL 90 DAY
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS key_verifications_per_hour_v1_view ON CLUSTER `main`
TO key_verifications_per_hour_v1_local AS
SELECT
    toStartOfHour(inserted.time) AS time,
    workspace_id, key_space_id, identity_id, external_id, key_id,
    outcome, source, app_id, tags,
    inserted.count,
    inserted.spent_credits,
    inserted.latency_us_sum,
    inserted.latency_us_quantiles
FROM key_verifications_per_minute_v1_local AS inserted;

CREATE TABLE IF NOT EXISTS key_verifications_per_hour_v1 ON CLUSTER `main`
AS key_verifications_per_hour_v1_local
ENGINE = Distributed(`main`, `latchkey`, `key_verifications_per_hour_v1_local`, cityHash64(workspace_id, key_id));

CREATE TABLE IF NOT EXISTS key_verifications_per_day_v1_local ON CLUSTER `main`
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
ENGINE = ReplicatedAggregatingMergeTree
PARTITION BY toYYYYMM(time)
PRIMARY KEY (workspace_id, time, key_space_id, key_id)
ORDER BY (workspace_id, time, key_space_id, key_id, outcome, identity_id, external_id, source,
    app_id, tags)
TTL time + INTERVAL 365 DAY
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS key_verifications_per_day_v1_view ON CLUSTER `main`
TO key_verifications_per_day_v1_local AS
SELECT
    toDate(inserted.time) AS time,
    workspace_id, key_space_id, identity_id, external_id, key_id,
    outcome, source, app_id, tags,
    inserted.count,
    inserted.spent_credits,
    inserted.latency_us_sum,
    inserted.latency_us_quantiles
FROM key_verifications_per_hour_v1_local AS inserted;

CREATE TABLE IF NOT EXISTS key_verifications_per_day_v1 ON CLUSTER `main`
AS key_verifications_per_day_v1_local
ENGINE = Distributed(`main`, `latchkey`, `key_verifications_per_day_v1_local`, cityHash64(workspace_id, key_id));

CREATE TABLE IF NOT EXISTS key_verifications_per_month_v1_local ON CLUSTER `main`
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
ENGINE = ReplicatedAggregatingMergeTree
PARTITION BY toYear(time)
PRIMARY KEY (workspace_id, time, key_space_id, key_id)
ORDER BY (workspace_id, time, key_space_id, key_id, outcome, identity_id, external_id, source,
    app_id, tags)
TTL time + INTERVAL 1096 DAY
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS key_verifications_per_month_v1_view ON CLUSTER `main`
TO key_verifications_per_month_v1_local AS
SELECT
    toStartOfMonth(inserted.time) AS time,
    workspace_id, key_space_id, identity_id, external_id, key_id,
    outcome, source, app_id, tags,
    inserted.count,
    inserted.spent_credits,
    inserted.latency_us_sum,
    inserted.latency_us_quantiles
FROM key_verifications_per_day_v1_local AS inserted;

CREATE TABLE IF NOT EXISTS key_verifications_per_month_v1 ON CLUSTER `main`
AS key_verifications_per_month_v1_local
ENGINE = Distributed(`main`, `latchkey`, `key_verifications_per_month_v1_local`, cityHash64(workspace_id, key_id));

CREATE TABLE IF NOT EXISTS ratelimits_per_minute_v1_local ON CLUSTER `main`
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
ENGINE = ReplicatedAggregatingMergeTree
PARTITION BY toDate(time)
ORDER BY (workspace_id, time, namespace_id, identifier)
TTL time + INTERVAL 7 DAY
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS ratelimits_per_minute_v1_view ON CLUSTER `main`
TO ratelimits_per_minute_v1_local AS
SELECT
    toStartOfMinute(toDateTime(intDiv(inserted.time, 1000), 'UTC')) AS time,
    workspace_id, namespace_id, identifier,
    countIf(inserted.passed) AS passed,
    count() AS total,
    sum(inserted.tokens) AS total_tokens,
    sumIf(inserted.tokens, inserted.passed) AS passed_tokens,
    sum(inserted.latency_us) AS latency_us_sum,
    quantilesTimingState(0.5, 0.75, 0.9, 0.99)(inserted.latency_us) AS latency_us_quantiles
FROM ratelimits_raw_v1_local AS inserted
GROUP BY ALL;

CREATE TABLE IF NOT EXISTS ratelimits_per_minute_v1 ON CLUSTER `main`
AS ratelimits_per_minute_v1_local
ENGINE = Distributed(`main`, `latchkey`, `ratelimits_per_minute_v1_local`, cityHash64(workspace_id, identifier));

CREATE TABLE IF NOT EXISTS ratelimits_per_hour_v1_local ON CLUSTER `main`
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
ENGINE = ReplicatedAggregatingMergeTree
PARTITION BY toDate(time)
ORDER BY (workspace_id, time, namespace_id, identifier)
TTL time + INTERVAL 90 DAY
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS ratelimits_per_hour_v1_view ON CLUSTER `main`
TO ratelimits_per_hour_v1_local AS
SELECT
    toStartOfHour(inserted.time) AS time,
    workspace_id, namespace_id, identifier,
    inserted.passed,
    inserted.total,
    inserted.total_tokens,
    inserted.passed_tokens,
    inserted.latency_us_sum,
    inserted.latency_us_quantiles
FROM ratelimits_per_minute_v1_local AS inserted;

CREATE TABLE IF NOT EXISTS ratelimits_per_hour_v1 ON CLUSTER `main`
AS ratelimits_per_hour_v1_local
ENGINE = Distributed(`main`, `latchkey`, `ratelimits_per_hour_v1_local`, cityHash64(workspace_id, identifier));

CREATE TABLE IF NOT EXISTS ratelimits_per_day_v1_local ON CLUSTER `main`
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
ENGINE = ReplicatedAggregatingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (workspace_id, time, namespace_id, identifier)
TTL time + INTERVAL 365 DAY
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS ratelimits_per_day_v1_view ON CLUSTER `main`
TO ratelimits_per_day_v1_local AS
SELECT
    toDate(inserted.time) AS time,
    workspace_id, namespace_id, identifier,
    inserted.passed,
    inserted.total,
    inserted.total_tokens,
    inserted.passed_tokens,
    inserted.latency_us_sum,
    inserted.latency_us_quantiles
FROM ratelimits_per_hour_v1_local AS inserted;

CREATE TABLE IF NOT EXISTS ratelimits_per_day_v1 ON CLUSTER `main`
AS ratelimits_per_day_v1_local
ENGINE = Distributed(`main`, `latchkey`, `ratelimits_per_day_v1_local`, cityHash64(workspace_id, identifier));

CREATE TABLE IF NOT EXISTS ratelimits_per_month_v1_local ON CLUSTER `main`
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
ENGINE = ReplicatedAggregatingMergeTree
PARTITION BY toYear(time)
ORDER BY (workspace_id, time, namespace_id, identifier)
TTL time + INTERVAL 1096 DAY
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS ratelimits_per_month_v1_view ON CLUSTER `main`
TO ratelimits_per_month_v1_local AS
SELECT
    toStartOfMonth(inserted.time) AS time,
    workspace_id, namespace_id, identifier,
    inserted.passed,
    inserted.total,
    inserted.total_tokens,
    inserted.passed_tokens,
    inserted.latency_us_sum,
    inserted.latency_us_quantiles
FROM ratelimits_per_day_v1_local AS inserted;

CREATE TABLE IF NOT EXISTS ratelimits_per_month_v1 ON CLUSTER `main`
AS ratelimits_per_month_v1_local
ENGINE = Distributed(`main`, `latchkey`, `ratelimits_per_month_v1_local`, cityHash64(workspace_id, identifier));

CREATE TABLE IF NOT EXISTS key_last_used_v1_local ON CLUSTER `main`
(
    workspace_id LowCardinality(String),
    key_space_id LowCardinality(String),
    key_id String CODEC(ZSTD(1)),
    time SimpleAggregateFunction(max, Int64) CODEC(ZSTD(1)),
    noted_at SimpleAggregateFunction(max, DateTime('UTC')) CODEC(ZSTD(1)),
    INDEX noted_at_range noted_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedAggregatingMergeTree
ORDER BY (workspace_id, key_space_id, key_id)
TTL toDateTime(fromUnixTimestamp64Milli(time, 'UTC')) + INTERVAL 90 DAY
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800;

CREATE MATERIALIZED VIEW IF NOT EXISTS key_last_used_v1_view ON CLUSTER `main`
TO key_last_used_v1_local AS
SELECT
    workspace_id, key_space_id, key_id,
    max(inserted.time) AS time, now('UTC') AS noted_at
FROM key_verifications_raw_v1_local AS inserted
WHERE key_id != ''
GROUP BY ALL;

CREATE TABLE IF NOT EXISTS key_last_used_v1 ON CLUSTER `main`
AS key_last_used_v1_local
ENGINE = Distributed(`main`, `latchkey`, `key_last_used_v1_local`, cityHash64(workspace_id, key_id));

CREATE TABLE IF NOT EXISTS billable_verifications_per_month_v1_local ON CLUSTER `main`
(
    time Date,
    workspace_id LowCardinality(String),
    count SimpleAggregateFunction(sum, Int64)
)
ENGINE = ReplicatedAggregatingMergeTree
ORDER BY (workspace_id, time)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800;

CREATE MATERIALIZED VIEW IF NOT EXISTS billable_verifications_per_month_v1_view ON CLUSTER `main`
TO billable_verifications_per_month_v1_local AS
SELECT toStartOfMonth(inserted.time) AS time, workspace_id, sum(inserted.count) AS count
FROM key_verifications_per_minute_v1_local AS inserted
WHERE outcome = 'VALID'
GROUP BY ALL;

CREATE TABLE IF NOT EXISTS billable_verifications_per_month_v1 ON CLUSTER `main`
AS billable_verifications_per_month_v1_local
ENGINE = Distributed(`main`, `latchkey`, `billable_verifications_per_month_v1_local`, cityHash64(workspace_id));

CREATE DATABASE IF NOT EXISTS `public_latchkey` ON CLUSTER `main`;

CREATE VIEW IF NOT EXISTS `public_latchkey`.key_verifications_v1 ON CLUSTER `main`
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    request_id, time, workspace_id, key_space_id, identity_id, external_id, key_id, region, source,
    app_id, outcome, tags, spent_credits, latency_us / 1000 AS latency, method, path,
    client_address
FROM `latchkey`.key_verifications_raw_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS `public_latchkey`.key_verifications_per_minute_v1 ON CLUSTER `main`
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, key_space_id, identity_id, external_id, key_id, outcome, source, app_id, tags,
    count, spent_credits,
    latency_us_sum / count / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM `latchkey`.key_verifications_per_minute_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS `public_latchkey`.key_verifications_per_hour_v1 ON CLUSTER `main`
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, key_space_id, identity_id, external_id, key_id, outcome, source, app_id, tags,
    count, spent_credits,
    latency_us_sum / count / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM `latchkey`.key_verifications_per_hour_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS `public_latchkey`.key_verifications_per_day_v1 ON CLUSTER `main`
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, key_space_id, identity_id, external_id, key_id, outcome, source, app_id, tags,
    count, spent_credits,
    latency_us_sum / count / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM `latchkey`.key_verifications_per_day_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS `public_latchkey`.key_verifications_per_month_v1 ON CLUSTER `main`
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, key_space_id, identity_id, external_id, key_id, outcome, source, app_id, tags,
    count, spent_credits,
    latency_us_sum / count / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM `latchkey`.key_verifications_per_month_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS `public_latchkey`.ratelimits_v1 ON CLUSTER `main`
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    request_id, time, workspace_id, namespace_id, identifier, passed, latency_us / 1000 AS latency,
    override_id, limit, remaining, reset_at, tokens
FROM `latchkey`.ratelimits_raw_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS `public_latchkey`.ratelimits_per_minute_v1 ON CLUSTER `main`
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, namespace_id, identifier, passed, total, total_tokens, passed_tokens,
    latency_us_sum / total / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM `latchkey`.ratelimits_per_minute_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS `public_latchkey`.ratelimits_per_hour_v1 ON CLUSTER `main`
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, namespace_id, identifier, passed, total, total_tokens, passed_tokens,
    latency_us_sum / total / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM `latchkey`.ratelimits_per_hour_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS `public_latchkey`.ratelimits_per_day_v1 ON CLUSTER `main`
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, namespace_id, identifier, passed, total, total_tokens, passed_tokens,
    latency_us_sum / total / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM `latchkey`.ratelimits_per_day_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS `public_latchkey`.ratelimits_per_month_v1 ON CLUSTER `main`
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, namespace_id, identifier, passed, total, total_tokens, passed_tokens,
    latency_us_sum / total / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM `latchkey`.ratelimits_per_month_v1
WHERE workspace_id = getSetting('log_comment');
