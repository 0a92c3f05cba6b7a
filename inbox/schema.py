"""Bringing the database up to date, once, whoever starts first."""

import flask_migrate  # type: ignore[import-untyped]
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import text

from inbox.config import BadSettings
from inbox.db import db

LOCK = 7_412_002


def upgrade() -> None:
    """Run what this database has not seen. Raises BadSettings when it is newer than we are."""
    refuse_newer()
    if current() == newest():
        return
    if db.engine.dialect.name == "sqlite":
        flask_migrate.upgrade()
        return
    with db.engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        flask_migrate.upgrade()


def current() -> str | None:
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    return _scripts().get_current_head()


def refuse_newer() -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    found = current()
    if found is not None and found not in known:
        raise BadSettings(
            [f"The database was made by a newer Tapback (schema {found}). Install that one."]
        )


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(current_app.extensions["migrate"].directory)
