"""The store: the only package that speaks SQL. ClickHouse in the process by default, a server by URL.

    from voipwatch.store.opening import open_store
    store = open_store("chdb:///var/lib/voipwatch/store", create=True)

`opening` picks who answers: the engine in this process, a server, or the process that owns the store,
through its `door`. `owner` and `lease` see to it that only one writes. `store` is what one then holds:
`segments` inserts, `refresh` makes cells of votes,
`queries` reads. `rows` turns records into columns; `columns` says what each column means; `migrations/`
makes the tables. Nothing is imported here, so that `errors` can be shown on a machine without the engine.
"""
