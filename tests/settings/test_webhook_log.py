"""The webhook log: who may see it, its figures and rows, and trying events again."""

import json
import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from inbox import (
    effects,
    intake,
    jobs,
    lines,
    refusals,
    replaying,
    webhook_figures,
    webhook_replays,
)
from inbox.db import db, now
from inbox.errors import Refused
from inbox.intake import Delivery
from inbox.messages import Message
from inbox.webhook_events import PAGE, STATES, WebhookEvent
from inbox.webhook_replays import JOB, Progress, WebhookReplay
from tests.people.visitor import FETCH
from tests.processes import received

LOG = "/settings/webhooks"


@pytest.fixture
def bug(monkeypatch):
    """A mistake of ours in applying events; `undo()` mends it."""

    def broken(*_):
        raise LookupError("Hello, my PIN is 1234")

    monkeypatch.setattr(effects, "of", broken)
    return monkeypatch


@pytest.fixture
def asked(monkeypatch):
    """The jobs that were asked for."""
    asked = []
    monkeypatch.setattr(jobs, "ask", lambda *words, **_: asked.append(words))
    return asked


@pytest.fixture
def dead(line, bug):
    """Three messages that could not be applied, and then the mistake is mended."""
    rows = [take(line, f"Hello {number}") for number in range(3)]
    for row in rows:
        row.state, row.attempts, row.try_after = "dead", 6, None
    db.session.commit()
    bug.undo()
    return [row.id for row in rows]


def take(line, text):
    payload = received("+14155550132", text)
    delivery = Delivery(line.id, json.dumps(payload).encode(), payload, {})
    db.session.rollback()
    intake.take(delivery)
    return db.session.scalars(select(WebhookEvent).order_by(WebhookEvent.id.desc())).first()


def store(line, state, **more):
    number = more.pop("number", 0)
    row = WebhookEvent(
        line_id=line.id, key=f"{state}-{number}", name="message.sent", headers="{}", body=b"{}"
    )
    row.state = state
    for name, value in more.items():
        setattr(row, name, value)
    db.session.add(row)
    db.session.flush()
    return row


def state_of(id):
    db.session.rollback()
    return db.session.get_one(WebhookEvent, id, populate_existing=True).state


def texts():
    db.session.rollback()
    return sorted(db.session.scalars(select(Message.text)))


def post(person, path, **fields):
    """As a script of ours does, with the token of the page."""
    db.session.rollback()
    token = person.token(LOG)
    db.session.rollback()
    reply = person.client.post(path, data=fields | {"csrf_token": token}, headers=FETCH)
    db.session.rollback()
    return reply


@pytest.mark.parametrize("who", ["alice", "maria", "mallory"])
def test_only_an_admin_sees_it(as_person, request, dead, who):
    person = as_person(request.getfixturevalue(who))
    paths = [LOG, f"{LOG}?state=refused", f"{LOG}/{dead[0]}", f"{LOG}/999", f"{LOG}/replays"]

    assert {person.get(path).status_code for path in paths} == {403}


@pytest.mark.parametrize("who", ["alice", "maria", "mallory"])
def test_only_an_admin_tries_events_again(as_person, request, dead, who):
    person = as_person(request.getfixturevalue(who))
    paths = [f"{LOG}/{dead[0]}/replay", f"{LOG}/{dead[0]}/dismissal"]
    paths += [f"{LOG}/replays", f"{LOG}/dismissals"]
    token = person.token("/conversations")

    for path in paths:
        reply = person.client.post(path, data={"csrf_token": token}, headers=FETCH)
        assert reply.status_code == 403
    assert [state_of(id) for id in dead] == ["dead"] * 3


def test_what_is_not_there_is_not_found(as_person, adam):
    person = as_person(adam)

    assert person.get(f"{LOG}/999").status_code == 404
    assert post(person, f"{LOG}/999/replay").status_code == 404


def test_figures_and_rows_come_to_the_same(line, as_person, adam):
    counts = {"applied": 4, "ignored": 3, "waiting": 2, "new": 1, "dead": 2, "dismissed": 1}
    for state, count in counts.items():
        for number in range(count):
            store(line, state, number=number)
        store(line, state, number=99, received_at=now() - timedelta(days=3))
    store(line, "dead", number=100, received_at=now() - timedelta(days=40))
    db.session.commit()
    person = as_person(adam)

    whole, *each = webhook_figures.of([line])

    assert each[0].states == whole.states
    for state, count in counts.items():
        assert (whole.states[state].today, whole.states[state].month) == (count, count + 1)
        for period, shown in (("today", count), ("month", count + 1)):
            page = person.get(f"{LOG}?state={state}&period={period}").text
            assert len(re.findall(rf'href="{LOG}/\d+"', page)) == shown
    assert (whole.received.today, whole.received.month) == (13, 19)
    assert len(re.findall(rf'href="{LOG}/\d+"', person.get(f"{LOG}?state=dead").text)) == 4


