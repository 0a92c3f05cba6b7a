"""Alembic's entry: the engine and the tables are the app's own."""

from alembic import context
from flask import current_app

from inbox.db import UTCDateTime, db

migrate = current_app.extensions["migrate"]


def written(kind: str, item: object, context: object) -> str | bool:
    """Our types as the plain ones they are: a migration must not change when our code does."""
    return "sa.DateTime(timezone=True)" if isinstance(item, UTCDateTime) else False


def run() -> None:
    """One transaction for all: a migration that fails leaves nothing behind."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_item=written,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
