"""Report intake: what a probe hands in is judged, put on disk, and only then acknowledged.

    http -> inflate -> intake (pure: bytes, circumstances, now -> Accepted | Refused) -> desk -> spool, index

- `intake` decides about one submission; `inflate` and `addresses` help it with hostile bytes.
- `records` and `spool` are the files of accepted reports; the pipeline reads them by `spool.read_segment`.
- `index` remembers which sessions were handed in; it can be rebuilt from the spool at any time.
- `desk` commits groups of reports: spool, fsync, index, receipt, in this order.
- `app` speaks HTTP, `server` runs it; the other modules are its circumstances.
"""
