"""The first admin, and who is invited: each link makes one person, once."""

import threading
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from inbox import lines, setup_links, users
from inbox.db import db
from inbox.errors import Refused
from inbox.setup_links import SetupLink
from inbox.users import User
from tests.conftest import PASSWORD
from tests.people.visitor import Visitor

PUBLIC = "https://inbox.example.com"
PERSON = {"name": "Ada Lovelace", "email": "Ada@Example.com", "password": "a difference engine"}


def first_run_path() -> str:
    url = setup_links.first_run_url(PUBLIC)
    db.session.commit()
    assert url and url.startswith(f"{PUBLIC}/setup/")
    return url.removeprefix(PUBLIC)


def test_the_first_link_makes_the_admin_and_signs_them_in(visitor, app):
    path = first_run_path()
    assert "Create the first admin" in visitor.get(path).text

    answer = visitor.submit(path, **PERSON)

    ada = db.session.scalars(select(User)).one()
    assert answer.location == "/conversations"
    assert (ada.email, ada.name, ada.role) == ("ada@example.com", "Ada Lovelace", "admin")
    assert visitor.get("/logout").status_code == 200


def test_they_see_the_lines_there_are(visitor, app, line):
    visitor.submit(first_run_path(), **PERSON)

    ada = db.session.scalars(select(User)).one()
    assert db.session.get(lines.LineMember, (line.id, ada.id))


def test_a_link_works_once(visitor, another_visitor, app):
    path = first_run_path()
    visitor.submit(path, **PERSON)

    second = another_visitor().get(path)

    assert second.status_code == 410
    assert "This link has ended" in second.text


def test_a_link_that_was_never_made_says_so(visitor, app):
    answer = visitor.get("/setup/guess")

    assert answer.status_code == 410
    assert "Start Tapback again" in answer.text


def test_a_first_link_lasts_half_an_hour(visitor, app):
    with time_machine.travel("2026-11-24T10:00:00Z", tick=False) as clock:
        path = first_run_path()
        clock.shift(timedelta(minutes=30, seconds=-1))
        assert visitor.get(path).status_code == 200

        clock.shift(1)

        assert visitor.get(path).status_code == 410


def test_starting_again_ends_the_link_before(visitor, app):
    first = first_run_path()
    second = first_run_path()

    assert visitor.get(first).status_code == 410
    assert visitor.get(second).status_code == 200


def test_there_is_no_first_link_once_there_is_somebody(app, alice):
    assert setup_links.first_run_url(PUBLIC) is None


def test_the_table_does_not_hold_the_link(app):
    path = first_run_path()

    kept = db.session.scalars(select(SetupLink)).one()
    assert kept.token_hash not in path
    assert len(path.removeprefix("/setup/")) >= 43


def test_of_two_at_the_same_time_one_becomes_admin(app):
    path = first_run_path()
    db.session.rollback()
    start = threading.Barrier(2)
    answers = []

    def race(email: str) -> None:
        visitor = Visitor(app)
        token = visitor.token(path)
        start.wait()
        data = PERSON | {"email": email, "csrf_token": token}
        answers.append(visitor.client.post(path, data=data).status_code)

    both = [threading.Thread(target=race, args=(f"{n}@example.com",)) for n in ("one", "two")]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert db.session.scalar(select(func.count()).select_from(User)) == 1
    assert sorted(answers)[0] == 303
    assert sorted(answers)[1] in (410, 422)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", "  ", "Type a name."),
        ("email", "ada", "Type an e-mail address"),
        ("password", "short", "A password has at least 8 characters."),
        ("password", "Password123", "Too many people use that password."),
        ("password", "ada@example.com", "Too many people use that password."),
        ("password", "aaaaaaaaaaaa", "Too many people use that password."),
        ("password", "x1" * 600, "A password has at most 1024 characters."),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"])
def test_what_was_typed_wrongly_is_said_and_the_rest_stays(visitor, app, field, typed, sentence):
    path = first_run_path()

    answer = visitor.submit(path, **(PERSON | {field: typed}))

    assert answer.status_code == 422
    assert sentence in answer.text
    assert PERSON["password"] not in answer.text
    assert (field == "name") or PERSON["name"] in answer.text
    assert visitor.submit(path, **PERSON).status_code == 303


@pytest.mark.parametrize(
    "password", ["eight888", "пароль из слов", "🐢 and 🐇 " * 8, "a" * 60 + "bcd"]
)
@pytest.mark.parametrize("engine", ["sqlite"])
def test_any_characters_make_a_password(visitor, another_visitor, app, password):
    visitor.submit(first_run_path(), **(PERSON | {"password": password}))

    assert another_visitor().sign_in("ada@example.com", password).status_code == 303


def test_an_invitation_makes_the_person_who_was_invited(visitor, app, adam, line):
    token = setup_links.invite("Grace@example.com", name="Grace Hopper", role="manager")
    db.session.commit()
    path = f"/setup/{token}"
    assert 'value="grace@example.com"' in visitor.get(path).text

    visitor.submit(path, **(PERSON | {"name": "Grace H.", "email": "else@example.com"}))

    grace = users.with_email("grace@example.com")
    assert (grace.name, grace.role) == ("Grace H.", "manager")
    assert users.with_email("else@example.com") is None
    assert visitor.get(path).status_code == 410


def test_an_invitation_lasts_three_days(visitor, app):
    with time_machine.travel("2026-11-24T10:00:00Z", tick=False) as clock:
        path = f"/setup/{setup_links.invite('g@example.com', name='Grace', role='agent')}"
        db.session.commit()
        clock.shift(timedelta(hours=72, seconds=-1))
        assert visitor.get(path).status_code == 200

        clock.shift(1)

        assert visitor.get(path).status_code == 410


def test_a_newer_invitation_ends_the_one_before(visitor, app):
    first = setup_links.invite("g@example.com", name="Grace", role="admin")
    second = setup_links.invite("g@example.com", name="Grace", role="agent")
    db.session.commit()

    assert visitor.get(f"/setup/{first}").status_code == 410
    assert visitor.get(f"/setup/{second}").status_code == 200


def test_nobody_is_invited_twice(app, alice):
    with pytest.raises(Refused, match="There is already somebody"):
        setup_links.invite(alice.email, name="Alice", role="agent")


def test_an_invitation_takes_the_place_of_who_was_signed_in(as_person, app, alice):
    visitor = as_person(alice)
    token = setup_links.invite("g@example.com", name="Grace", role="agent")
    db.session.commit()

    visitor.submit(f"/setup/{token}", name="Grace", password=PASSWORD)

    assert "Grace" in visitor.get("/logout").text
