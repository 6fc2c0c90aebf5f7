"""The stream between collectors and loaders, where one machine is not enough: NATS JetStream by URL.

The spool stays the truth: a record is on the collector's own disk before it is on the stream, and it is
acknowledged when it is on both (docs/design/0036-stream.md).
"""
