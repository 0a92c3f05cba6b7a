"""From the row of a file to the file itself, whatever goes wrong on the way."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from inbox import attachments, contacts, media, messages, phone, storage, upkeep
from inbox.activity import Activity
from inbox.attachments import Attachment
from inbox.db import db, now
from inbox.errors import Refused
from inbox.media import fetching
from inbox.media.bench import Bench
from tests.media import pictures
from tests.media.host import hosting, ok, saying

MISSING = saying(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def came(carol, line):
    """A message of Carol's with these files, on a line whose provider keeps them at this host."""

    def came(*urls, base_url="http://127.0.0.1:9/v2/api", text=""):
        line.base_url = base_url
        message = messages.receive(
            carol,
            text,
            sender=contacts.with_address(phone.read("+14155550132")),
            provider_id=None,
            protocol="imessage",
            at=now(),
            attachments=[Attachment(url=url, name="lamp.jpg") for url in urls],
        )
        db.session.commit()
        return [attachment.id for attachment in message.attachments]

    return came


def asked_for(app):
    """The jobs that wait, by name and number."""
    huey = app.extensions["huey"]
    return [(task.name, *task.args) for task in [*huey.pending(), *huey.scheduled()]]


def fetched(id):
    media.fetch(id)
    db.session.expire_all()
    return db.session.get_one(Attachment, id)


def test_a_message_has_its_files_asked_for_and_does_not_wait(app, came):
    (id,) = came("https://bucket.blooio.com/a.jpg")

    assert ("fetch_file", id) in asked_for(app)
    assert db.session.get_one(Attachment, id).state == "pending"


def test_a_picture_is_fetched_stored_and_told(app, came):
    content = pictures.jpeg(800, 600)
    with hosting(ok(content)) as host:
        (id,) = came(host.url(), base_url=host.base_url)

        file = fetched(id)

    assert (file.state, file.kind, file.content_type) == ("stored", "picture", "image/jpeg")
    assert (file.width, file.height, file.size, file.problem) == (800, 600, len(content), None)
    assert b"".join(storage.read(file.stored)) == content
    assert {storage.size(file.display), storage.size(file.thumbnail)}.isdisjoint({None, 0})
    assert db.session.scalars(select(Activity.kind)).all()[-1] == "message.file"
    assert list(fetching._incoming().iterdir()) == []


def test_one_that_may_not_be_fetched_says_why_and_is_not_tried_again(app, came):
    (id,) = came("http://169.254.169.254/latest/meta-data/")

    file = fetched(id)

    assert (file.state, file.problem) == ("blocked", "Its address is not a secure one.")
    assert (file.attempts, file.fetch_after) == (1, None)
    with pytest.raises(Refused):
        attachments.retry(file)


def test_one_that_is_not_there_yet_is_tried_again_and_fails_in_the_end(app, came):
    waits = []
    with hosting(MISSING) as host:
        (id,) = came(host.url(), base_url=host.base_url)
        for _ in range(10):
            file = fetched(id)
            if file.state != "pending":
                break
            waits.append((file.fetch_after - now()).total_seconds())
            file.fetch_after = now()
            db.session.commit()

    assert [
        round(wait / step.total_seconds())
        for wait, step in zip(waits, fetching.LADDER, strict=True)
    ] == [1] * 5
    assert (file.state, file.attempts, host.connections) == ("failed", 6, 6)
    assert file.problem == "The provider does not have it, or no longer."


def test_a_failed_one_is_fetched_when_a_person_asks(app, came):
    with hosting(saying(b"HTTP/1.1 410 X\r\nContent-Length: 0\r\n\r\n")) as host:
        (id,) = came(host.url(), base_url=host.base_url)
        assert fetched(id).state == "failed"
    with hosting(ok(b"Hello")) as host:
        file = db.session.get_one(Attachment, id)
        file.url = host.url()
        db.session.get_one(
            messages.Message, file.message_id
        ).conversation.line.base_url = host.base_url
        attachments.retry(file)
        db.session.commit()

        assert fetched(id).state == "stored"


def test_one_that_waits_for_its_next_try_is_left_alone(app, came):
    with hosting(MISSING) as host:
        (id,) = came(host.url(), base_url=host.base_url)
        assert fetched(id).state == "pending"

        fetched(id)

        assert host.connections == 1


