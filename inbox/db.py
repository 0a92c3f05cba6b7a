"""The database: one session, one base class, one writer at a time on SQLite.

A transaction that may write begins as a writer (`BEGIN IMMEDIATE`, behind a lock of this process);
one that only reads says so first with `reading()`. Without the lock a second writer would wait
inside SQLite, and the whole process with it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy
from flask import Flask
from flask_migrate import Migrate  # type: ignore[import-untyped]
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Select,
    Text,
    TypeDecorator,
    event,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase

from inbox.config import FILES

PATIENCE = 10.0
WRITING: ContextVar[bool] = ContextVar("writing", default=True)
NUMBERS = {"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_N_name)s"}
NAMES = NUMBERS | {
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
}


class UTCDateTime(TypeDecorator[datetime]):
    """SQLite forgets time zones; what goes in aware comes out aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)  # type: ignore[no-any-return]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


# SQLite counts only "INTEGER PRIMARY KEY" columns up by itself; both are 64 bits wide there.
Base.registry.update_type_annotation_map(
    {
        int: BigInteger().with_variant(Integer, "sqlite"),
        str: Text(),
        datetime: UTCDateTime(),
    }
)
db = SQLAlchemy(model_class=Base)


def ours(name: str | None, kind: str, parents: Any) -> bool:
    """What migrations look after: the job engine keeps tables of its own."""
    return kind != "table" or not (name or "").startswith("huey_")


migrations = Migrate(
    directory=str(FILES / "migrations"), render_as_batch=True, compare_type=True, include_name=ours
)

if TYPE_CHECKING:  # mypy cannot see through db.Model
    Model = Base
else:
    Model = db.Model


Row = TypeVar("Row")


def now() -> datetime:
    return datetime.now(UTC)


def init_app(app: Flask) -> None:
    db.init_app(app)
    migrations.init_app(app, db)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _one_writer(db.engine)
        else:
            _one_view(db.engine)


@contextmanager
def reading() -> Iterator[None]:
    """What begins inside only reads, and ends with it: it waits for nobody, and a write in it is an
    error. Inside a writer's transaction it changes nothing.
    """
    began_here = not db.session().in_transaction()
    token = WRITING.set(False)
    try:
        yield
    finally:
        if began_here:
            db.session.rollback()
        WRITING.reset(token)


def locked(query: Select[Row], model: type[Row]) -> Select[Row]:
    """The query, its rows freshly read and held until the commit (SQLite holds everything)."""
    held = query.with_for_update(key_share=True, of=model)
    return held.execution_options(populate_existing=True)


def lock(row: Model) -> None:
    """Read `row` again and hold it until the commit: what is counted up is counted once."""
    db.session.flush()
    db.session.refresh(row, with_for_update={"key_share": True, "of": type(row)})


def _one_view(engine: Engine) -> None:
    """A reader sees one moment on PostgreSQL too: its cursor and its rows belong together."""

    @event.listens_for(engine, "begin")
    def begin(connection: sqlalchemy.Connection) -> None:
        if not WRITING.get():
            statement = "set transaction isolation level repeatable read read only"
            connection.exec_driver_sql(statement)


def _one_writer(engine: Engine) -> None:
    lock = threading.Lock()

    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on"):
            connection.execute(f"pragma {pragma}")
        connection.execute(f"pragma busy_timeout={int(PATIENCE * 1000)}")

    @event.listens_for(engine, "begin")
    def begin(connection: sqlalchemy.Connection) -> None:
        info: Any = connection.connection.record_info
        if not WRITING.get():
            info["reader"] = True
            connection.exec_driver_sql("pragma query_only=on")
            connection.exec_driver_sql("begin")
            return
        if info.pop("reader", False):
            connection.exec_driver_sql("pragma query_only=off")
        if not info.get("writer"):
            if not lock.acquire(timeout=PATIENCE):
                raise OperationalError("begin immediate", {}, Exception("another writer is busy"))
            info["writer"] = True
        connection.exec_driver_sql("begin immediate")

    @event.listens_for(engine, "checkin")
    def checkin(connection: Any, record: Any) -> None:
        if record.record_info.pop("writer", False):
            lock.release()
