"""How Alembic reaches the ledger: over the connection that `schema` hands it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()
