"""Files to those who may see them, in a shape that can do no harm."""

import pytest

from inbox import storage
from inbox.attachments import Attachment
from inbox.db import db
from tests.media import pictures
from tests.people.visitor import Visitor

KINDS = ("thumbnail", "picture", "play", "original")


@pytest.fixture
def alices(as_person, alice):
    return as_person(alice)


def test_a_picture_is_shown_as_the_one_that_we_made(alices, stored):
    id = stored(pictures.located())

    for kind in ("thumbnail", "picture"):
        answer = alices.get(f"/files/{id}/{kind}")

        assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
        assert answer.headers["Content-Disposition"] == "inline"
        assert b"SECRET" not in answer.data


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_is_locked_up(alices, stored, kind):
    id = stored(pictures.sound() if kind == "play" else pictures.jpeg())

    answer = alices.get(f"/files/{id}/{kind}")

    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_the_original_is_for_saving_byte_for_byte_under_its_name(alices, stored):
    content = pictures.located()

    answer = alices.get(f"/files/{stored(content, 'Лампа.jpg')}/original")

    assert answer.data == content
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"_____.jpg\"; filename*=UTF-8''%D0%9B%D0%B0%D0%BC%D0%BF%D0%B0.jpg"
    )


@pytest.mark.parametrize("content", [pictures.HTML, pictures.SVG])
def test_what_a_browser_would_run_is_only_saved(alices, stored, content):
    id = stored(content, "lamp.html")

    answers = {kind: alices.get(f"/files/{id}/{kind}") for kind in KINDS}

    assert [answers[kind].status_code for kind in KINDS] == [404, 404, 404, 200]
    assert answers["original"].content_type == "application/octet-stream"
    assert answers["original"].headers["Content-Disposition"].startswith("attachment;")


def test_sound_plays_and_a_document_does_not(alices, stored):
    sound, document = stored(pictures.sound(), "a.wav"), stored(b"%PDF-1.7\n", "a.pdf")

    answer = alices.get(f"/files/{sound}/play")

    assert (answer.status_code, answer.content_type) == (200, "audio/wav")
    assert answer.headers["Content-Disposition"] == "inline"
    assert alices.get(f"/files/{document}/play").status_code == 404
    assert alices.get(f"/files/{document}/original").content_type == "application/pdf"


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_may_not_see_the_message_finds_no_file(as_person, alice, mallory, stored, kind):
    id = stored(pictures.sound() if kind == "play" else pictures.jpeg())
    assert as_person(alice).get(f"/files/{id}/{kind}").status_code == 200

    assert as_person(mallory).get(f"/files/{id}/{kind}").status_code == 404


def test_whoever_is_not_signed_in_is_asked_to(app, stored):
    id = stored(pictures.jpeg())

    answer = Visitor(app).get(f"/files/{id}/picture")

    assert answer.status_code in (302, 303, 401)
    assert answer.data.find(b"\xff\xd8\xff") == -1


def test_nothing_is_served_before_it_is_there(alices, stored):
    id = stored(pictures.jpeg())
    file = db.session.get_one(Attachment, id)
    file.state, file.stored, file.display, file.thumbnail = "pending", None, None, None
    db.session.commit()

    assert {alices.get(f"/files/{id}/{kind}").status_code for kind in KINDS} == {404}
    assert alices.get(f"/files/{id}/nonsense").status_code == 404
    assert alices.get("/files/999999/picture").status_code == 404


def test_a_file_that_is_gone_from_the_storage_is_not_there(alices, stored):
    id = stored(pictures.jpeg())
    storage.delete(db.session.get_one(Attachment, id).stored)
    db.session.rollback()

    assert alices.get(f"/files/{id}/original").status_code == 404


CONTENT = pictures.sound(2)
SIZE = len(CONTENT)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=500-999", 500, 1000),
        ("bytes=-100", SIZE - 100, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        ("bytes=100-99999999", 100, SIZE),
    ],
)
def test_a_part_is_given_as_asked(alices, stored, asked, start, end):
    id = stored(CONTENT, "a.wav")

    answer = alices.get(f"/files/{id}/play", Range=asked)

    assert (answer.status_code, answer.data) == (206, CONTENT[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["Content-Length"] == str(end - start)


def test_a_part_beyond_the_end_is_refused(alices, stored):
    answer = alices.get(f"/files/{stored(CONTENT, 'a.wav')}/play", Range="bytes=9999999-")

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "lines=0-1", "bytes=9-1", "bytes=x", "nonsense"]
)
def test_what_cannot_be_understood_gets_the_whole(alices, stored, asked):
    answer = alices.get(f"/files/{stored(CONTENT, 'a.wav')}/play", Range=asked)

    assert (answer.status_code, answer.data) == (200, CONTENT)


def test_head_says_the_same_without_the_bytes(alices, stored):
    path = f"/files/{stored(CONTENT, 'a.wav')}/play"
    whole = alices.get(path)

    head = alices.client.head(path, headers={"Sec-Fetch-Site": "same-origin"})

    assert (head.status_code, head.data) == (200, b"")
    same = ("Content-Length", "Content-Type", "ETag", "Accept-Ranges", "Content-Disposition")
    assert [head.headers[name] for name in same] == [whole.headers[name] for name in same]


def test_what_the_browser_has_is_not_sent_again(alices, stored):
    path = f"/files/{stored(CONTENT, 'a.wav')}/play"
    tag = alices.get(path).headers["ETag"]

    again = alices.get(path, **{"If-None-Match": tag})

    assert (again.status_code, again.data) == (304, b"")
    assert alices.get(path, **{"If-None-Match": '"another"'}).status_code == 200


def test_half_of_another_file_is_not_completed(alices, stored):
    path = f"/files/{stored(CONTENT, 'a.wav')}/play"
    tag = alices.get(path).headers["ETag"]

    same = alices.get(path, **{"Range": "bytes=10-", "If-Range": tag})
    other = alices.get(path, **{"Range": "bytes=10-", "If-Range": '"another"'})

    assert (same.status_code, other.status_code) == (206, 200)


def failed(stored):
    id = stored(pictures.jpeg())
    file = db.session.get_one(Attachment, id)
    file.state, file.problem, file.attempts = "failed", "The connection broke.", 6
    db.session.commit()
    return id


def test_a_failed_one_can_be_asked_for_again(app, alices, stored):
    id = failed(stored)

    answer = alices.submit(f"/files/{id}/fetches", form="/conversations")

    assert answer.status_code == 204
    file = db.session.get_one(Attachment, id, populate_existing=True)
    assert (file.state, file.problem, file.attempts) == ("pending", None, 0)
    waiting = [(task.name, *task.args) for task in app.extensions["huey"].pending()]
    assert ("fetch_file", id) in waiting


def test_one_that_is_there_cannot(alices, stored):
    answer = alices.submit(f"/files/{stored(pictures.jpeg())}/fetches", form="/conversations")

    assert answer.status_code == 422
    assert "This file is not one that failed." in answer.text


def test_only_by_those_who_see_it(as_person, mallory, stored):
    id = failed(stored)

    answer = as_person(mallory).submit(f"/files/{id}/fetches", form="/conversations")

    assert answer.status_code == 404
    assert db.session.get_one(Attachment, id, populate_existing=True).state == "failed"
