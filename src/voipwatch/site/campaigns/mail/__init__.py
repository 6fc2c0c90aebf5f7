"""Mails: `letter` writes them, `pace` says when, `server` speaks SMTP, `postman` empties the queue,
`bounces` reads what comes back.
"""
