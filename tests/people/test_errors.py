"""What went wrong, in words, for the page and for the script that asked."""

import pytest
from sqlalchemy.exc import OperationalError

from inbox import users
from inbox.db import db
from inbox.errors import Refused
from inbox.web import role_required
from tests.people.visitor import FETCH, NAVIGATION, Visitor

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


def raising(app, error: Exception) -> Visitor:
    """A visitor of an address at which this goes wrong."""

    def go_wrong() -> str:
        raise error

    app.add_url_rule("/wrong", view_func=go_wrong)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return Visitor(app)


def test_a_refusal_is_one_sentence_for_the_script_that_asked(app):
    visitor = raising(app, Refused("Type <something>."))

    answer = visitor.client.get("/wrong", headers=FETCH)

    assert answer.status_code == 422
    assert answer.text.strip().startswith('<p class="problem"')
    assert "Type &lt;something&gt;." in answer.text


def test_a_refusal_of_a_page_is_a_page(app):
    answer = raising(app, Refused("Type something.")).get("/wrong")

    assert answer.status_code == 422
    assert "<html" in answer.text and "Type something." in answer.text


def test_what_is_refused_is_not_written(app, alice):
    def refuse() -> str:
        users.change_role(db.session.get(users.User, alice.id), "admin")
        db.session.flush()
        raise Refused("No.")

    app.add_url_rule("/refuse", view_func=refuse, methods=["PUT"])
    app.config["WTF_CSRF_ENABLED"] = False

    answer = app.test_client().put("/refuse")

    assert answer.status_code == 422
    assert alice.role == "agent"


def test_what_is_not_there_is_said_in_the_shell_with_the_id_of_the_request(visitor, app):
    answer = visitor.get("/nothing")

    assert answer.status_code == 404
    assert "<title>Not here · Tapback</title>" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_a_mistake_of_ours_tells_nothing_about_it(app, capsys):
    answer = raising(app, ValueError("a customer's words")).get("/wrong")

    assert answer.status_code == 500
    assert "Something broke" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert "customer" not in answer.text
    logged = capsys.readouterr()
    assert "request.failed" in logged.out + logged.err
    assert "customer" not in logged.out + logged.err


@pytest.mark.parametrize("headers", [NAVIGATION, FETCH])
def test_a_busy_database_is_a_matter_of_seconds(app, headers):
    locked = OperationalError("update", {}, Exception("database is locked"))

    answer = raising(app, locked).client.get("/wrong", headers=headers)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Try again in a few seconds." in answer.text


def test_a_missing_table_is_a_mistake_of_ours(app):
    missing = OperationalError("select", {}, Exception("no such table: user"))

    assert raising(app, missing).get("/wrong").status_code == 500


def test_a_wrong_method_says_which_are_right(visitor, app):
    answer = visitor.client.delete("/livez", headers=NAVIGATION)

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_form_that_is_too_large_is_refused_before_it_is_read(visitor, app):
    answer = visitor.client.post("/login", data={"email": "x" * 1_100_000}, headers=NAVIGATION)

    assert answer.status_code == 413
    assert "larger than what can be taken" in answer.text


def test_a_page_without_its_token_says_what_to_do(visitor, app):
    answer = visitor.client.post("/login", data={"email": "a@example.com"}, headers=NAVIGATION)

    assert answer.status_code == 400
    assert "This page was open for too long." in answer.text


def test_a_role_that_is_not_enough_is_told_so(app, as_person, adam, alice):
    app.add_url_rule("/admins", view_func=role_required("admin")(lambda: "admins only"))

    assert as_person(adam).get("/admins").text == "admins only"
    refused = as_person(alice).get("/admins")

    assert refused.status_code == 403
    assert "Your role does not allow this." in refused.text


def test_a_reader_waits_for_no_writer(app, as_person, alice):
    """A page opens while somebody else holds the database for writing."""
    visitor = as_person(alice)
    writer = db.engine.connect()
    writer.begin()

    answer = visitor.get("/logout")
    writer.close()

    assert answer.status_code == 200