def test_each_line_has_its_own_figures(line):
    other = lines.put(
        "other",
        name="Other",
        base_url="http://127.0.0.1:9",
        api_key="x",
        webhook_secrets=[],
        number=None,
        bare_signatures=False,
    )
    store(line, "applied")
    store(other, "applied", number=1)
    store(other, "dead")
    today = now().date().isoformat()
    refusals.add(today, "other", "mismatch", 5, now())
    refusals.add(today, "", "no line", 7, now())
    db.session.commit()

    whole, first, second = webhook_figures.of([line, other])

    assert [one.received.today for one in (whole, first, second)] == [3, 1, 2]
    assert [one.states["dead"].today for one in (whole, first, second)] == [1, 0, 1]
    assert [one.refused.today for one in (whole, first, second)] == [12, 0, 5]
    assert set(whole.states) == set(STATES)


def test_pages_follow_each_other_without_gaps_while_new_ones_come(line, as_person, adam):
    ids = [store(line, "applied", number=number).id for number in range(2 * PAGE + 5)]
    db.session.commit()
    person = as_person(adam)
    seen, path = [], f"{LOG}?state=applied"

    for _ in range(3):
        page = person.get(path).text
        seen += [int(id) for id in re.findall(rf'href="{LOG}/(\d+)"', page)]
        store(line, "applied", number=1000 + len(seen))
        db.session.commit()
        older = re.search(r'href="([^"]*before=[^"]*)"', page)
        path = older[1].replace("&amp;", "&").partition("#")[0] if older else None

    assert seen == ids[::-1]
    assert path is None


def test_refused_ones_are_told_with_what_to_do(line, as_person, adam, app):
    person = as_person(adam)
    app.extensions["tally"].count("sandbox", "stale")

    page = person.get(f"{LOG}?state=refused&period=today").text

    assert "The sender’s clock and ours differ by more than 5 minutes." in page
    assert "Check this machine’s clock." in page


def test_an_event_is_shown_without_what_was_said(line, as_person, adam):
    row = take(line, "Meet me at noon")
    person = as_person(adam)

    page = person.get(f"{LOG}/{row.id}").text

    assert "message.received" in page
    assert "(text hidden, 15 characters)" in page.replace("&#34;", '"')
    for secret in ("noon", "4155550132"):
        assert secret not in page


def test_a_replay_applies_it_and_says_so(line, dead, as_person, adam):
    person = as_person(adam)

    reply = post(person, f"{LOG}/{dead[1]}/replay")

    assert (reply.status_code, state_of(dead[1])) == (200, "applied")
    assert "It was applied just now." in reply.text
    assert texts() == ["Hello 1"]


def test_a_replay_that_fails_again_says_so_and_changes_nothing(line, dead, bug, as_person, adam):
    bug.setattr(effects, "of", lambda *_: 1 / 0)
    person = as_person(adam)

    reply = post(person, f"{LOG}/{dead[0]}/replay")

    assert (reply.status_code, state_of(dead[0])) == (200, "dead")
    assert "It could not be applied this time either." in reply.text
    assert "ZeroDivisionError in intake.py:" in reply.text


def test_a_new_event_tried_by_hand_keeps_its_own_times(line, bug):
    row = take(line, "Hi")
    before = (row.attempts, row.try_after)
    db.session.rollback()

    replaying.replay(row.id)

    assert (row.state, row.attempts, row.try_after) == ("new", *before)


def test_a_second_replay_finds_that_it_was_applied_already(line, dead, as_person, adam):
    person = as_person(adam)
    post(person, f"{LOG}/{dead[0]}/replay")

    reply = post(person, f"{LOG}/{dead[0]}/replay")

    assert "It has been applied already." in reply.text
    assert texts() == ["Hello 0"]


def test_two_admins_at_once_apply_it_once(app, line, dead, monkeypatch):
    applied, refused = [], []
    real = effects.of

    def counted(*words):
        applied.append(words)
        return real(*words)

    monkeypatch.setattr(effects, "of", counted)
    db.session.rollback()
    start = threading.Barrier(4)

    def replay():
        with app.app_context():
            start.wait()
            try:
                replaying.replay(dead[0])
            except Refused as refusal:
                refused.append(str(refusal))

    threads = [threading.Thread(target=replay) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(applied), refused) == (1, ["It has been applied already."] * 3)
    assert texts() == ["Hello 0"]


