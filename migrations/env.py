"""Alembic's entry: the engine and the tables are the app's own."""

from alembic import context
from flask import current_app

from inbox.db import db

migrate = current_app.extensions["migrate"]


def run() -> None:
    """One transaction for all: a migration that fails leaves nothing behind."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=db.metadata, **migrate.configure_args
        )
        with context.begin_transaction():
            context.run_migrations()


run()
