"""The protection of conversations, as a rule of plain values."""

import pytest

from inbox.sandbox.limits import DAY, Said, safety
from tests.sandbox.client import CAROL
from tests.sandbox.test_sending import LINK, code

NOW = 1_700_000_000_000


def said(*what, days_ago=0.0):
    return [Said(one, NOW - int(days_ago * DAY) + n - len(what)) for n, one in enumerate(what)]


@pytest.mark.parametrize(
    ("history", "plain", "expected"),
    [
        ([], True, None),
        ([], False, "conversation_content_restricted"),
        (said("outbound", "outbound"), True, None),
        (said(*["outbound"] * 3), True, "conversation_awaiting_reply"),
        (said(*["outbound"] * 3, "reaction"), True, None),
        (said(*["outbound"] * 3, "reaction"), False, "conversation_content_restricted"),
        (said("inbound", *["outbound"] * 3), False, None),
        (said("inbound", *["outbound"] * 4), True, "conversation_streak_limit"),
        (said("inbound", days_ago=15), True, None),
        (said("inbound", days_ago=15), False, "conversation_content_restricted"),
        (said("inbound", days_ago=15) + said("outbound"), True, "conversation_inactive_paused"),
        (said("inbound", "inbound", days_ago=2) + said("inbound", *["outbound"] * 5), True, None),
        (
            said("inbound", "inbound", days_ago=2) + said("inbound", *["outbound"] * 6),
            True,
            "conversation_streak_limit",
        ),
    ],
)
def test_a_conversation_is_protected(history, plain, expected):
    assert safety(history, plain=plain, now=NOW) == expected


def test_ten_replies_in_a_week_are_trusted():
    history = [
        *said(*["inbound"] * 5, days_ago=8),
        *said(*["inbound"] * 4, days_ago=4),
        *said("inbound", *["outbound"] * 7),
    ]

    assert safety(history, plain=True, now=NOW) is None


def test_protection_is_off_unless_switched_on(start, connect):
    free, guarded = connect(start()), connect(start(safety=True))

    assert free.send(CAROL, {"text": LINK}).status == 202
    refused = guarded.send(CAROL, {"text": LINK})
    for _ in range(3):
        guarded.text(CAROL)
    assert code(refused) == (403, "conversation_content_restricted")
    assert code(guarded.send(CAROL, {"text": "four"})) == (429, "conversation_awaiting_reply")
