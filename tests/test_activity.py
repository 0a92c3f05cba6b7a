"""What happened is written last, in order, and announced only after the commit."""

from sqlalchemy import select

from inbox import activity, conversations, messages, pages, threads
from inbox.activity import Activity
from inbox.db import db
from inbox.live import announcer


def heard(app):
    """What would be announced now, by room."""
    said = []
    announcer.bind(app, lambda app, changes: said.extend(changes) or [])
    announcer.drain()
    return [(change.conversation_id, change.first_id, change.last_id) for change in said]


def kinds():
    return list(db.session.scalars(select(Activity.kind).order_by(Activity.id)))


def test_a_change_is_announced_after_the_commit(app, carol, alice):
    heard(app)
    messages.compose(carol, alice, "Hello")
    assert heard(app) == [], "nothing before the commit"

    db.session.commit()

    assert [id for id, _, _ in heard(app)] == [carol.id]
    assert "message.queued" in kinds()


def test_what_is_rolled_back_was_never_said(app, carol, alice):
    heard(app)
    messages.compose(carol, alice, "Hello")
    db.session.rollback()
    db.session.commit()

    assert (heard(app), kinds()) == ([], [])


def test_a_savepoint_rolled_back_forgets_only_its_own(app, carol, alice):
    conversations.close(carol, by=alice)
    nested = db.session.begin_nested()
    messages.compose(carol, alice, "Hello")
    nested.rollback()

    db.session.commit()

    assert kinds() == ["conversation.closed"]


def test_a_savepoint_announces_nothing_by_itself(app, carol, alice):
    heard(app)
    with db.session.begin_nested():
        conversations.close(carol, by=alice)
    assert heard(app) == []

    db.session.commit()

    assert [id for id, _, _ in heard(app)] == [carol.id]


def test_a_page_that_missed_something_asks_and_gets_it(app, carol, alice):
    before = activity.latest_id(conversation_id=carol.id)
    message = messages.compose(carol, alice, "Hello")
    db.session.commit()

    with app.test_request_context():
        told = pages.thread_changes(carol, before)

    assert told["after"] > before
    assert f'id="message-{message.id}"' in told["html"]


def test_a_page_that_missed_too_much_starts_anew(app, carol, alice, monkeypatch):
    monkeypatch.setattr(threads, "MOST_CHANGES", 1)
    for text in ("One", "Two"):
        messages.compose(carol, alice, text)
    db.session.commit()

    with app.test_request_context():
        assert pages.thread_changes(carol, 0)["reset"]