def test_two_workers_fetch_it_once(app, came):
    with hosting(
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", b"lamp", every=0.3)
    ) as host:
        (id,) = came(host.url(), base_url=host.base_url)
        db.session.rollback()
        threads = [threading.Thread(target=in_app(app), args=(id,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (host.connections, fetched(id).state) == (1, "stored")


def in_app(app):
    def fetch(id):
        with app.app_context():
            media.fetch(id)

    return fetch


def test_a_result_that_comes_after_its_time_is_thrown_away(app, came, monkeypatch):
    with hosting(ok(b"Hello")) as host:
        (id,) = came(host.url(), base_url=host.base_url)
        real = fetching._outcome

        def slow(id, kept):
            found = real(id, kept)
            db.session.get_one(Attachment, id).fetch_after = now() + timedelta(minutes=1)
            db.session.commit()
            return found

        monkeypatch.setattr(fetching, "_outcome", slow)

        file = fetched(id)

    assert (file.state, file.stored) == ("pending", None)
    folder = app.config["SETTINGS"].data_dir / "files"
    assert [one for one in folder.rglob("*") if one.is_file()] == []


def test_what_a_dead_process_had_is_found_again_by_the_sweep(app, came):
    (id,) = came("https://bucket.blooio.com/a.jpg")
    assert fetching._claim(id, now() - timedelta(hours=1))
    app.extensions["huey"].flush()

    upkeep.sweep()

    assert ("fetch_file", id) in asked_for(app)


def test_a_file_that_kills_the_process_again_and_again_is_given_up(app, came):
    (id,) = came("https://bucket.blooio.com/a.jpg")
    db.session.get_one(Attachment, id).attempts = 20
    db.session.commit()

    file = fetched(id)

    assert (file.state, file.problem) == ("failed", "It could not be fetched.")


def test_a_plan_of_a_clock_that_was_set_back_counts_as_over(app, came):
    with hosting(ok(b"Hello")) as host:
        (id,) = came(host.url(), base_url=host.base_url)
        db.session.get_one(Attachment, id).fetch_after = now() + timedelta(days=400)
        db.session.commit()

        assert fetched(id).state == "stored"


def test_a_storage_that_does_not_take_it_is_tried_again(app, came, monkeypatch):
    def full(*_):
        raise storage.StorageError("no space")

    with hosting(ok(b"Hello")) as host:
        (id,) = came(host.url(), base_url=host.base_url)
        monkeypatch.setattr(storage, "keep", full)

        file = fetched(id)

    assert (file.state, file.problem) == ("pending", "It could not be stored.")


def test_one_lost_file_does_not_hold_up_the_others(app, came):
    with hosting(ok(b"Hello")) as host:
        ids = came("https://10.0.0.1/a", host.url("a"), base_url=host.base_url, text="Two files")

        states = [fetched(id).state for id in ids]

    assert states == ["blocked", "stored"]


def test_what_killed_downloads_left_is_cleared_away(app):
    left = fetching._incoming() / "tmpleft"
    left.mkdir()
    (left / "original").write_bytes(b"half a lamp")
    media.tidy()
    assert left.exists()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetching, "FORGOTTEN", -1)
        media.tidy()

    assert not left.exists()


def test_slow_hosts_take_no_worker_from_the_lanes(app):
    begun, go_on, done = [], threading.Event(), []

    def work(id):
        begun.append(id)
        go_on.wait(10)
        done.append(id)

    bench = Bench(app, work)
    before = time.monotonic()
    for id in (1, 2, 3, 4, 5, 5, 4):
        bench.put(id)
    assert time.monotonic() - before < 1
    while len(begun) < 3:
        time.sleep(0.01)

    assert sorted(begun) == [1, 2, 3]

    go_on.set()
    while len(done) < 5:
        time.sleep(0.01)
    assert sorted(done) == [1, 2, 3, 4, 5]


def test_a_thread_that_stumbles_goes_on(app, caplog):
    done = []

    def work(id):
        if id == 1:
            raise ValueError("a bug")
        done.append(id)

    bench = Bench(app, work)
    bench.put(1)
    bench.put(2)
    while not done:
        time.sleep(0.01)

    assert done == [2]


def test_the_job_itself_only_hands_over(app, came, monkeypatch):
    seen = []
    monkeypatch.setattr(fetching, "fetch", lambda id: seen.append(id))
    app.extensions.pop("bench", None)
    (id,) = came("https://bucket.blooio.com/a.jpg")

    fetching.fetch_file(id)

    while not seen:
        time.sleep(0.01)
    assert seen == [id]


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ([pictures.jpeg()], "Photo"),
        ([pictures.jpeg(), pictures.moving()], "2 photos"),
        ([pictures.jpeg(), pictures.CARD], "2 files"),
        ([pictures.sound()], "Recording"),
        ([pictures.CARD], "Contact"),
        ([b"%PDF-1.7"], "1 file"),
    ],
)
def test_the_list_says_what_came_without_words(app, came, carol, contents, words):
    with hosting(per_name(contents)) as host:
        ids = came(*(host.url(str(n)) for n in range(len(contents))), base_url=host.base_url)
        assert carol.snippet in ("1 file", "2 files")

        assert [fetched(id).state for id in ids] == ["stored"] * len(contents)

    assert carol.snippet == words


def per_name(contents):
    """Each time somebody asks, the next of these."""
    waiting = iter(contents)
    return lambda connection: ok(next(waiting))(connection)


def test_words_stay_what_the_list_says(app, came, carol):
    with hosting(ok(pictures.jpeg())) as host:
        (id,) = came(host.url(), base_url=host.base_url, text="The lamp")

        fetched(id)

    assert carol.snippet == "The lamp"


def test_a_newer_message_stays_what_the_list_says(app, came, carol):
    with hosting(ok(pictures.jpeg())) as host:
        (id,) = came(host.url(), base_url=host.base_url)
        came(base_url=host.base_url, text="And a word")

        fetched(id)

    assert carol.snippet == "And a word"
