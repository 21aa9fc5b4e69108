-- When each key was last used, whatever the outcome; the primary copies it to PostgreSQL. `noted_at`
-- is the server's clock at the insert: events that come late, after an outage, are found by it.
CREATE TABLE IF NOT EXISTS key_last_used_v1{{local}} {{on cluster}}
(
    workspace_id LowCardinality(String),
    key_space_id LowCardinality(String),
    key_id String CODEC(ZSTD(1)),
    time SimpleAggregateFunction(max, Int64) CODEC(ZSTD(1)),
    noted_at SimpleAggregateFunction(max, DateTime('UTC')) CODEC(ZSTD(1)),
    INDEX noted_at_range noted_at TYPE minmax GRANULARITY 1
)
ENGINE = {{replicated}}AggregatingMergeTree
ORDER BY (workspace_id, key_space_id, key_id)
TTL toDateTime(fromUnixTimestamp64Milli(time, 'UTC')) + INTERVAL {{verification-days}} DAY
SETTINGS {{deduplication}};

CREATE MATERIALIZED VIEW IF NOT EXISTS key_last_used_v1_view {{on cluster}}
TO key_last_used_v1{{local}} AS
SELECT
    workspace_id, key_space_id, key_id,
    max(inserted.time) AS time, now('UTC') AS noted_at
FROM key_verifications_raw_v1{{local}} AS inserted
WHERE key_id != ''
GROUP BY ALL;

{{distributed key_last_used_v1 by workspace_id, key_id}};

-- What is billed: verifications that were VALID, by workspace and month. Kept without end.
CREATE TABLE IF NOT EXISTS billable_verifications_per_month_v1{{local}} {{on cluster}}
(
    time Date,
    workspace_id LowCardinality(String),
    count SimpleAggregateFunction(sum, Int64)
)
ENGINE = {{replicated}}AggregatingMergeTree
ORDER BY (workspace_id, time)
SETTINGS {{deduplication}};

CREATE MATERIALIZED VIEW IF NOT EXISTS billable_verifications_per_month_v1_view {{on cluster}}
TO billable_verifications_per_month_v1{{local}} AS
SELECT toStartOfMonth(inserted.time) AS time, workspace_id, sum(inserted.count) AS count
FROM key_verifications_per_minute_v1{{local}} AS inserted
WHERE outcome = 'VALID'
GROUP BY ALL;

{{distributed billable_verifications_per_month_v1 by workspace_id}};
