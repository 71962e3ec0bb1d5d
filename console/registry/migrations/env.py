"""How Alembic takes a step: on the connection, and in the transaction, that `console.registry.migrate` gives it."""

from alembic import context

from console.registry.migrate import VERSION_TABLE
from console.registry.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
