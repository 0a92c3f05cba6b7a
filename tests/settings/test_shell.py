"""The way into the settings, and who is shown it."""

import pytest
from flask import url_for

from inbox.views import settings_pages


@pytest.mark.parametrize("who", ["alice", "mallory"])
def test_who_answers_has_no_settings(as_person, request, who):
    person = as_person(request.getfixturevalue(who))

    assert person.get("/settings").status_code == 403
    assert 'href="/settings"' not in person.get("/conversations").text


def test_settings_begin_with_the_first_page_that_one_may_see(app, as_person, adam):
    person = as_person(adam)
    with app.test_request_context():
        first = url_for(settings_pages.pages_for(adam)[0].endpoint)

    assert 'href="/settings"' in person.get("/conversations").text
    assert person.get("/settings").location == first
    assert person.get(first).status_code == 200


def test_the_navigation_shows_only_what_one_may_open(app, as_person, maria):
    person = as_person(maria)
    with app.test_request_context():
        addresses = [url_for(page.endpoint) for page in settings_pages.pages_for(maria)]
        closed = [url_for(page.endpoint) for page in settings_pages.PAGES]
        closed = [address for address in closed if address not in addresses]
    assert closed

    assert {person.get(address).status_code for address in closed} == {403}
