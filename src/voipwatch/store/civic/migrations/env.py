"""What Alembic runs: migrations on the connection that `store.civic.migrate` hands over, never by a URL."""

from alembic import context

from voipwatch.store.civic.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
