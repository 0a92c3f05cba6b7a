"""What a person can do about a message that did not arrive."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from inbox import deliveries, histories, lines, messages, settling
from inbox.activity import Activity
from inbox.db import db, lock, now
from inbox.deliveries import DeliveryEvent, SendAttempt
from inbox.errors import ProviderError, Refused
from inbox.lanes import Lane
from inbox.messages import Message
from inbox.parcels import Outcome
from tests.conftest import PASSWORD
from tests.people.visitor import FETCH, Visitor


@pytest.fixture
def message(carol, alice) -> Message:
    message = messages.compose(carol, alice, "Hello")
    db.session.commit()
    return message


@pytest.fixture
def failed(message) -> Message:
    message.provider_id, message.attempts, message.first_tried_at = "msg_1", 2, now()
    db.session.add(
        SendAttempt(message_id=message.id, outcome="accepted", provider_id="msg_1", seconds=0.1)
    )
    deliveries.fail(message, "No device", code="no_device")
    db.session.commit()
    return message


@pytest.fixture
def unknown(message) -> Message:
    message.attempts, message.first_tried_at = 4, now()
    deliveries.doubt(message, "Blooio does not list it.", again_at=None)
    db.session.commit()
    return message


def hear(message, provider_id, status, **given) -> None:
    deliveries.hear(message, DeliveryEvent(provider_id=provider_id, status=status, **given))
    db.session.commit()


def test_another_try_of_what_was_refused_is_a_new_one_and_waits(failed, bob, carol):
    key = failed.idempotency_key
    assert carol.trouble_count == 1

    deliveries.retry(failed, by=bob)

    assert failed.status == "queued"
    assert failed.idempotency_key not in (None, key)
    assert (failed.provider_id, failed.attempts, failed.problem) == (None, 0, None)
    assert (failed.troubled, carol.trouble_count, carol.trouble) == (False, 0, None)


def test_another_try_of_what_may_have_left_keeps_its_key_and_asks_first(unknown, bob):
    key = unknown.idempotency_key

    deliveries.retry(unknown, by=bob)

    assert (unknown.status, unknown.idempotency_key) == ("queued", key)
    assert unknown.doubted_at
    assert unknown.attempts >= deliveries.ASK_FROM


@pytest.mark.parametrize("status", ["queued", "sending", "accepted", "sent", "delivered", "held"])
def test_what_is_on_its_way_is_not_tried_again(message, bob, status):
    message.status = status

    with pytest.raises(Refused, match="not waiting for another try"):
        deliveries.retry(message, by=bob)


def test_what_is_still_being_checked_is_left_alone(message, bob):
    deliveries.doubt(message, "Blooio did not answer.", again_at=now())

    with pytest.raises(Refused):
        deliveries.retry(message, by=bob)
    with pytest.raises(Refused, match="still being checked"):
        deliveries.dismiss(message, by=bob)


def test_nobody_who_opted_out_gets_another_try(failed, bob, carol):
    carol.address.opted_out_at = now()

    with pytest.raises(Refused, match="asked not to be messaged"):
        deliveries.retry(failed, by=bob)
    assert failed.status == "failed"


def test_what_was_sent_outside_tapback_is_not_tried_again_from_here(app, carol, alice):
    message = messages.keep_outside(
        carol, "", provider_id="msg_9", protocol="imessage", at=now(), attachments=[]
    )
    deliveries.fail(message, "No device")
    db.session.commit()

    thread = Browser(app, alice).get(f"/conversations/{carol.id}").text
    assert "Set aside" in thread
    assert "Retry" not in thread.split(f'id="message-{message.id}"')[1].split("</article>")[0]
    with pytest.raises(Refused, match="outside Tapback"):
        deliveries.retry(message, by=alice)


def test_a_late_receipt_for_the_first_try_ends_the_second(failed, bob, line):
    deliveries.retry(failed, by=bob)
    db.session.commit()
    found = deliveries.about(line.id, "msg_1")
    assert found is failed

    hear(failed, "msg_1", "delivered")

    assert failed.status == "delivered"


@pytest.mark.parametrize("status", [503, 429, 504, 403])
def test_a_receipt_that_comes_while_the_second_try_is_under_way_holds(failed, bob, line, status):
    deliveries.retry(failed, by=bob)
    db.session.commit()
    lane = Lane(line.id)
    assert lane.take()
    [parcel] = lane.claim()
    hear(deliveries.about(line.id, "msg_1"), "msg_1", "delivered")
    kind = {503: "unavailable", 429: "limited", 504: "unknown", 403: "refused"}[status]

    settling.settle(line, Outcome(parcel, ProviderError(kind, "x", status=status), False, 0.1))
    db.session.commit()

    assert (failed.status, failed.troubled, failed.send_after) == ("delivered", False, None)


def test_a_late_receipt_ends_a_second_try_that_is_held(failed, bob, line):
    deliveries.retry(failed, by=bob)
    deliveries.hold(failed, "Only after an answer.", until=None)
    db.session.commit()

    hear(deliveries.about(line.id, "msg_1"), "msg_1", "delivered")

    assert (failed.status, failed.problem) == ("delivered", None)


@pytest.mark.parametrize("status", ["failed", "sent", "queued"])
def test_what_else_is_said_of_a_given_up_try_changes_nothing(failed, bob, status):
    deliveries.retry(failed, by=bob)

    hear(failed, "msg_1", status, detail="No device")

    assert (failed.status, failed.troubled) == ("queued", False)
    assert db.session.scalars(select(DeliveryEvent.status)).all() == [status]


def test_what_is_set_aside_stays_what_it_is_and_troubles_nobody(failed, bob, carol):
    deliveries.dismiss(failed, by=bob)

    assert (failed.status, failed.problem) == ("failed", "No device")
    assert (carol.trouble_count, carol.trouble_reason) == (0, None)
    with pytest.raises(Refused, match="already seen to"):
        deliveries.dismiss(failed, by=bob)


def test_the_conversation_tells_its_newest_trouble(failed, carol, alice):
    second = messages.compose(carol, alice, "Are you there?")
    deliveries.doubt(second, "Blooio did not answer.", again_at=now())
    assert (carol.trouble_count, carol.trouble) == (2, "unknown")
    assert carol.trouble_reason == "Blooio did not answer."

    deliveries.advance(second, "accepted")

    assert (carol.trouble_count, carol.trouble) == (1, "failed")
    assert carol.trouble_reason == "No device"


def test_the_newest_trouble_is_found_by_its_index_however_long_the_conversation(failed, carol):
    query = deliveries.newest_trouble(carol.id)
    assert db.session.scalar(query) is failed
    sqlite = db.engine.dialect.name == "sqlite"
    if not sqlite:
        db.session.execute(text("set local enable_seqscan = off"))

    words = query.compile(db.engine, compile_kwargs={"literal_binds": True})
    explain = "explain query plan" if sqlite else "explain"
    plan = db.session.execute(text(f"{explain} {words}")).all()

    assert any("ix_message_troubled" in str(step) for step in plan), plan


def test_the_history_tells_tries_reports_and_hands_in_order(failed, bob):
    hear(failed, "msg_1", "sent", protocol="imessage")
    deliveries.retry(failed, by=bob)
    db.session.commit()

    told = [(entry.words, entry.code) for entry in histories.of(failed)]

    assert ("Written by Alice Archer", None) in told[:1]
    assert ("Taken by Blooio", None) in told
    assert ("Sent as iMessage", None) in told
    assert told[-1] == ("Tried again by Bob Baker", None)


def test_the_history_does_not_say_that_a_try_stayed_here_which_may_have_left(message, line):
    lane = Lane(line.id)
    assert lane.take()
    [parcel] = lane.claim()
    settling.settle(line, Outcome(parcel, ProviderError("unavailable", "", status=500), False, 0.1))
    db.session.commit()
    assert message.doubted_at

    told = [(entry.words, entry.detail) for entry in histories.of(message)]

    assert told[1:] == [("Not taken, to be tried again", "Status 500.")]


def test_a_next_try_that_is_over_is_not_promised(app, message, line, alice):
    line.stopped_reason = "Blooio does not accept the API key of this line."
    deliveries.put_back(message, line.stopped_reason, again_at=now() + timedelta(minutes=5))
    db.session.commit()
    here = f"/conversations/{message.conversation_id}"
    assert "Next try" in Browser(app, alice).get(here).text

    message.send_after = now() - timedelta(seconds=1)
    db.session.commit()

    assert "Next try" not in Browser(app, alice).get(here).text


# Over HTTP: the rights, and what the page is told.


class Browser(Visitor):
    def __init__(self, app, user) -> None:
        super().__init__(app)
        self.sign_in(user.email, PASSWORD)

    def post(self, path, **form):
        token = self.token("/conversations")
        return self.client.post(path, data=form, headers=FETCH | {"X-CSRFToken": token})


def where(message, what="") -> str:
    return f"/conversations/{message.conversation_id}/messages/{message.id}/{what}"


def test_words_from_right_to_left_stay_apart_from_the_reason_in_the_list(app, carol, alice):
    message = messages.compose(carol, alice, "שלום!")
    deliveries.fail(message, "No device")
    db.session.commit()

    page = Browser(app, alice).get("/conversations?queue=attention").text

    assert "No device" in page
    assert '<bdi class="conversation__snippet">שלום!</bdi>' in page


def test_retry_is_said_over_http_and_told_to_open_pages(app, failed, alice):
    assert Browser(app, alice).post(where(failed, "attempts")).status_code == 204

    db.session.refresh(failed)
    assert failed.status == "queued"
    kinds = db.session.scalars(select(Activity.kind).order_by(Activity.id.desc()).limit(1)).all()
    assert kinds == ["message.retried"]


def test_a_second_retry_says_why_not(app, failed, alice, bob):
    assert Browser(app, alice).post(where(failed, "attempts")).status_code == 204

    answer = Browser(app, bob).post(where(failed, "attempts"))

    assert answer.status_code == 422
    assert "not waiting for another try any more" in answer.text


@pytest.mark.parametrize("what", ["attempts", "dismissal"])
def test_who_does_not_see_the_line_can_do_nothing_about_its_messages(app, failed, mallory, what):
    assert Browser(app, mallory).post(where(failed, what)).status_code == 404

    db.session.refresh(failed)
    assert (failed.status, failed.troubled) == ("failed", True)


def test_who_does_not_see_the_line_reads_no_history(app, failed, mallory, alice):
    assert "No device" not in Browser(app, mallory).get(where(failed, "history")).text
    assert Browser(app, mallory).get(where(failed, "history")).status_code == 404
    assert Browser(app, alice).get(where(failed, "history")).status_code == 200


def test_a_message_of_another_conversation_is_not_found_here(app, failed, alice, line):
    from inbox import contacts, conversations, phone

    address = contacts.with_address(phone.read("+14155550199"))
    other = conversations.with_person(line, address)
    db.session.commit()

    path = f"/conversations/{other.id}/messages/{failed.id}/attempts"
    assert Browser(app, alice).post(path).status_code == 404


def test_an_edited_message_sets_the_failed_one_aside(app, failed, alice, carol):
    form = {"text": "Hello again", "client_id": "c2", "replaces": str(failed.id)}

    assert (
        Browser(app, alice).post(f"/conversations/{carol.id}/messages", **form).status_code == 204
    )

    db.session.refresh(failed)
    assert (failed.status, failed.troubled) == ("failed", False)
    assert db.session.scalar(select(Message.text).filter_by(client_id="c2")) == "Hello again"


def test_a_new_message_goes_also_when_somebody_tried_the_old_one_again(app, unknown, alice, carol):
    deliveries.doubt(unknown, "Blooio did not answer.", again_at=now())
    db.session.commit()
    form = {"text": "Hello again", "client_id": "c2", "replaces": str(unknown.id)}

    answer = Browser(app, alice).post(f"/conversations/{carol.id}/messages", **form)

    assert answer.status_code == 204
    db.session.refresh(unknown)
    assert (unknown.status, unknown.troubled) == ("unknown", True)


def test_an_edited_message_and_a_lane_do_not_wait_for_each_other(app, failed, alice, carol, line):
    browser = Browser(app, alice)
    form = {"text": "Hello again", "replaces": str(failed.id)}
    with ThreadPoolExecutor(1) as pool:
        lines.hold(line.id)
        answer = pool.submit(browser.post, f"/conversations/{carol.id}/messages", **form)
        time.sleep(1)
        assert not answer.done()

        lock(carol)
        db.session.commit()

        assert answer.result().status_code == 204
    db.session.refresh(failed)
    assert not failed.troubled


def test_only_an_admin_lets_a_stopped_line_try_again(app, line, alice, maria, adam):
    line.stopped_reason = "Blooio does not accept the API key of this line."
    db.session.commit()

    assert Browser(app, alice).post(f"/lines/{line.id}/resumption").status_code == 403
    assert Browser(app, maria).post(f"/lines/{line.id}/resumption").status_code == 403
    db.session.refresh(line)
    assert lines.state(line) == "stopped"

    assert Browser(app, adam).post(f"/lines/{line.id}/resumption").status_code == 204
    db.session.refresh(line)
    assert lines.state(line) == "ready"


def test_try_now_is_now_for_what_was_tried_and_not_for_what_is_held_or_unknown(
    app, message, line, carol, bob, adam
):
    later = now() + timedelta(minutes=2)
    held, unknown = (messages.compose(carol, bob, text) for text in ("One more", "And one"))
    message.attempts = held.attempts = unknown.attempts = 4
    deliveries.put_back(message, "Blooio is in trouble.", again_at=later)
    deliveries.hold(held, "Only after an answer.", until=later)
    deliveries.doubt(unknown, "Blooio did not answer.", again_at=later)
    db.session.commit()

    Browser(app, adam).post(f"/lines/{line.id}/resumption")

    db.session.expire_all()
    assert message.send_after <= now()
    assert (held.send_after, unknown.send_after) == (later, later)


def test_a_sandbox_that_is_off_on_purpose_is_not_let_go_on(app, message, line, adam):
    line.stopped_reason = lines.OFF
    db.session.commit()

    answer = Browser(app, adam).post(f"/lines/{line.id}/resumption")

    assert answer.status_code == 422
    db.session.refresh(line)
    assert lines.state(line) == "off"


def test_a_stopped_line_says_so_above_the_list_with_what_waits(app, message, line, alice, adam):
    line.stopped_reason = "Blooio does not accept the API key of this line."
    db.session.commit()

    for_alice = Browser(app, alice).get("/queues").text
    for_adam = Browser(app, adam).get("/queues").text

    assert "has stopped." in for_alice and "1 message waits until it is mended" in for_alice
    assert "Try again" not in for_alice
    assert "has stopped." in for_adam and "Try again" in for_adam


def down(line, *, rest: timedelta) -> None:
    line.failures, line.paused_until = lines.BREAKER, now() + rest
    db.session.commit()


def test_a_line_in_trouble_says_when_it_is_really_tried_next(app, message, line, alice):
    deliveries.put_back(message, "Down.", again_at=now() + timedelta(minutes=20))
    for rest in (timedelta(seconds=30), timedelta(seconds=-1)):
        down(line, rest=rest)

        notice = Browser(app, alice).get("/queues").text

        assert f'Next try at <time datetime="{message.send_after.isoformat()}"' in notice
        assert "being tried now" not in notice


def test_a_line_in_trouble_that_is_due_is_being_tried(app, message, line, alice):
    down(line, rest=timedelta(seconds=-1))

    assert "It is being tried now" in Browser(app, alice).get("/queues").text


def test_what_waits_for_the_person_does_not_go_out_by_itself(app, message, line, alice):
    deliveries.hold(message, "Only after an answer.", until=None)
    down(line, rest=timedelta(seconds=30))

    notice = Browser(app, alice).get("/queues").text

    assert "does not answer" in notice
    assert "1 message waits" not in notice


def test_nobody_is_told_of_tries_that_nobody_makes(app, carol, line, alice):
    down(line, rest=timedelta(seconds=-1))

    thread = Browser(app, alice).get(f"/conversations/{carol.id}").text

    assert "composer__box" in thread
    assert "being tried now" not in thread


def test_a_sandbox_that_is_off_on_purpose_troubles_nobody(app, line, alice):
    line.stopped_reason = lines.OFF
    db.session.commit()

    assert lines.OFF not in Browser(app, alice).get("/queues").text
    assert lines.state(line) == "off"
