"""`inbox line`, as a person at a terminal uses it."""

import pytest
from click.testing import CliRunner, Result

from inbox import cli
from inbox.db import db


@pytest.fixture
def inbox(app, settings, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", settings.database)
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("SECRET_KEY", "a key for tests only")
    monkeypatch.setenv("LOG_LEVEL", "error")

    def run(*words: str) -> Result:
        db.session.rollback()
        return CliRunner().invoke(cli.main, ("line", *words))

    return run


def test_a_pace_is_set_shown_and_taken_away(inbox, line):
    assert inbox("pace", "sandbox", "20").stdout == (
        "Support sends at most 20 messages a minute from now on.\n"
    )
    db.session.refresh(line)
    assert line.pace == 20
    assert "20 a minute\tready" in inbox("list").stdout

    assert inbox("pace", "sandbox", "none").exit_code == 0

    db.session.refresh(line)
    assert line.pace is None
    assert "no limit" in inbox("list").stdout


@pytest.mark.parametrize("wrong", ["fast", "0", "-3", "nan", "inf", "1e99"])
def test_a_pace_that_is_none_is_refused_in_words(inbox, line, wrong):
    done = inbox("pace", "--", "sandbox", wrong)

    assert done.exit_code == 1
    assert "like 20" in done.stderr
    db.session.refresh(line)
    assert line.pace is None


def test_a_line_that_is_not_there_is_named(inbox, line):
    done = inbox("pace", "shop", "20")

    assert (done.exit_code, done.stdout) == (1, "")
    assert "There is no line shop." in done.stderr
