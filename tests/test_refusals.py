"""Webhooks that were turned away are counted: all of them, with few writes, and nothing of what
they said."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests
from sqlalchemy import event, select

from inbox import jobs, refusals
from inbox.db import db, now
from inbox.providers import blooio_signature
from inbox.refusals import Refusal
from inbox.tally import Tally
from tests.conftest import SECRET

BODY = b'{"event":"message.received","text":"Buy now"}'
FORGED = "t=%d,v1=" + "0" * 64


@pytest.fixture
def post(app, line):
    """A webhook that is not right; `key` is the line's in the address. A header may be made when
    it is sent, so that it is not stale however late this test runs."""

    def post(body=BODY, key=None, kind="application/json", **headers):
        given = {"Content-Type": kind}
        for name, value in headers.items():
            given[name.replace("_", "-")] = value(body) if callable(value) else value
        path = f"/webhooks/blooio/{key}" if key else "/webhooks/blooio"
        db.session.rollback()
        status = app.test_client().post(path, data=body, headers=given).status_code
        db.session.rollback()
        return status

    return post


@pytest.fixture
def tally(app):
    return app.extensions["tally"]


def counted():
    db.session.rollback()
    rows = db.session.scalars(select(Refusal).order_by(Refusal.reason, Refusal.line_key))
    found = [(row.line_key, row.reason, row.count) for row in rows]
    db.session.rollback()
    return found


def signed(body=BODY, at=None):
    return blooio_signature.sign(body, SECRET, int(at or time.time()))


@pytest.mark.parametrize(
    ("given", "status", "reason"),
    [
        ({}, 401, "missing"),
        ({"X_Blooio_Signature": "hello"}, 401, "malformed"),
        ({"X_Blooio_Signature": lambda _: FORGED % time.time()}, 401, "mismatch"),
        ({"kind": "text/plain"}, 415, "not json"),
        ({"body": b"x" * (1024 * 1024 + 1)}, 413, "too large"),
        ({"body": b"[1]", "X_Blooio_Signature": signed}, 400, "not an object"),
    ],
)
def test_each_is_counted_with_its_reason(post, tally, given, status, reason):
    assert post(**given) == status

    tally.flush()

    assert counted() == [("sandbox", reason, 1)]
    assert refusals.REASONS[reason]


def test_a_clock_that_is_wrong_is_told_apart(post, tally):
    assert post(X_Blooio_Signature=signed(at=time.time() - 400)) == 401
    assert post(X_Blooio_Signature=signed(at=time.time() + 400)) == 401

    tally.flush()

    assert counted() == [("sandbox", "stale", 2)]


def test_a_line_without_a_secret_says_so(post, tally, line):
    line.webhook_secrets_sealed = None
    db.session.commit()
    post(X_Blooio_Signature=signed())

    tally.flush()

    assert counted() == [("sandbox", "no secret", 1)]


def test_made_up_addresses_are_one_row(post, tally):
    for number in range(5):
        assert post(key=f"made-up-{number}") == 401
    post(key="made-up", kind="text/plain")

    tally.flush()

    assert counted() == [("", "no line", 5), ("", "not json", 1)]


def test_more_addresses_than_fit_in_memory_are_still_all_counted(app, line, monkeypatch):
    monkeypatch.setattr("inbox.tally.MOST", 3)
    tally = Tally(app, every=3600)
    db.session.rollback()

    for number in range(10):
        tally.count(f"made-up-{number}", "no line")

    assert len(tally.counts) == 4
    tally.flush()
    assert counted() == [("", "no line", 10)]


def test_a_flood_makes_few_writes_and_an_exact_count(app, line, tally):
    writes = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def before(connection, cursor, statement, *_):
        if "webhook_refusal" in statement and not statement.lower().startswith("select"):
            writes.append(statement)

    tally.every = 0.2
    db.session.rollback()
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(lambda _: forged(app), range(500)))
    tally.flush()

    assert statuses == {401}
    assert counted() == [("sandbox", "mismatch", 500)]
    assert 1 <= len(writes) <= 2 + (time.monotonic() - begun) / tally.every
    event.remove(db.engine, "before_cursor_execute", before)


def forged(app):
    headers = {
        "Content-Type": "application/json",
        "X-Blooio-Signature": FORGED % time.time(),
    }
    return app.test_client().post("/webhooks/blooio", data=BODY, headers=headers).status_code


def test_what_was_counted_is_written_by_itself(app, line):
    tally = Tally(app, every=0.05)
    tally.count("sandbox", "missing")
    db.session.rollback()

    deadline = time.monotonic() + 5
    while not counted():
        assert time.monotonic() < deadline
        time.sleep(0.02)

    assert counted() == [("sandbox", "missing", 1)]


def test_a_process_that_is_stopped_writes_what_it_counted(tapback):
    tapback.add_user("adam@example.com", "Adam Ames", "admin")
    for _ in range(3):
        reply = requests.post(f"{tapback.url}/webhooks/blooio", json={}, timeout=5)
        assert reply.status_code == 401
    assert tapback.terminate() == 0
    tapback.start()

    page = tapback.visitor("adam@example.com").get("/settings/webhooks?state=refused").text

    assert re.search(r"Not signed.*?>3<", page, re.DOTALL)


def test_several_processes_add_to_the_same_row(app, line):
    tallies = [Tally(app, every=3600) for _ in range(4)]
    for tally in tallies:
        for _ in range(25):
            tally.count("sandbox", "missing")
    db.session.rollback()
    threads = [threading.Thread(target=tally.flush) for tally in tallies]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counted() == [("sandbox", "missing", 100)]


def test_what_could_not_be_written_is_written_later(app, line, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def broken(*_):
        raise OperationalError("insert", {}, Exception("disk full"))

    tally = Tally(app, every=3600)
    tally.count("sandbox", "missing")
    db.session.rollback()
    with monkeypatch.context() as patch:
        patch.setattr(refusals, "add", broken)
        tally.flush()
    assert counted() == []

    tally.count("sandbox", "missing")
    tally.flush()

    assert counted() == [("sandbox", "missing", 2)]
    tally.close()


def test_a_refused_signature_asks_for_a_comparison_at_most_now_and_then(app, line, monkeypatch):
    asked = []
    monkeypatch.setattr(jobs, "ask", lambda *words, **_: asked.append(words))
    tally = Tally(app, every=3600)
    line_id = line.id
    db.session.rollback()

    for reason in ("too large", "not json", "mismatch", "mismatch", "stale"):
        tally.count("sandbox", reason)
        tally.flush()

    assert asked == [("verify", line_id)]
    tally.verified[line_id] -= 301
    tally.count("sandbox", "mismatch")
    tally.flush()
    assert asked == [("verify", line_id)] * 2


def test_counts_are_forgotten_after_a_month(app):
    for days in (31, 29):
        at = now() - timedelta(days=days)
        refusals.add(at.date().isoformat(), "sandbox", "missing", 1, at)

    refusals.tidy()
    db.session.commit()

    assert len(counted()) == 1
