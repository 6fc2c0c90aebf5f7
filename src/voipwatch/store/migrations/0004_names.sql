-- A lease may be of a part of the work alone: of the loaders and detectors of some partitions.

ALTER TABLE leases ADD COLUMN IF NOT EXISTS names Array(String) AFTER who
