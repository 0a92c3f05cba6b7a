"""Events that could not be applied, as admins are told of them."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from inbox import activity, effects, intake, webhook_events
from inbox.activity import Activity
from inbox.db import db, now
from inbox.intake import Delivery
from inbox.webhook_events import WebhookEvent
from tests.processes import received


@pytest.fixture
def bug(monkeypatch):
    """A mistake of ours in applying events; `undo()` mends it."""

    def broken(*_):
        raise LookupError("Hello, my PIN is 1234")

    monkeypatch.setattr(effects, "of", broken)
    return monkeypatch


def take(line, **more):
    payload = received("+14155550132", "Hi", **more)
    delivery = Delivery(line.id, json.dumps(payload).encode(), payload, {})
    db.session.rollback()
    intake.take(delivery)
    return db.session.scalars(select(WebhookEvent).order_by(WebhookEvent.id.desc())).first()


def climb_the_ladder(row):
    while row.state == "new":
        intake.retry_new(row.try_after)
        db.session.refresh(row)


def test_an_event_is_dead_only_after_the_whole_ladder(line, bug):
    row = take(line)
    waits = []

    while row.state == "new":
        before = activity.latest_id(line_id=line.id)
        waits.append(round((row.try_after - now()).total_seconds()))
        intake.retry_new(row.try_after - timedelta(seconds=1))
        db.session.refresh(row)
        assert row.attempts == len(waits)
        intake.retry_new(row.try_after)
        db.session.refresh(row)

    assert waits == pytest.approx(webhook_events.TRIES, abs=1)
    assert row.state == "dead"
    said = db.session.scalars(select(Activity.kind).where(Activity.id > before)).all()
    assert said == ["webhook.dead"]


def test_the_reason_names_the_place_and_never_the_words(line, bug):
    row = take(line)

    assert re.fullmatch(r"LookupError in intake\.py:\d+", row.error)


def test_an_admin_is_told_and_nobody_else(line, bug, as_person, adam, maria, alice):
    sentence = "1 webhook event could not be applied."
    climb_the_ladder(take(line))
    adam, maria, alice = (as_person(person) for person in (adam, maria, alice))

    assert sentence in adam.get("/queues").text
    assert sentence in adam.get("/conversations").text
    for person in (maria, alice):
        assert sentence not in person.get("/queues").text
        assert sentence not in person.get("/conversations").text


def test_the_dead_do_not_come_back_as_new_by_themselves(line, bug):
    row = take(line)
    climb_the_ladder(row)
    bug.undo()

    intake.retry_new(now())

    db.session.refresh(row)
    assert row.state == "dead"
