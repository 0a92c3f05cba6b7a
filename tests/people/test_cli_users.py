"""`inbox user`, as a person at a terminal and as a script uses it."""

import pytest
from click.testing import CliRunner, Result

from inbox import cli_users, users
from inbox.db import db
from tests.conftest import PASSWORD


@pytest.fixture
def inbox(app, settings, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", settings.database)
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("SECRET_KEY", "a key for tests only")
    monkeypatch.setenv("PUBLIC_URL", "https://inbox.example.com")
    monkeypatch.setenv("LOG_LEVEL", "error")

    def run(*words: str, typed: str = "") -> Result:
        db.session.rollback()
        return CliRunner().invoke(cli_users.user, words, input=typed)

    return run


def test_a_person_added_with_a_password_can_sign_in(inbox, visitor, app):
    done = inbox(
        "add",
        "eve@example.com",
        "--name",
        "Eve",
        "--role",
        "agent",
        "--password-stdin",
        typed=f"{PASSWORD}\n",
    )

    assert (done.exit_code, done.stdout) == (0, "eve@example.com can sign in now.\n")
    assert visitor.sign_in("eve@example.com", PASSWORD).status_code == 303


def test_a_person_added_without_one_gets_a_link(inbox, visitor, app):
    done = inbox("add", "eve@example.com", "--name", "Eve", "--role", "manager")

    link = done.stdout.splitlines()[-1]
    assert done.exit_code == 0
    assert link.startswith("https://inbox.example.com/setup/")
    assert visitor.get(link.removeprefix("https://inbox.example.com")).status_code == 200


def test_everybody_is_listed(inbox, alice, adam):
    users.disable(alice)
    db.session.commit()

    lines = inbox("list").stdout.splitlines()

    assert lines == [
        "adam@example.com\tAdam Ames\tadmin\tactive",
        "alice@example.com\tAlice Archer\tagent\tdisabled",
    ]


def test_a_disabled_person_is_signed_out(inbox, as_person, alice):
    visitor = as_person(alice)
    assert visitor.get("/logout").status_code == 200

    done = inbox("disable", "Alice@example.com")

    assert done.exit_code == 0
    assert visitor.get("/logout").status_code == 303


def test_a_new_role_begins_with_a_new_session(inbox, as_person, alice):
    visitor = as_person(alice)

    done = inbox("role", alice.email, "manager")

    assert done.stdout == "alice@example.com is manager now.\n"
    assert visitor.get("/logout").status_code == 303
    db.session.refresh(alice)
    assert alice.role == "manager"


@pytest.mark.parametrize("words", [["disable"], ["role"]])
def test_the_last_admin_stays(inbox, adam, words):
    more = ["agent"] if words == ["role"] else []

    done = inbox(*words, adam.email, *more)

    assert done.exit_code == 1
    assert "This is the last admin." in done.stderr


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["disable", "nobody@example.com"], 1, "There is nobody with the address"),
        (["add", "alice@example.com", "--name", "A", "--role", "agent"], 1, "already somebody"),
        (["add", "eve", "--name", "Eve", "--role", "agent"], 1, "Type an e-mail address"),
        (["add", "eve@example.com", "--role", "agent"], 2, "--name"),
        (["add", "eve@example.com", "--name", "Eve", "--role", "king"], 2, "king"),
        (["role", "alice@example.com", "king"], 2, "king"),
    ],
)
def test_what_does_not_work_is_said_in_a_sentence(inbox, alice, words, code, sentence):
    done = inbox(*words)

    assert done.exit_code == code
    assert sentence in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_weak_password_is_refused(inbox, app):
    words = ["add", "e@example.com", "--name", "E", "--role", "agent", "--password-stdin"]

    done = inbox(*words, typed="password123\n")

    assert done.exit_code == 1
    assert "Too many people use that password." in done.stderr
    assert users.with_email("e@example.com") is None


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_database_without_tables_says_what_to_do(inbox, app, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")

    done = inbox("list")

    assert done.exit_code == 1
    assert "Run inbox migrate first." in done.stderr
