"""The table of what comes back, as plain values."""

from datetime import UTC, datetime, timedelta

import pytest

from inbox import verdicts
from inbox.errors import ProviderError

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def judged(kind, *, attempts=1, unknown=False, **given):
    error = ProviderError(kind, **given)
    return verdicts.of_error(error, attempts=attempts, at=AT, unknown=unknown)


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("unreachable", "queued"),
        ("unavailable", "queued"),
        ("throttled", "queued"),
        ("unauthorized", "queued"),
        ("unknown", "unknown"),
        ("refused", "failed"),
        ("redirected", "failed"),
        ("limited", "held"),
    ],
)
def test_each_kind_of_trouble_has_its_outcome(kind, outcome):
    assert judged(kind).outcome == outcome


def test_a_try_follows_sooner_at_first_and_later_then():
    for attempts, longest in ((1, 1), (2, 5), (3, 30), (4, 120), (50, 3600)):
        waits = {verdicts.wait_seconds(attempts) for _ in range(50)}
        assert min(waits) >= 0.5 and max(waits) <= longest
        assert len(waits) > 10, "everybody would come back at the same moment"


@pytest.mark.parametrize("kind", ["unreachable", "unavailable", "throttled", "unauthorized"])
def test_what_is_unknown_stays_so_whatever_keeps_the_next_try_from_leaving(kind):
    verdict = judged(kind, unknown=True)

    assert verdict.outcome == "unknown"
    assert verdict.again_at and verdict.again_at >= AT


def test_a_wrong_key_stops_the_line_and_keeps_the_message():
    verdict = judged("unauthorized")

    assert verdict.stop and verdict.outcome == "queued"


def test_the_provider_says_how_long_to_wait():
    verdict = judged("throttled", retry_after=7)

    assert (verdict.pause, verdict.again_at) == (7, AT + timedelta(seconds=7))


def test_a_limit_for_new_people_is_tried_again_and_one_of_the_chat_waits_for_the_person():
    for_new = judged("limited", code="new_conversation_limit_reached")
    for_chat = judged("limited", code="conversation_awaiting_reply")

    assert (for_new.again_at is not None, for_chat.again_at) == (True, None)


def test_a_refusal_says_what_to_do_in_words():
    told = verdicts.sentence(ProviderError("refused", code="reply_target_expired", status=400))
    other = verdicts.sentence(ProviderError("refused", "Numbers only", status=400))

    assert told.startswith("The message answered to is older than 30 days.")
    assert other == "Blooio refused this message: Numbers only"


def test_an_acceptance_that_says_failed_is_a_failure():
    assert verdicts.of_acceptance("failed", ("m",), "No device").problem == "No device"
    assert verdicts.of_acceptance("queued", ("m",), None).outcome == "accepted"
