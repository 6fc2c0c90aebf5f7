"""The register that several collectors share: PostgreSQL by URL.

`opening` makes the engine and the tables, `book` asks and writes. Whose a session is, `model.sessionclaims`
decides; who asks what, and when, is `voipwatch.collector.register`'s.
"""
