"""The send table: for every answer of the provider what becomes of the message and of its line.

The table is written from the contract, not from the code; a change of any cell of any row fails.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from sqlalchemy import select

from inbox import messages, outbox, verdicts
from inbox.db import db, now
from inbox.deliveries import SendAttempt
from inbox.errors import ProviderError
from inbox.providers import blooio_errors
from inbox.providers.blooio import Blooio
from inbox.providers.transport import Reply
from inbox.sandbox import Options, Sandbox
from inbox.verdicts import Verdict

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOON, SLOWLY, HOUR = (0.5, 1.0), (1.0, 1.0), (3600.0, 3600.0)


@dataclass(frozen=True)
class Row:
    """`status` and what comes with it; what follows. `again` is in seconds from now, None: never.
    `fault`: the breaker counts it. `left`: it may have reached the phone all the same."""

    status: int
    kind: str
    outcome: str
    words: str = ""
    code: str | None = None
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    again: tuple[float, float] | None = None
    stop: bool = False
    pause: tuple[float, float] = (0, 0)
    fault: bool = False
    left: bool = False
    new_people: bool = False

    def __str__(self) -> str:
        extra = self.code or dict(self.headers).get("Retry-After", "")
        return " ".join(filter(None, (str(self.status), extra, self.kind)))

    @property
    def content(self) -> bytes:
        if isinstance(self.body, str):
            return self.body.encode()
        said = {"error": "ApiError", "message": "No.", "status": self.status}
        return json.dumps(said | ({"code": self.code} if self.code else {})).encode()


def refused(status: int, words: str, code: str | None = None) -> Row:
    return Row(status, "refused", "failed", words, code)


def slowed(retry_after: str | None, pause: tuple[float, float]) -> Row:
    headers = (("Retry-After", retry_after),) if retry_after is not None else ()
    words = "Blooio asks us to slow down"
    return Row(429, "throttled", "queued", words, headers=headers, again=pause, pause=pause)


def new_people(code: str) -> Row:
    words = "limit for writing to new people"
    return Row(429, "limited", "held", words, code, again=HOUR, new_people=True)


def unclear(status: int, body: Any = None) -> Row:
    words = "Blooio did not answer. Whether it left is being checked."
    return Row(status, "unknown", "unknown", words, body=body, again=SOON, fault=True, left=True)


def trouble(status: int) -> Row:
    words = "Blooio is in trouble"
    return Row(status, "unavailable", "queued", words, again=SOON, fault=True, left=True)


TABLE = [
    refused(400, "Blooio refused this message: No."),
    refused(400, "must contain text", "attachment_first_message_not_allowed"),
    refused(400, "Send without quoting", "reply_target_expired"),
    refused(400, "Blooio refused this message: No.", "reply_target_invalid"),
    refused(400, "Blooio refused this message: No.", "reply_target_chat_mismatch"),
    refused(400, "Blooio refused this message: No.", "reply_target_device_mismatch"),
    refused(400, "Blooio refused this message: No.", "reply_target_not_supported"),
    refused(400, "Blooio refused this message: No.", "invalid_content"),
    refused(400, "Blooio refused this message: No.", "format_unsupported_for_channel_type"),
    refused(402, "trial limit"),
    refused(403, "Blooio does not allow this message: No."),
    refused(403, "only answer people who wrote to it first", "inbound_only_no_prior_inbound"),
    refused(403, "Send plain text", "conversation_content_restricted"),
    refused(403, "paused new conversations", "safety_new_conversations_paused"),
    refused(403, "only answer people who wrote first", "safety_reply_only"),
    refused(403, "reviewed the account", "safety_account_review"),
    refused(404, "does not know this chat: No."),
    refused(404, "Send without quoting", "reply_target_not_found"),
    refused(410, "no longer offers"),
    refused(422, "Blooio refused this message: No.", "invalid_content"),
    refused(501, "does not offer this yet"),
    Row(302, "redirected", "failed", "Blooio refused this message", body=""),
    Row(401, "unauthorized", "queued", "does not accept the API key", again=(0, 0), stop=True),
    new_people("outbound_limit_reached"),
    new_people("new_conversation_limit_reached"),
    Row(429, "limited", "held", "after the person has answered", "conversation_awaiting_reply"),
    Row(429, "limited", "held", "after the person has answered", "conversation_streak_limit"),
    Row(429, "limited", "held", "after the person has answered", "conversation_inactive_paused"),
    Row(429, "limited", "held", "keeps this back for now", "a_code_of_tomorrow", again=HOUR),
    slowed(None, SLOWLY),
    slowed("7", (7, 7)),
    slowed("0", SLOWLY),
    slowed("999999", (900, 900)),
    slowed("soon", SLOWLY),
    slowed("-5", SLOWLY),
    slowed("1.5", SLOWLY),
    slowed(format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True), SLOWLY),
    slowed(format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True), (900, 900)),
    unclear(408),
    unclear(502, "<html><h1>Bad gateway</h1></html>"),
    unclear(504, "upstream timed out"),
    unclear(200, "not json"),
    unclear(202, '{"message_id": "msg_1", "sta'),
    unclear(202, "{}"),
    trouble(425),
    trouble(500),
    trouble(503),
    trouble(520),
]


def judged(row: Row, *, attempts: int = 1, unknown: bool = False) -> tuple[str, Verdict]:
    """What the product makes of such an answer: its word for it, and the verdict."""
    error = failure(row)
    return error.kind, verdicts.of_error(error, attempts=attempts, at=AT, unknown=unknown)


def failure(row: Row) -> ProviderError:
    reply = Reply(row.status, dict(row.headers), row.content, True)
    if not 200 <= row.status < 300:
        return blooio_errors.failure(reply, "bl_test_key")
    with pytest.raises(ProviderError) as raised:
        Blooio("http://127.0.0.1:9", "bl_test_key")._accepted(reply)
    return raised.value


def check(row: Row, found: tuple[str, Verdict]) -> None:
    """Every cell of the row."""
    kind, verdict = found
    assert kind == row.kind
    assert verdict.outcome == row.outcome
    assert verdict.code == row.code
    assert re.search(re.escape(row.words), verdict.problem or "")
    assert verdict.provider_ids == ()
    assert (verdict.fault, verdict.left) == (row.fault, row.left)
    assert bool(verdict.stop) == row.stop
    assert not verdict.stop or "API key" in verdict.stop
    assert within(verdict.pause, row.pause)
    assert verdict.new_people_until == (AT + timedelta(hours=1) if row.new_people else None)
    assert (verdict.again_at is None) == (row.again is None)
    if row.again and verdict.again_at:
        assert within((verdict.again_at - AT).total_seconds(), row.again)


def within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] - 0.001 <= value <= limits[1] + 0.001


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_each_answer_has_its_row(row):
    check(row, judged(row))


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_what_was_unknown_before_stays_so_unless_it_is_refused(row):
    _, verdict = judged(row, unknown=True)

    expected = "unknown" if row.outcome in ("queued", "held", "unknown") else "failed"
    assert verdict.outcome == expected
    if expected == "unknown":
        assert verdict.again_at and verdict.again_at >= AT
        longest = max(row.again[1] if row.again else 1.0, 1.0)
        assert verdict.again_at <= AT + timedelta(seconds=longest + 0.001)
    assert bool(verdict.stop) == row.stop


@pytest.mark.parametrize("row", [unclear(504), trouble(500)], ids=str)
def test_a_later_try_waits_longer(row):
    for attempts, longest in (
        (2, 5),
        (3, 30),
        (4, 120),
        (5, 600),
        (6, 1800),
        (7, 3600),
        (99, 3600),
    ):
        check(replace(row, again=(0.5, longest)), judged(row, attempts=attempts))


def test_a_line_that_is_slowed_again_and_again_rests_for_a_quarter_of_an_hour_at_most():
    for attempts in (5, 6, 7, 99):
        check(slowed(None, (1.0, 900.0)), judged(slowed(None, SLOWLY), attempts=attempts))


@pytest.mark.parametrize(
    ("kind", "outcome", "left"), [("unreachable", "queued", False), ("unknown", "unknown", True)]
)
def test_without_any_answer_it_depends_on_whether_the_request_had_left(kind, outcome, left):
    verdict = verdicts.of_error(ProviderError(kind), attempts=1, at=AT)

    assert (verdict.outcome, verdict.left, verdict.fault) == (outcome, left, True)
    assert verdict.again_at and within((verdict.again_at - AT).total_seconds(), SOON)


@pytest.mark.parametrize(
    ("status", "ids", "outcome"),
    [
        ("queued", ("m",), "accepted"),
        ("pending", ("m",), "accepted"),
        ("a_word_of_tomorrow", ("m",), "accepted"),
        ("failed", ("m",), "failed"),
        ("failed", (), "failed"),
    ],
)
def test_a_yes_is_taken_unless_it_says_failed(status, ids, outcome):
    verdict = verdicts.of_acceptance(status, ids, "No device")

    assert (verdict.outcome, verdict.provider_ids) == (outcome, ids)
    assert verdict.problem == ("No device" if outcome == "failed" else None)
    assert not (verdict.fault or verdict.left or verdict.stop or verdict.pause)


def test_a_known_key_is_a_kind_of_its_own():
    assert blooio_errors.kind(409, None) == "duplicate"
    assert blooio_errors.kind(409, "conflict") == "duplicate"


# A change of any cell is noticed.

Mutation = Callable[[str, Verdict], tuple[str, Verdict]]
OUTCOMES = ("accepted", "failed", "queued", "unknown", "held")


def mutations(row: Row) -> Iterator[Mutation]:
    def put(**cells: Any) -> Mutation:
        return lambda kind, verdict: (kind, replace(verdict, **cells))

    yield lambda kind, verdict: ("another kind", verdict)
    yield from (put(outcome=outcome) for outcome in OUTCOMES if outcome != row.outcome)
    yield put(code="another_code")
    yield put(problem=None if row.words else "Something.")
    yield put(problem="Something else.")
    yield put(fault=not row.fault)
    yield put(left=not row.left)
    yield put(stop=None if row.stop else "The API key.")
    yield put(pause=row.pause[1] + 60)
    yield put(new_people_until=None if row.new_people else AT + timedelta(hours=1))
    yield put(again_at=None if row.again else AT)
    yield put(again_at=AT + timedelta(days=1))
    yield put(provider_ids=("msg_1",))


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_a_mutant_of_any_cell_is_caught(row):
    for mutate in mutations(row):
        with pytest.raises(AssertionError):
            check(row, mutate(*judged(row)))


def test_a_code_that_is_mistaken_for_its_status_is_caught():
    """Each row with a code differs from the row of its bare status, or says the same on purpose."""
    bare = {row.status: row for row in TABLE if not row.code and not row.headers}
    told = [row for row in TABLE if row.code and row.words != bare.get(row.status, row).words]
    assert len(told) > 10

    for row in told:
        with pytest.raises(AssertionError):
            check(row, judged(replace(row, code=None)))


# Over real HTTP, down to the rows.


@pytest.fixture
def sandbox(line) -> Iterator[Sandbox]:
    with Sandbox(Options(key="bl_test_key", numbers=("+14155550100",), speed=50)).start() as box:
        line.base_url = box.url
        db.session.commit()
        yield box


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_each_answer_leaves_its_traces(sandbox, carol, alice, line, row, monkeypatch):
    monkeypatch.setattr(verdicts, "wait_seconds", lambda attempts: 60.0)
    body = json.loads(row.content) if not isinstance(row.body, str) else row.body
    sandbox.trouble({"status": row.status, "body": body, "headers": dict(row.headers), "times": 1})
    message = messages.compose(carol, alice, "Hello")
    db.session.commit()
    key = message.idempotency_key
    monkeypatch.setattr(outbox, "_wake_at", lambda line_id, at: None)

    outbox.drain(line.id)

    db.session.refresh(message)
    db.session.refresh(line)
    assert (message.status, message.idempotency_key) == (row.outcome, key)
    attempt = db.session.scalars(select(SendAttempt)).one()
    assert (attempt.outcome, attempt.code) == (row.outcome, row.code)
    assert (message.doubted_at is not None) == row.left
    assert message.troubled == (row.outcome in ("failed", "unknown"))
    assert (line.stopped_reason is not None) == row.stop
    assert line.failures == (1 if row.fault else 0)
    assert (line.paused_until is not None) == (row.pause[1] > 0)
    assert (line.takes_new_people_from is not None) == row.new_people
    assert sandbox.sent() == []
    assert now() - attempt.at < timedelta(minutes=1)