def test_a_sweep_that_failed_does_not_bury_what_a_person_applied(line, bug, monkeypatch):
    row = take(line, "Hi")
    row.attempts = 6
    db.session.commit()
    real_hold, holds = intake.hold, []

    def hold(id, *states):
        holds.append(states)
        if len(holds) == 2:  # between the failure of the sweep and its writing that down
            bug.undo()
            monkeypatch.setattr(intake, "hold", real_hold)
            replaying.replay(id)
        return real_hold(id, *states)

    monkeypatch.setattr(intake, "hold", hold)
    intake.retry(row.id)

    assert state_of(row.id) == "applied"
    assert texts() == ["Hi"]


def cause():
    (one,) = webhook_replays.causes()
    db.session.rollback()
    return {"name": one.name, "error": one.error}


def test_all_of_one_cause_are_applied_once_and_counted(line, dead, as_person, adam, asked):
    alike = cause()
    other = store(line, "dead", error="KeyError in elsewhere.py:1", name="message.received")
    db.session.commit()
    person = as_person(adam)

    reply = post(person, f"{LOG}/replays", **alike)
    replay = db.session.scalars(select(WebhookReplay)).one()
    assert "3 events" in reply.text and "3 to go" in reply.text
    assert (JOB, replay.id) in asked
    db.session.rollback()
    replaying.replay_webhooks(replay.id)

    assert texts() == ["Hello 0", "Hello 1", "Hello 2"]
    assert webhook_replays.progress(replay) == Progress(3, 0, 3, 0, 0)
    assert state_of(other.id) == "dead"
    assert "3 applied" in person.get(f"{LOG}/replays").text


def test_asking_twice_begins_one_replay(line, dead, as_person, adam, asked):
    person, alike = as_person(adam), cause()
    post(person, f"{LOG}/replays", **alike)

    again = post(person, f"{LOG}/replays", **alike)

    assert "None of these is left" in again.text
    replay = db.session.scalars(select(WebhookReplay)).one()
    for _ in range(2):
        db.session.rollback()
        replaying.replay_webhooks(replay.id)
    assert texts() == ["Hello 0", "Hello 1", "Hello 2"]


def test_what_fails_again_is_dead_again_and_counted_as_that(line, dead, bug, adam, asked):
    alike = cause()
    replay = webhook_replays.ask(**alike, by=adam)
    db.session.commit()
    real = effects.of

    def of(event, *rest):
        return 1 / 0 if event.body.text == "Hello 1" else real(event, *rest)

    bug.setattr(effects, "of", of)
    replaying.replay_webhooks(replay.id)

    assert [state_of(id) for id in dead] == ["applied", "dead", "applied"]
    found = webhook_replays.progress(replay)
    assert (found.done, found.to_go, found.applied, found.failed) == (3, 0, 2, 1)


def test_a_long_replay_goes_on_in_turns(line, dead, adam, asked, monkeypatch):
    replay = webhook_replays.ask(**cause(), by=adam)
    db.session.commit()
    monkeypatch.setattr(replaying, "TURN", 0)

    replaying.replay_webhooks(replay.id)
    assert asked.count((JOB, replay.id)) == 2
    assert webhook_replays.progress(replay).to_go == 3
    db.session.rollback()
    monkeypatch.setattr(replaying, "TURN", 3)
    replaying.replay_webhooks(replay.id)

    assert webhook_replays.progress(replay).to_go == 0
    assert asked.count((JOB, replay.id)) == 2


def test_a_replay_whose_job_was_lost_is_found_again(line, dead, adam, asked):
    from inbox import upkeep

    replay = webhook_replays.ask(**cause(), by=adam)
    db.session.commit()
    asked.clear()

    upkeep.sweep()

    assert (JOB, replay.id) in asked


def test_setting_aside_ends_the_alert(line, dead, as_person, adam):
    person = as_person(adam)
    assert "3 webhook events could not be applied" in person.get("/queues").text

    assert "It was set aside." in post(person, f"{LOG}/{dead[0]}/dismissal").text
    assert "2 events were set aside." in post(person, f"{LOG}/dismissals", **cause()).text

    assert [state_of(id) for id in dead] == ["dismissed"] * 3
    assert "could not be applied" not in person.get("/queues").text
    assert texts() == []


def test_what_was_set_aside_can_still_be_applied(line, dead, as_person, adam):
    person = as_person(adam)
    post(person, f"{LOG}/{dead[0]}/dismissal")

    post(person, f"{LOG}/{dead[0]}/replay")

    assert state_of(dead[0]) == "applied"


def test_replays_are_forgotten_after_a_month_and_their_events_are_not(line, adam):
    old = WebhookReplay(name="x", error="y", user_id=adam.id, asked_at=now() - timedelta(days=31))
    db.session.add(old)
    db.session.flush()
    row = store(line, "dead", replay_id=old.id)
    db.session.commit()

    webhook_replays.tidy()
    db.session.commit()

    assert db.session.scalars(select(WebhookReplay)).all() == []
    db.session.refresh(row)
    assert row.replay_id is None
