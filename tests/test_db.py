"""One writer at a time on SQLite, and everybody gets their turn."""

import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from inbox.contacts import Contact
from inbox.db import db, reading


def add_contact(app, name, hold: threading.Event | None = None):
    with app.app_context():
        db.session.add(Contact(name=name))
        db.session.flush()
        if hold:
            hold.wait(5)
        db.session.commit()


def count():
    return db.session.scalar(select(func.count(Contact.id)))


def test_many_writers_take_turns(app):
    writers = [threading.Thread(target=add_contact, args=(app, f"No. {n}")) for n in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)

    assert count() == 20


def test_a_reader_does_not_wait_for_a_writer(app):
    go_on = threading.Event()
    writer = threading.Thread(target=add_contact, args=(app, "Slow", go_on))
    writer.start()

    with reading():
        assert count() == 0
        db.session.rollback()

    go_on.set()
    writer.join(10)
    with reading():
        assert count() == 1


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_writer_gives_the_lock_back_also_when_it_fails(app):
    for _ in range(3):
        db.session.add(Contact(name="Never"))
        db.session.flush()
        db.session.rollback()
    other = threading.Thread(target=add_contact, args=(app, "Next"))
    other.start()
    other.join(5)

    assert not other.is_alive()
    assert count() == 1


def test_a_reader_cannot_write(app):
    with reading():
        db.session.add(Contact(name="Never"))
        with pytest.raises(SQLAlchemyError):
            db.session.flush()
        db.session.rollback()

    db.session.add(Contact(name="Again"))
    db.session.commit()
    assert count() == 1


def test_a_reader_sees_one_moment(app):
    with reading():
        assert count() == 0
        writer = threading.Thread(target=add_contact, args=(app, "Meanwhile"))
        writer.start()
        writer.join(5)

        assert count() == 0
        db.session.rollback()
        assert count() == 1
