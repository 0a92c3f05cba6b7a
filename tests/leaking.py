"""Tests that leak, for the test of the watch: `tests/test_leaks.py` sees them fail."""

import structlog

from tests.processes import running

log = structlog.get_logger(__name__)


def test_that_leaks_nothing(app):
    log.info("all.well", id=7)


def test_that_logs_a_secret(app):
    log.info("line.connected", secret="whsec_test_4f1c2b7a9d")


def test_that_logs_a_number(app):
    log.info("message.sent", to="+14155550132")


def test_that_logs_what_somebody_wrote(app):
    from inbox.messages import Message

    message = Message(text="My dog is ill")
    log.debug("message.received", said=message.text)


def test_that_starts_a_process_that_leaks(tmp_path):
    with running(tmp_path) as tapback, tapback.log.open("a") as written:
        written.write("Here is +14155550132\n")
