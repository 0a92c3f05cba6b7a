from datetime import timedelta

import pytest

from inbox import capability, checks
from inbox.contacts import Address
from inbox.db import db, now
from inbox.sandbox import Options, Sandbox


@pytest.mark.parametrize(
    ("known", "age", "stale"),
    [
        (None, timedelta(0), True),
        (True, timedelta(hours=23), False),
        (True, timedelta(hours=25), True),
        (False, timedelta(minutes=59), False),
        (False, timedelta(minutes=61), True),
    ],
)
def test_a_yes_lasts_a_day_and_a_no_an_hour(known, age, stale):
    assert capability.stale(known, now() - age, now()) is stale


@pytest.mark.parametrize(
    ("trait", "known"), [({"imessage": True}, True), ({"imessage": False}, False)]
)
def test_a_check_is_remembered(carol, line, trait, known):
    with Sandbox(Options(key="bl_test_key")).start() as box:
        box.person(carol.chat_key, **trait)
        line.base_url = box.url
        db.session.commit()

        checks.check_capability(carol.address_id, line.id)

    assert db.session.get_one(Address, carol.address_id).imessage is known


def test_a_check_that_fails_is_not_a_no(carol, line):
    with Sandbox(Options(key="bl_test_key")).start() as box:
        box.person(carol.chat_key, checkable=False)
        line.base_url = box.url
        db.session.commit()

        checks.check_capability(carol.address_id, line.id)

    assert db.session.get_one(Address, carol.address_id).imessage is None
