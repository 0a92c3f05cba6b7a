"""For proxies and supervisors: alive, and ready."""

import threading

from sqlalchemy import text

from inbox.db import db


def test_a_running_process_lives_whatever_the_database_does(visitor, app):
    db.session.execute(text("drop table alembic_version"))
    db.session.commit()

    assert visitor.get("/livez").text == "ok\n"


def test_it_is_ready_when_the_database_takes_a_write(visitor, app):
    answer = visitor.get("/readyz")

    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_it_is_not_ready_while_the_database_is_old(visitor, app):
    db.session.execute(text("update alembic_version set version_num = 'older'"))
    db.session.commit()

    answer = visitor.get("/readyz")

    assert answer.status_code == 503
    assert "run inbox migrate" in answer.text


def test_it_is_not_ready_while_the_database_takes_no_write(visitor, app):
    held = db.engine.connect()
    held.begin()
    held.execute(text("update alembic_version set version_num = version_num"))

    answer = visitor.get("/readyz")
    held.close()
    for thread in threading.enumerate():
        if thread.name == "readyz":
            thread.join()

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
