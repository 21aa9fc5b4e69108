-- What customers query: the public names of the contract, in a database that holds nothing else, so
-- that their SQL runs as it was written. Each view shows one workspace, the one that the setting
-- `log_comment` names, which any server has and no readonly query can change; without it, nothing.
--
-- The views read with the rights of whoever made them, so the user who queries needs no others than
-- SELECT here. Latency is in milliseconds, as in the contract; here the averages and quantiles of a
-- row are numbers, because customers could not merge the states.
CREATE DATABASE IF NOT EXISTS {{public}} {{on cluster}};

CREATE VIEW IF NOT EXISTS {{public}}.key_verifications_v1 {{on cluster}}
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    request_id, time, workspace_id, key_space_id, identity_id, external_id, key_id, region, source,
    app_id, outcome, tags, spent_credits, latency_us / 1000 AS latency, method, path,
    client_address
FROM {{database}}.key_verifications_raw_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS {{public}}.key_verifications_per_minute_v1 {{on cluster}}
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, key_space_id, identity_id, external_id, key_id, outcome, source, app_id, tags,
    count, spent_credits,
    latency_us_sum / count / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM {{database}}.key_verifications_per_minute_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS {{public}}.key_verifications_per_hour_v1 {{on cluster}}
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, key_space_id, identity_id, external_id, key_id, outcome, source, app_id, tags,
    count, spent_credits,
    latency_us_sum / count / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM {{database}}.key_verifications_per_hour_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS {{public}}.key_verifications_per_day_v1 {{on cluster}}
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, key_space_id, identity_id, external_id, key_id, outcome, source, app_id, tags,
    count, spent_credits,
    latency_us_sum / count / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM {{database}}.key_verifications_per_day_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS {{public}}.key_verifications_per_month_v1 {{on cluster}}
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, key_space_id, identity_id, external_id, key_id, outcome, source, app_id, tags,
    count, spent_credits,
    latency_us_sum / count / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM {{database}}.key_verifications_per_month_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS {{public}}.ratelimits_v1 {{on cluster}}
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    request_id, time, workspace_id, namespace_id, identifier, passed, latency_us / 1000 AS latency,
    override_id, limit, remaining, reset_at, tokens
FROM {{database}}.ratelimits_raw_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS {{public}}.ratelimits_per_minute_v1 {{on cluster}}
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, namespace_id, identifier, passed, total, total_tokens, passed_tokens,
    latency_us_sum / total / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM {{database}}.ratelimits_per_minute_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS {{public}}.ratelimits_per_hour_v1 {{on cluster}}
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, namespace_id, identifier, passed, total, total_tokens, passed_tokens,
    latency_us_sum / total / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM {{database}}.ratelimits_per_hour_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS {{public}}.ratelimits_per_day_v1 {{on cluster}}
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, namespace_id, identifier, passed, total, total_tokens, passed_tokens,
    latency_us_sum / total / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM {{database}}.ratelimits_per_day_v1
WHERE workspace_id = getSetting('log_comment');

CREATE VIEW IF NOT EXISTS {{public}}.ratelimits_per_month_v1 {{on cluster}}
DEFINER = CURRENT_USER SQL SECURITY DEFINER AS
SELECT
    time, workspace_id, namespace_id, identifier, passed, total, total_tokens, passed_tokens,
    latency_us_sum / total / 1000 AS latency_avg,
    finalizeAggregation(latency_us_quantiles)[2] / 1000 AS latency_p75,
    finalizeAggregation(latency_us_quantiles)[4] / 1000 AS latency_p99
FROM {{database}}.ratelimits_per_month_v1
WHERE workspace_id = getSetting('log_comment');
