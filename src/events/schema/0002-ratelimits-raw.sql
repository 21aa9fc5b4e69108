-- One row per decision of ratelimit.limit and ratelimit.multiLimit.
--
-- Order: one namespace's hour lies together, and within it one identifier.
CREATE TABLE IF NOT EXISTS ratelimits_raw_v1{{local}} {{on cluster}}
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
ENGINE = {{replicated}}MergeTree
PARTITION BY toDate(fromUnixTimestamp64Milli(time, 'UTC'))
ORDER BY (workspace_id, intDiv(time, 3600000), namespace_id, identifier, time)
TTL toDateTime(fromUnixTimestamp64Milli(time, 'UTC')) + INTERVAL {{ratelimit-days}} DAY
SETTINGS {{deduplication}}, ttl_only_drop_parts = 1;

{{distributed ratelimits_raw_v1 by workspace_id, identifier}};
