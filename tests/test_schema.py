import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from inbox import schema
from inbox.config import BadSettings
from inbox.db import db, ours


def differences():
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": ours}
        )
        return compare_metadata(context, db.metadata)


def test_migrations_make_the_tables_that_the_models_describe(app):
    assert schema.current() == schema.newest()
    assert differences() == []


def test_down_and_up_again_comes_to_the_same(app):
    db.session.remove()
    flask_migrate.downgrade(revision="base")
    assert schema.current() is None

    schema.upgrade()

    assert differences() == []


def test_a_newer_database_is_refused_in_one_line(app):
    with db.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))

    with pytest.raises(BadSettings, match="made by a newer Tapback"):
        schema.upgrade()
