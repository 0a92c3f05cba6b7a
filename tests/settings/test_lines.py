"""The lines in the settings: the proof, who sees it, and asking for it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from inbox import verifications
from inbox.db import db, now
from inbox.verifications import Verification
from inbox.webhook_events import WebhookEvent


@pytest.fixture
def verified(line):
    """A verification of the line that ended now; `given` are its figures."""

    def verified(kind="recent", **given) -> Verification:
        row = verifications.ask(line.id, kind)
        row.ended_at = now()
        for name, value in given.items():
            setattr(row, name, value)
        db.session.commit()
        return row

    return verified


@pytest.mark.parametrize("who", ["alice", "mallory"])
def test_the_lines_are_for_those_who_manage(as_person, line, request, who):
    person = as_person(request.getfixturevalue(who))

    assert person.get("/settings/lines").status_code == 403
    assert person.get(f"/settings/lines/{line.id}").status_code == 403
    assert (
        person.submit(f"/settings/lines/{line.id}/verifications", form="/conversations").status_code
        == 403
    )
    assert db.session.scalars(select(Verification)).all() == []


@pytest.mark.parametrize("who", ["maria", "adam"])
def test_whoever_manages_sees_that_nothing_is_missing(as_person, verified, line, request, who):
    verified(messages=340, chats=12)

    page = as_person(request.getfixturevalue(who)).get("/settings/lines").text

    assert "Nothing missing" in page
    assert "340 messages in 12 conversations compared" in page
    assert "(415) 555-0100" in page


def test_a_line_that_does_not_exist_is_not_found(as_person, maria):
    person = as_person(maria)

    assert person.get("/settings/lines/4711").status_code == 404
    assert (
        person.submit("/settings/lines/4711/verifications", form="/conversations").status_code
        == 404
    )


def test_what_was_found_is_said(as_person, maria, verified, line):
    verified(missing_messages=50, missing_reports=1)

    page = as_person(maria).get(f"/settings/lines/{line.id}").text

    assert "50 messages and 1 delivery report had not arrived and were fetched" in page


def test_what_could_not_be_fetched_is_said(as_person, maria, verified, line):
    verified(missing_messages=3, still_missing=1)

    page = as_person(maria).get(f"/settings/lines/{line.id}").text

    assert "3 messages had not arrived, and 1 could not be fetched" in page


def test_one_that_did_not_get_through_proves_nothing(as_person, maria, verified, line):
    verified(error="Blooio did not answer.")

    page = as_person(maria).get(f"/settings/lines/{line.id}").text

    assert "Nothing is proven about this line" in page
    assert "Blooio did not answer." in page


def test_when_the_last_webhook_was_heard_and_not_what_was_found(as_person, maria, line):
    told = {"line_id": line.id, "name": "message.received", "headers": "{}", "body": b"{}"}
    heard = now() - timedelta(hours=2)
    db.session.add(WebhookEvent(key="a", source="webhook", received_at=heard, **told))
    db.session.add(WebhookEvent(key="b", source="list", **told))
    db.session.commit()

    page = as_person(maria).get(f"/settings/lines/{line.id}").text

    assert heard.isoformat() in page


def test_asking_for_it_is_shown_at_once(as_person, maria, line, app):
    person = as_person(maria)

    assert (
        person.submit(f"/settings/lines/{line.id}/verifications", form="/conversations").status_code
        == 204
    )

    assert "About to be verified" in person.get(f"/settings/lines/{line.id}").text
    db.session.rollback()
    (asked,) = db.session.scalars(select(Verification)).all()
    assert (asked.kind, asked.ended_at) == ("asked", None)
    names = [task.name for task in app.extensions["huey"].pending()]
    assert "go_on_verifying" in names


def test_reading_the_page_asks_for_nothing(as_person, maria, line):
    as_person(maria).get("/settings/lines")

    assert db.session.scalars(select(Verification)).all() == []


def test_everybody_reads_in_the_pane_that_the_line_was_verified(as_person, alice, verified, carol):
    person = as_person(alice)
    assert "Verified" not in person.get(f"/conversations/{carol.id}").text

    verified(missing_messages=3)

    page = person.get(f"/conversations/{carol.id}").text
    assert "3 messages had not arrived and were fetched" in page
