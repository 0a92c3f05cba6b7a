"""What was said in a transaction, put together and told once."""

import threading
import time

import pytest
from flask import Flask, current_app

from inbox.live import announcer
from inbox.live.announcer import Announcer, Change


@pytest.fixture
def heard():
    return []


@pytest.fixture
def app():
    return Flask("announced")


@pytest.fixture
def announce(heard, app):
    one = Announcer(lambda room, payload: heard.append((room, payload)), limit=5)
    one.bind(app, by_line)
    return one


def by_line(app, changes):
    assert current_app == app
    return [(f"line-{change.line_id}", change) for change in changes]


def test_a_change_is_told_to_its_room(announce, heard):
    announce.queue(Change(1, 7, 20, 21))

    announce.drain()

    assert heard == [("line-1", Change(1, 7, 20, 21))]


def test_nothing_is_told_twice(announce, heard):
    announce.queue(Change(1, 7, 20, 21))
    announce.drain()

    announce.drain()

    assert len(heard) == 1


def test_changes_of_a_conversation_become_one(announce, heard):
    announce.queue(Change(1, 7, 22, 23))
    announce.queue(Change(1, 8, 24, 24))
    announce.queue(Change(1, 7, 20, 21))

    announce.drain()

    assert [change for _, change in heard] == [Change(1, 7, 20, 23), Change(1, 8, 24, 24)]


def test_a_flood_becomes_one_for_each_line(announce, heard):
    for number in range(1, 5):
        announce.queue(Change(1, number, number, number))
    announce.queue(Change(2, 100, 5, 5))
    announce.queue(Change(1, 6, 6, 6))
    announce.queue(Change(1, 7, 7, 9))

    announce.drain()

    first, second = (change for _, change in heard)
    assert (first, second) == (Change(1, None, 1, 9, flood=True), Change(2, None, 5, 5, flood=True))


def test_a_change_of_the_line_itself_leaves_its_conversations_their_own(announce, heard):
    announce.queue(Change(1, None, 1, 1))
    announce.queue(Change(1, 7, 2, 2))

    announce.drain()

    assert [change for _, change in heard] == [Change(1, None, 1, 1), Change(1, 7, 2, 2)]


def test_after_a_flood_conversations_are_told_apart_again(announce, heard):
    for number in range(10):
        announce.queue(Change(1, number, number, number))
    announce.drain()

    announce.queue(Change(1, 3, 11, 11))
    announce.drain()

    assert heard[-1] == ("line-1", Change(1, 3, 11, 11))


def test_a_change_that_cannot_be_rendered_does_not_silence_the_others(announce, app, heard):
    def render(app, changes):
        if any(change.conversation_id == 2 for change in changes):
            raise RuntimeError("cannot be rendered")
        return by_line(app, changes)

    announce.bind(app, render)
    for number in (1, 2, 3):
        announce.queue(Change(1, number, number, number))

    announce.drain()

    assert [change.conversation_id for _, change in heard] == [1, 3]


def test_the_thread_tells_by_itself_and_survives_a_failure(announce, app, heard):
    told = threading.Event()

    def render(app, changes):
        if changes[0].conversation_id == 1:
            raise RuntimeError("cannot be rendered")
        told.set()
        return by_line(app, changes)

    announce.start(app, render)
    announce.queue(Change(1, 1, 1, 1))
    time.sleep(0.1)
    announce.queue(Change(1, 2, 2, 2))

    assert told.wait(2)
    announce.stop()
    assert [change.conversation_id for _, change in heard] == [2]


def test_stopping_tells_what_is_waiting(announce, app, heard):
    announce.queue(Change(1, 1, 1, 1))
    announce.start(app, by_line)

    announce.stop()

    assert len(heard) == 1


def test_the_module_is_an_announcer_too(app):
    rendered = []
    announcer.bind(app, lambda app, changes: rendered.extend(changes) or ())

    announcer.queue(announcer.Change(1, 1, 1, 1))
    announcer.drain()

    assert announcer.Change(1, 1, 1, 1) in rendered
