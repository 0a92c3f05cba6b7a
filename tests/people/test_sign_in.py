"""The form, its one answer for every wrong pair, and how often it may be tried."""

from time import perf_counter

import pytest
import time_machine

from inbox import users
from inbox.db import db
from inbox.users import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
WRONG = "Email and password don’t belong together."


def test_the_right_password_leads_into_the_inbox(visitor, alice):
    answer = visitor.sign_in(alice.email, PASSWORD)

    assert answer.status_code == 303
    assert answer.location == "/conversations"
    assert visitor.get("/logout").status_code == 200


def test_the_address_may_be_typed_in_any_case(visitor, alice):
    answer = visitor.sign_in(f" {alice.email.upper()}", PASSWORD)

    assert answer.status_code == 303


def test_a_wrong_password_is_said_beside_the_form_and_the_address_stays(visitor, alice):
    answer = visitor.sign_in(alice.email, "not the password")

    assert answer.status_code == 422
    assert WRONG in answer.text
    assert f'value="{alice.email}"' in answer.text
    assert "not the password" not in answer.text
    assert visitor.get("/conversations").status_code == 303


def test_somebody_unknown_reads_the_same_and_waits_as_long(visitor, alice):
    visitor.sign_in("warm@example.com", "not the password")
    began = perf_counter()
    known = visitor.sign_in(alice.email, "not the password")
    between = perf_counter()
    unknown = visitor.sign_in("nobody@example.com", "not the password")
    ended = perf_counter()

    assert unknown.status_code == known.status_code == 422
    assert WRONG in unknown.text
    assert (ended - between) > (between - began) / 3


def test_a_disabled_person_reads_the_same(visitor, alice):
    users.disable(alice)
    db.session.commit()

    answer = visitor.sign_in(alice.email, PASSWORD)

    assert answer.status_code == 422
    assert WRONG in answer.text


def test_a_person_without_a_password_cannot_sign_in(visitor, app):
    users.add("ghost@example.com", name="Ghost", role="agent", password=None)
    db.session.commit()

    assert visitor.sign_in("ghost@example.com", "").status_code == 422
    assert visitor.sign_in("ghost@example.com", "None").status_code == 422


def test_it_goes_on_where_it_was_asked_to_sign_in(visitor, alice):
    asked = visitor.get("/conversations?queue=mine&line=1")

    answer = visitor.submit(asked.location, email=alice.email, password=PASSWORD)

    assert answer.location == "/conversations?queue=mine&line=1"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/%0d%0aX: y",
        "javascript:alert(1)",
        "evil",
        "/\t/evil.example",
        "http://[",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(visitor, alice, elsewhere):
    visitor.sign_in(alice.email, PASSWORD)

    answer = visitor.client.get("/login", query_string={"next": elsewhere})

    assert answer.status_code == 303
    assert answer.location in ("/conversations", "/%0d%0aX:%20y")


def test_a_person_who_is_signed_in_does_not_sign_in_again(as_person, alice):
    answer = as_person(alice).get("/login")

    assert answer.location == "/conversations"


def test_a_form_without_its_token_signs_nobody_in(visitor, alice):
    answer = visitor.client.post("/login", data={"email": alice.email, "password": PASSWORD})

    assert answer.status_code == 400
    assert visitor.get("/conversations").status_code == 303


def test_the_sixth_try_for_one_person_has_to_wait(visitor, another_visitor, alice):
    with time_machine.travel("2026-11-24T10:00:00Z") as clock:
        for _ in range(5):
            assert visitor.sign_in(alice.email, "wrong").status_code == 422

        refused = another_visitor().sign_in(alice.email.upper(), PASSWORD)
        clock.shift(15 * 60 + 1)
        let_in = visitor.sign_in(alice.email, PASSWORD)

    assert refused.status_code == 429
    assert "Try again in 15 minutes." in refused.text
    assert 890 <= int(refused.headers["Retry-After"]) <= 900
    assert let_in.status_code == 303


def test_tries_come_back_one_by_one(visitor, alice):
    with time_machine.travel("2026-11-24T10:00:00Z") as clock:
        visitor.sign_in(alice.email, "wrong")
        clock.shift(10 * 60)
        for _ in range(4):
            visitor.sign_in(alice.email, "wrong")
        assert visitor.sign_in(alice.email, "wrong").status_code == 429

        clock.shift(5 * 60 + 1)

        assert visitor.sign_in(alice.email, "wrong").status_code == 422
        assert visitor.sign_in(alice.email, "wrong").status_code == 429


def test_who_knew_the_password_has_all_tries_again(as_person, visitor, alice):
    with time_machine.travel("2026-11-24T10:00:00Z") as clock:
        for _ in range(4):
            visitor.sign_in(alice.email, "wrong")
        as_person(alice)
        clock.shift(4 * 60)

        tries = [visitor.sign_in(alice.email, "wrong").status_code for _ in range(5)]

    assert tries == [422] * 5


def test_one_network_address_has_ten_tries_in_three_minutes(visitor, app, alice):
    with time_machine.travel("2026-11-24T10:00:00Z"):
        for number in range(10):
            assert visitor.sign_in(f"nobody{number}@example.com", "x").status_code == 422

        here = visitor.sign_in(alice.email, PASSWORD)
        token = visitor.token("/login")
        there = visitor.client.post(
            "/login",
            data={
                "email": alice.email,
                "password": PASSWORD,
                "csrf_token": token,
            },
            environ_base={"REMOTE_ADDR": "203.0.113.9"},
        )

    assert here.status_code == 429
    assert "Try again in 3 minutes." in here.text
    assert there.status_code == 303


def test_an_office_behind_one_address_signs_in_without_waiting(another_visitor, alice):
    answers = [another_visitor().sign_in(alice.email, PASSWORD).status_code for _ in range(12)]

    assert answers == [303] * 12


def test_signing_out_ends_it_on_the_server_too(as_person, app, alice):
    visitor = as_person(alice)
    cookie = visitor.client.get_cookie("inbox").value
    assert visitor.get("/logout").status_code == 200

    answer = visitor.submit("/logout")
    thief = app.test_client()
    thief.set_cookie("inbox", cookie)

    assert answer.location == "/login"
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert visitor.get("/logout").status_code == 303
    assert thief.get("/logout").status_code == 303


def test_signing_in_gives_a_new_token_each_time(as_person, alice):
    first, second = as_person(alice), as_person(alice)

    assert first.client.get_cookie("inbox").value != second.client.get_cookie("inbox").value


def test_a_cookie_that_was_set_for_somebody_does_not_sign_them_in(visitor, app, alice):
    """What an attacker plants before the sign-in is worth nothing after it."""
    visitor.get("/login")
    planted = visitor.client.get_cookie("inbox").value
    visitor.sign_in(alice.email, PASSWORD)
    thief = app.test_client()
    thief.set_cookie("inbox", planted)

    assert visitor.get("/logout").status_code == 200
    assert thief.get("/logout").status_code == 303


def test_a_script_that_is_not_signed_in_is_told_so(visitor, app):
    page = visitor.get("/conversations")
    script = visitor.client.get("/conversations", headers={"Sec-Fetch-Dest": "empty"})
    htmx = visitor.client.get("/queues", headers={"HX-Request": "true"})
    json = visitor.client.get("/conversations/1/changes", headers={"Accept": "application/json"})

    assert page.status_code == 303
    assert script.status_code == htmx.status_code == json.status_code == 401
    assert "You were signed out." in script.text


def test_passwords_are_kept_as_argon2_hashes(app, alice):
    assert db.session.get(User, alice.id).password.startswith("$argon2id$")
