import threading
from datetime import timedelta

import time_machine
from flask import Flask
from sqlalchemy import select

from inbox import live, user_sessions, users
from inbox.db import db, now
from inbox.signing_in import viewer
from inbox.user_sessions import UserSession
from tests.people.visitor import Visitor


def only_session() -> UserSession:
    return db.session.scalars(select(UserSession).execution_options(populate_existing=True)).one()


def test_the_table_does_not_hold_what_the_browser_holds(app, alice):
    token = user_sessions.begin(alice, ip="203.0.113.9", user_agent="A visitor")
    db.session.commit()

    kept = only_session()
    assert token not in (kept.token_hash, kept.ip, kept.user_agent)
    assert len(token) >= 43
    assert user_sessions.with_token(token) is kept
    assert user_sessions.with_token(kept.token_hash) is None


def test_a_session_tells_where_it_was_begun(as_person, alice):
    as_person(alice)

    assert only_session().ip == "127.0.0.1"
    assert only_session().user_agent.startswith("Werkzeug")


def test_an_ended_session_lets_nobody_in(as_person, alice):
    visitor = as_person(alice)
    assert visitor.get("/logout").status_code == 200

    user_sessions.end(only_session())
    db.session.commit()

    assert visitor.get("/logout").status_code == 303


def test_a_disabled_person_is_out_at_once(as_person, alice):
    visitor = as_person(alice)
    assert visitor.get("/logout").status_code == 200

    users.disable(alice)
    db.session.commit()

    assert visitor.get("/logout").status_code == 303


def test_ending_all_ends_every_browser_of_one_person(as_person, alice, bob):
    desk, phone, other = as_person(alice), as_person(alice), as_person(bob)

    user_sessions.end_all(alice)
    db.session.commit()

    assert [b.get("/logout").status_code for b in (desk, phone, other)] == [303, 303, 200]


def test_a_session_ends_after_a_week_of_rest(as_person, alice):
    with time_machine.travel("2026-11-24T10:00:00Z", tick=False) as clock:
        visitor = as_person(alice)
        clock.shift(timedelta(days=7, seconds=-1))
        user_sessions.see(only_session().id, now())
        db.session.commit()
        clock.shift(timedelta(days=7, seconds=-1))
        assert visitor.get("/logout").status_code == 200
        wait_until_seen()

        clock.shift(timedelta(days=7))

        assert visitor.get("/logout").status_code == 303


def test_a_session_ends_after_thirty_days_however_busy(as_person, alice):
    with time_machine.travel("2026-11-24T10:00:00Z", tick=False) as clock:
        visitor = as_person(alice)
        for _ in range(5):
            clock.shift(timedelta(days=6))
            answer = visitor.get("/logout")
            wait_until_seen()

    assert answer.status_code == 303


def test_a_visit_is_noted_once_a_minute(as_person, alice):
    with time_machine.travel("2026-11-24T10:00:00Z", tick=False) as clock:
        visitor = as_person(alice)
        began = now()
        clock.shift(59)
        visitor.get("/logout")
        wait_until_seen()
        assert only_session().last_seen_at == began

        clock.shift(1)
        visitor.get("/logout")
        wait_until_seen()

        assert only_session().last_seen_at == began + timedelta(seconds=60)


def test_who_connects_hears_of_their_lines(as_person, app, alice, line):
    viewer = viewer_of(as_person(alice), app)

    assert viewer.user_id == alice.id
    assert viewer.all_rooms == {
        f"user-{alice.id}",
        f"session-{only_session().id}",
        f"line-{line.id}",
    }


def test_a_manager_hears_of_every_line_and_mallory_of_none(as_person, app, maria, mallory, line):
    assert viewer_of(as_person(maria), app).rooms == [f"line-{line.id}"]
    assert viewer_of(as_person(mallory), app).rooms == []


def test_nobody_connects_without_a_session(as_person, visitor, app, alice):
    signed_in = as_person(alice)
    assert viewer_of(signed_in, app) is not None

    user_sessions.end_all(alice)
    db.session.commit()

    assert viewer_of(signed_in, app) is None
    assert viewer_of(visitor, app) is None


def test_who_ends_all_sessions_is_cut_off_after_the_commit(as_person, listen, alice, bob):
    hers, his = listen(as_person(alice)), listen(as_person(bob))

    user_sessions.end_all(alice)
    assert hers.hears_nothing()
    db.session.commit()

    assert not hers.hears_nothing()
    assert his.hears_nothing()


def test_signing_out_cuts_off_this_browser_alone(as_person, listen, alice):
    desk, phone = as_person(alice), as_person(alice)
    at_desk, on_phone = listen(desk), listen(phone)
    assert at_desk.let_in and on_phone.let_in

    desk.submit("/logout")

    assert not at_desk.hears_nothing()
    assert on_phone.hears_nothing()


def test_nobody_is_cut_off_when_it_is_rolled_back(as_person, listen, alice):
    hers = listen(as_person(alice))

    user_sessions.end_all(alice)
    db.session.rollback()
    db.session.execute(select(1))
    db.session.commit()

    assert hers.hears_nothing()


def test_tidying_ends_the_old_and_cuts_what_another_process_ended(as_person, app, alice, bob):
    with time_machine.travel("2026-11-24T10:00:00Z", tick=False) as clock:
        as_person(alice)
        clock.shift(timedelta(days=6))
        as_person(bob)
        clock.shift(timedelta(days=1))

        user_sessions.tidy(since=now() - timedelta(minutes=2))
        db.session.commit()

        ended = {one.user_id: one.ended_at for one in db.session.scalars(select(UserSession))}
        assert ended == {alice.id: now(), bob.id: None}


def wait_until_seen() -> None:
    for thread in threading.enumerate():
        if thread.name == "seen":
            thread.join()


def viewer_of(visitor: Visitor, app: Flask) -> live.Viewer | None:
    """Who a connecting browser is found to be, by its cookie alone."""
    cookie = visitor.client.get_cookie("inbox")
    headers = {"Cookie": f"inbox={cookie.value}"} if cookie else {}
    with app.test_request_context("/socket.io/", headers=headers):
        return viewer()
