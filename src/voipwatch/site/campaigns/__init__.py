"""Forms and mails of the civic tools: what a person outside meets of `voipwatch.civic` and
`voipwatch.store.civic`.

`settings` reads the folder of an instance, `desk` answers who signs and revokes, `office` does what its
keepers ask and what falls due, `app` is the ASGI application with the pages, `mail/` hands mails to a
server, `adapters/` ask services for the counts of pages.
"""
