"""When lines are verified, and how it goes on after a stop."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from inbox import (
    chat_checks,
    effects,
    intake,
    jobs,
    reconciler,
    upkeep,
    verifications,
    verifying,
)
from inbox.db import db, now
from inbox.verifications import Verification
from inbox.webhook_events import WebhookEvent
from tests.completeness.looking import CAROL, DAVE, age, ago, from_the_phone, missing, texts

MINUTE = timedelta(minutes=1)


@pytest.fixture
def asked(monkeypatch) -> list[tuple]:
    """The jobs that were asked for, and not run."""
    asked: list[tuple] = []
    monkeypatch.setattr(jobs, "ask", lambda *what, delay=0: asked.append(what))
    return asked


def ended(verification, *, before=timedelta(0), error=None) -> None:
    verification.started_at = verification.ended_at = now() - before
    verification.error = error
    db.session.commit()


def rows() -> list[Verification]:
    db.session.rollback()
    return list(db.session.scalars(select(Verification).order_by(Verification.id)))


@pytest.mark.parametrize(
    ("before", "error", "due"),
    [
        (14 * MINUTE, None, False),
        (15 * MINUTE, None, True),
        (4 * MINUTE, "Blooio did not answer.", False),
        (5 * MINUTE, "Blooio did not answer.", True),
    ],
)
def test_a_line_is_due_every_quarter_of_an_hour_and_sooner_after_an_error(line, before, error, due):
    ended(verifications.ask(line.id, "recent"), before=before, error=error)

    assert verifications.ask_when_due(line, now()) is due


def test_a_line_that_was_never_verified_is_due(line):
    assert verifications.ask_when_due(line, now())
    assert [one.kind for one in verifications.under_way(line.id)] == ["recent"]


def test_everything_is_compared_once_a_day(line):
    line.created_at = now() - timedelta(days=2)
    ended(verifications.ask(line.id, "recent"))

    assert verifications.ask_when_due(line, now())
    (slow,) = verifications.under_way(line.id)
    assert slow.kind == "all"
    ended(slow)

    assert not verifications.ask_when_due(line, now())


def test_a_start_asks_for_all_at_once_and_the_sweep_after_it_does_not(line, asked):
    jobs.note("swept_at", (now() - 4 * MINUTE).isoformat())

    verifying.arrive()
    assert [what[:2] for what in asked] == [("verify_after", line.id)]
    asked.clear()

    upkeep.sweep()
    assert ("verify_due", line.id) in asked
    assert "verify_after" not in [what[0] for what in asked]


def test_of_two_who_say_that_we_were_not_there_one_is_enough(provider, line):
    gap = now()
    verifying.verify_after(line.id, gap)
    verifying.verify_after(line.id, gap)
    assert len(rows()) == 1

    verifying.verify_after(line.id, now())
    assert len(rows()) == 2


def test_the_sweep_asks_for_what_is_due(line, asked):
    upkeep.sweep()

    assert ("verify_due", line.id) in asked
    assert "verify_after" not in [what[0] for what in asked]


def test_a_sweep_that_comes_late_means_that_we_were_not_there(line, asked):
    upkeep.sweep()
    jobs.note("swept_at", (now() - 4 * MINUTE).isoformat())
    asked.clear()

    upkeep.sweep()

    assert "verify_after" in [what[0] for what in asked]


def test_a_stopped_line_is_not_asked_about_by_itself(line, asked):
    line.stopped_reason = "Blooio does not accept the API key of this line."
    db.session.commit()

    upkeep.sweep()

    assert not [what for what in asked if what[0].startswith("verify")]


def test_whoever_has_reasons_all_the_time_gets_one_a_minute(provider, line, asked):
    provider.say(CAROL, "Hello", at=ago(1))
    for _ in range(5):
        verifying.verify(line.id)

    assert [one.ended_at is not None for one in rows()] == [True, False]

    verifying.verify_now(line.id)
    assert [one.ended_at is not None for one in rows()] == [True, True]


def test_one_that_was_forgotten_is_gone_on_with(line, asked):
    row = verifications.ask(line.id, "recent")
    row.started_at = now() - 2 * MINUTE
    db.session.commit()

    upkeep.sweep()

    assert ("go_on_verifying", line.id) in asked


def test_a_long_one_goes_on_in_turns(provider, line, asked, monkeypatch):
    monkeypatch.setattr(reconciler, "TURN", 0)
    provider.say(CAROL, "Hello", at=ago(2))
    provider.say(DAVE, "Hi", at=ago(1))

    verifying.verify_now(line.id)
    turns = 1
    while asked and turns < 20:
        name, *given = asked.pop()
        getattr(verifying, name)(*given)
        turns += 1

    assert turns > 1
    assert texts() == []
    monkeypatch.setattr(reconciler, "TURN", 3)
    reconciler.run(line.id)
    assert texts() == ["Hello", "Hi"]


def test_the_slow_one_lets_the_others_pass(provider, line):
    provider.say(CAROL, "Hello", at=ago(1))
    verifications.ask(line.id, "all")
    verifications.ask(line.id, "asked")
    db.session.commit()

    reconciler.turn(line.id)

    assert [(one.kind, one.ended_at is not None) for one in rows()] == [
        ("all", False),
        ("asked", True),
    ]


def test_the_slow_one_goes_on_where_a_crash_left_it(provider, line, monkeypatch):
    for number in range(6):
        provider.say(f"+1415556{number:04}", "Hi", at=ago(2) + number)
    verifications.ask(line.id, "all")
    db.session.commit()
    held = reconciler._take(line.id, timedelta(0))
    plan = held.plan = held.planned()
    for _ in range(3):
        held.step(plan)
    held.save(todo=plan.text())
    assert len(texts()) == 3

    verifying.take_over()
    reconciler.run(line.id)

    (found,) = rows()
    assert (found.chats, found.done, found.missing_messages) == (6, 6, 6)
    assert missing(found) == (6, 0, 0)


def test_another_one_that_a_crash_cut_off_is_done_with(provider, line):
    verifications.ask(line.id, "recent")
    db.session.commit()
    assert reconciler._take(line.id, timedelta(0))

    verifying.take_over()

    (cut,) = rows()
    assert (cut.error, cut.ended_at is not None) == (verifications.INTERRUPTED, True)
    assert verifications.begin(line, now()) == line.created_at


def test_a_holder_that_is_gone_for_long_has_lost_it(provider, line, monkeypatch):
    verifications.ask(line.id, "recent")
    db.session.commit()
    held = reconciler._take(line.id, timedelta(0))
    db.session.execute(Verification.__table__.update().values(lease_until=now() - MINUTE))
    verifications.ask(line.id, "asked")
    db.session.commit()

    reconciler.run(line.id)

    assert [one.error for one in rows()] == [verifications.INTERRUPTED, None]
    with pytest.raises(reconciler.Lost):
        held.save()


def test_what_is_still_missing_is_looked_for_again(provider, line, verify, monkeypatch):
    provider.say(CAROL, "Hello", at=ago(1))
    real = effects.of
    monkeypatch.setattr(effects, "of", lambda *_: 1 / 0)
    first = verify()
    assert missing(first) == (1, 0, 1)
    assert missing(verify()) == (1, 0, 1)

    monkeypatch.setattr(effects, "of", real)
    db.session.scalars(select(WebhookEvent)).one().try_after = None
    db.session.commit()
    intake.retry_new(now())

    assert missing(verify()) == (0, 0, 0)


def test_what_is_too_new_is_looked_at_again_in_a_moment(provider, line, verify, asked):
    provider.say(CAROL, "Just now")

    assert missing(verify()) == (0, 0, 0)
    assert texts() == []
    ((name, *given),) = [what for what in asked if what[0] == "check_chat"]

    age(provider, provider.box.store.row("SELECT message_id FROM message")[0], hours=0.01)
    line_id, chat, group, since = given
    chat_checks.check_chat(line_id, chat, group, since - 2 * MINUTE)
    assert texts() == ["Just now"]


def waiting_reports(tell, id, minutes) -> None:
    tell(id, "From the phone", ago(1), event="message.sent")
    row = db.session.scalars(select(WebhookEvent)).one()
    assert row.state == "waiting"
    row.received_at = now() - minutes * MINUTE
    db.session.commit()


def test_a_report_that_waits_for_a_minute_has_its_chat_looked_at(provider, line, tell, asked):
    id = from_the_phone(provider)
    age(provider, id, hours=30)
    waiting_reports(tell, id, 0.5)
    chat_checks.ask_about_waiting(now())
    assert asked == []
    waiting = db.session.scalars(select(WebhookEvent)).one()
    waiting.received_at = now() - 2 * MINUTE
    db.session.commit()

    chat_checks.ask_about_waiting(now())
    chat_checks.ask_about_waiting(now() + MINUTE)
    ((name, *given),) = asked
    assert name == "check_chat"
    chat_checks.check_chat(*given)

    assert texts() == ["From the phone"]
    assert set(db.session.scalars(select(WebhookEvent.state))) == {"applied"}


def test_a_report_whose_message_nobody_knows_is_asked_about_ever_more_seldom(
    provider, line, tell, asked
):
    waiting_reports(tell, "msg_of_nobody", 2)
    at = now()
    for _ in range(40):
        chat_checks.ask_about_waiting(at)
        at += timedelta(hours=1)

    assert len(asked) == len(chat_checks.AGAIN) + 1
    chat_checks.check_chat(*asked[0][1:])
    assert texts() == []
