-- Who writes to a store that several machines can reach; lease.py runs this before anything else.

CREATE TABLE IF NOT EXISTS leases
(
    holder String,
    who String,
    until DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY holder
TTL toDateTime(until) + INTERVAL 30 DAY
