"""From what lies on disk to what can be said: loads the spool, computes cells, detects, exchanges data.

Reads and writes the store, and calls `inference`, which knows no store.
"""
