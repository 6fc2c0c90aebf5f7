-- Statements are separated by a line that holds only a semicolon. Each may run twice: a kill between two of
-- them leaves a store that the next opening finishes. {dedup} is the engine's deduplication window.

CREATE TABLE IF NOT EXISTS reports
(
    report_id String,
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    observed_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    country LowCardinality(String),
    operator LowCardinality(String),
    access LowCardinality(String),
    asn Nullable(UInt32),
    kind LowCardinality(String),
    enrolled Bool,
    pseudonym String,
    prefix String,
    prefix_kind LowCardinality(String),
    country_declared LowCardinality(String),
    operator_declared LowCardinality(String),
    access_from LowCardinality(String),
    disagreements LowCardinality(String),
    geo_version LowCardinality(String),
    software LowCardinality(String),
    reflectors LowCardinality(String),
    apps LowCardinality(String),
    ruleset LowCardinality(String),
    judged LowCardinality(String),
    cost_bytes UInt64,
    took_s Float32,
    ip_version UInt8,
    nat LowCardinality(String),
    tunnel LowCardinality(String),
    notes LowCardinality(String),
    body_sha256 String,
    instance LowCardinality(String),
    segment LowCardinality(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (instance, country, operator, access, received_at, report_id)
SETTINGS non_replicated_deduplication_window = {dedup}, fsync_after_insert = 1, fsync_part_directory = 1
;

CREATE TABLE IF NOT EXISTS observations
(
    report_id String,
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    observed_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    country LowCardinality(String),
    operator LowCardinality(String),
    access LowCardinality(String),
    app LowCardinality(String),
    dialect LowCardinality(String),
    leg LowCardinality(String),
    arm LowCardinality(String),
    mutant LowCardinality(String),
    media LowCardinality(String),
    family LowCardinality(String),
    question LowCardinality(String),
    block UInt16,
    flow UInt32,
    reflector UInt8,
    remote_port UInt16,
    started_us UInt64,
    aborted Bool,
    failure LowCardinality(String),
    direction LowCardinality(String),
    part LowCardinality(String),
    near_count UInt32,
    near_bytes UInt32,
    far_count Nullable(UInt32),
    far_bytes Nullable(UInt32),
    first_us Nullable(UInt64),
    last_us Nullable(UInt64),
    connect_ms Nullable(Float32),
    instance LowCardinality(String),
    segment LowCardinality(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (instance, country, operator, access, app, observed_at, report_id, flow, direction, part)
SETTINGS non_replicated_deduplication_window = {dedup}, fsync_after_insert = 1, fsync_part_directory = 1
;

CREATE TABLE IF NOT EXISTS votes
(
    report_id String,
    pseudonym String,
    prefix String,
    prefix_kind LowCardinality(String),
    country LowCardinality(String),
    operator LowCardinality(String),
    access LowCardinality(String),
    app LowCardinality(String),
    stage LowCardinality(String),
    hour DateTime('UTC') CODEC(Delta, ZSTD),
    observed_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    kind LowCardinality(String),
    enrolled Bool,
    source LowCardinality(String),
    verdict LowCardinality(String),
    rule LowCardinality(String),
    ruleset LowCardinality(String),
    mechanism LowCardinality(String),
    direction LowCardinality(String),
    loss_up_points Nullable(Float32),
    loss_up_low Nullable(Float32),
    loss_up_high Nullable(Float32),
    loss_down_points Nullable(Float32),
    loss_down_low Nullable(Float32),
    loss_down_high Nullable(Float32),
    flows UInt16,
    instance LowCardinality(String),
    segment LowCardinality(String),
    INDEX arrived received_at TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (instance, country, operator, access, app, stage, hour, pseudonym, report_id)
SETTINGS non_replicated_deduplication_window = {dedup}, fsync_after_insert = 1, fsync_part_directory = 1
;

CREATE TABLE IF NOT EXISTS deletions
(
    report_id String,
    received_at DateTime64(3, 'UTC'),
    segment LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY report_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;

CREATE TABLE IF NOT EXISTS segments
(
    segment String,
    step UInt8,
    attempt UInt16,
    reports UInt64,
    observations UInt64,
    votes UInt64,
    deletions UInt64,
    hours Array(DateTime('UTC')),
    written_at DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY segment
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;

CREATE TABLE IF NOT EXISTS cells
(
    instance LowCardinality(String),
    source LowCardinality(String),
    country LowCardinality(String),
    operator LowCardinality(String),
    access LowCardinality(String),
    app LowCardinality(String),
    stage LowCardinality(String),
    hour DateTime('UTC') CODEC(Delta, ZSTD),
    state LowCardinality(String),
    ok_micro UInt64,
    blocked_micro UInt64,
    throttled_micro UInt64,
    down_micro UInt64,
    insufficient_micro UInt64,
    probes UInt32,
    prefixes UInt32,
    reports UInt32,
    mechanisms LowCardinality(String),
    last_received DateTime('UTC'),
    ruleset LowCardinality(String),
    version UInt64,
    deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY toYear(hour)
ORDER BY (instance, source, country, operator, access, app, stage, hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;

CREATE TABLE IF NOT EXISTS changepoints
(
    changepoint_id String,
    instance LowCardinality(String),
    country LowCardinality(String),
    operator LowCardinality(String),
    access LowCardinality(String),
    app LowCardinality(String),
    stage LowCardinality(String),
    kind LowCardinality(String),
    earliest Nullable(DateTime('UTC')),
    latest DateTime('UTC'),
    detected_at DateTime('UTC'),
    payload String,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (instance, country, operator, access, app, stage, changepoint_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;

CREATE TABLE IF NOT EXISTS detector_state
(
    detector String,
    payload String,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY detector
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;

CREATE TABLE IF NOT EXISTS context
(
    source LowCardinality(String),
    measurement_id String,
    country LowCardinality(String),
    asn UInt32,
    test LowCardinality(String),
    target LowCardinality(String),
    observed_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    outcome LowCardinality(String),
    failure LowCardinality(String),
    flags LowCardinality(String),
    confounders LowCardinality(String),
    software LowCardinality(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYear(observed_at)
ORDER BY (source, country, asn, test, target, observed_at, measurement_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
