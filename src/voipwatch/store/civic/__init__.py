"""The rows of the civic tools: SQLAlchemy Core, SQLite by default and PostgreSQL by URL, migrated by Alembic.

`opening` makes the engine and its two kinds of transaction, `migrate` brings the tables up to date,
`tables` says what is kept; one file of questions a subject, each a function that takes a connection.
Nothing here knows what a petition is: rules are `voipwatch.civic`'s, and who calls both is
`voipwatch.site.campaigns`.
"""
