-- What stands beside the cells: how late reports come, how many networks it takes to move a cell, and context
-- by part of a test. The table of context changes its key; nothing was ever written into the old one.

DROP TABLE IF EXISTS context
;

CREATE TABLE IF NOT EXISTS context
(
    source LowCardinality(String),
    measurement_id String,
    country LowCardinality(String),
    asn UInt32,
    test LowCardinality(String),
    part LowCardinality(String),
    target LowCardinality(String),
    observed_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    outcome LowCardinality(String),
    failure LowCardinality(String),
    confounder LowCardinality(String),
    test_version LowCardinality(String),
    engine LowCardinality(String)
)
ENGINE = ReplacingMergeTree(received_at)
ORDER BY (source, country, asn, test, part, target, observed_at, measurement_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;

CREATE TABLE IF NOT EXISTS arrivals
(
    instance LowCardinality(String),
    country LowCardinality(String),
    operator LowCardinality(String),
    access LowCardinality(String),
    last_received DateTime('UTC'),
    reports UInt32,
    lag_s UInt32,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (instance, country, operator, access)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;

-- Lines that have cells already: what is known of them but their lag, until the next report is in.
INSERT INTO arrivals
SELECT instance, country, operator, access, max(last_received), 0, 604800, 1
FROM cells FINAL WHERE source = 'panel'
GROUP BY instance, country, operator, access
;

CREATE TABLE IF NOT EXISTS influence
(
    instance LowCardinality(String),
    country LowCardinality(String),
    operator LowCardinality(String),
    access LowCardinality(String),
    app LowCardinality(String),
    stage LowCardinality(String),
    hour DateTime('UTC') CODEC(Delta, ZSTD),
    fixed_to_move Nullable(UInt16),
    fixed_to_blocked Nullable(UInt16),
    fixed_to_ok Nullable(UInt16),
    carrier_to_move Nullable(UInt16),
    carrier_to_blocked Nullable(UInt16),
    carrier_to_ok Nullable(UInt16),
    version UInt64,
    deleted UInt8
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY toYear(hour)
ORDER BY (instance, country, operator, access, app, stage, hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
;
