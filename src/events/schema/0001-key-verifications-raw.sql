-- One row per answered verification.
--
-- Order: workspace, hour, keyspace, key, time takes 18.5 bytes per row of a million with 100,000
-- keys; workspace, time, keyspace, outcome takes 30.8, and 51.2 without the codecs. A range of
-- time still reads only its hours, and one key's rows lie together. Most of what is left is
-- request_id (8.5) and time (3.3).
--
-- The deduplication window makes a batch that is sent again count once; dependent materialized
-- views take part because each insert switches that on. It must outlast the longest outage in
-- batches, of which a node sends one or two a second at most and none while the server is down.
CREATE TABLE IF NOT EXISTS key_verifications_raw_v1{{local}} {{on cluster}}
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
ENGINE = {{replicated}}MergeTree
PARTITION BY toDate(fromUnixTimestamp64Milli(time, 'UTC'))
ORDER BY (workspace_id, intDiv(time, 3600000), key_space_id, key_id, time)
TTL toDateTime(fromUnixTimestamp64Milli(time, 'UTC')) + INTERVAL {{verification-days}} DAY
SETTINGS {{deduplication}}, ttl_only_drop_parts = 1;

{{distributed key_verifications_raw_v1 by workspace_id, key_id}};
