"""What the log says of mistakes: of what kind and where, and nothing that anybody wrote."""

import json
import subprocess
import sys

import pytest
import structlog
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from inbox import jobs
from inbox.config import ROOT
from inbox.contacts import Address
from inbox.db import db

LIBRARIES = ["huey.consumer", "urllib3.connectionpool", "engineio.server", "sqlalchemy"]
PREPARED = """
from gevent import monkey
monkey.patch_all()
import logging, threading
import gevent
from inbox import runtime
from inbox.config import load

runtime._prepared(load())
"""
WORDS, NUMBER = "My dog is ill", "+14155550132"


def clean(told: str) -> bool:
    return WORDS not in told and NUMBER not in told and NUMBER[1:] not in told


def taken_twice(address) -> IntegrityError:
    """What the database says of an address that is there already."""
    values = {"contact_id": address.contact_id, "kind": address.kind, "value": address.value}
    with pytest.raises(IntegrityError) as raised:
        db.session.execute(insert(Address).values(given=WORDS, **values))
    db.session.rollback()
    return raised.value


def test_a_statement_that_fails_is_told_without_its_values(carol, engine, capsys):
    error = taken_twice(carol.address)
    assert engine == "sqlite" or NUMBER in str(error), "PostgreSQL repeats the value"

    structlog.get_logger().error("request.failed", exc_info=(type(error), error, None))

    told = capsys.readouterr().out
    assert "IntegrityError" in told
    assert clean(told)


def test_a_job_that_fails_is_told_without_its_words(app, capsys):
    def broken() -> None:
        raise ValueError(f"{WORDS} {NUMBER}")

    jobs._in_context(app, broken)()

    told = capsys.readouterr().out
    assert "job.failed" in told and "ValueError" in told and "test_log.py" in told
    assert clean(told)


def test_what_a_library_logs_is_told_without_its_words(tmp_path):
    """In a process of its own: pytest would show what the library said."""
    done = in_process(
        tmp_path,
        f"""
for name in {LIBRARIES}:
    try:
        raise ValueError("{WORDS}")
    except ValueError:
        logging.getLogger(name).exception("Not done: %s", "{NUMBER}")
    logging.getLogger(name).error("{WORDS} {NUMBER}")
""",
    )

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["logger"] for one in told] == [name for name in LIBRARIES for _ in range(2)]
    assert [one.get("error") for one in told] == ["ValueError", None] * len(LIBRARIES)
    assert all(one["at"].startswith("<string>") for one in told)
    assert done.returncode == 0


def test_what_breaks_in_a_view_is_told_without_its_words(app, alice, capsys):
    def broken() -> str:
        raise ValueError(f"{WORDS} {NUMBER}")

    app.view_functions["health.ready"] = broken
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert app.test_client().get("/readyz").status_code == 500

    told = capsys.readouterr()
    assert "request.failed" in told.out and "ValueError" in told.out
    assert clean(told.out) and clean(told.err)


def test_in_a_process_what_nobody_catches_is_told_without_its_words(tmp_path):
    done = in_process(
        tmp_path,
        f"""
def broken():
    raise ValueError("{WORDS} {NUMBER}")

gevent.spawn(broken)
thread = threading.Thread(target=broken)
thread.start()
thread.join()
gevent.sleep(0.1)
broken()
""",
    )

    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["event"], one["error"]) for one in told] == [("uncaught", "ValueError")] * 3
    assert done.returncode == 1


def in_process(folder, script: str) -> subprocess.CompletedProcess[str]:
    """What a process of ours says that does this once it is prepared."""
    done = subprocess.run(
        [sys.executable, "-c", PREPARED + script],
        cwd=ROOT,
        env={"DATA_DIR": str(folder), "LOG_FORMAT": "json", "LOG_LEVEL": "debug"},
        capture_output=True,
        text=True,
    )
    assert clean(done.stdout) and clean(done.stderr)
    return done
