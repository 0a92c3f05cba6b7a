from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from inbox import contacts, messages, phone, storage
from inbox.attachments import Attachment
from inbox.conversations import Conversation
from inbox.db import db, now
from inbox.media.looking import look_at
from inbox.users import User
from tests.conftest import PASSWORD
from tests.people.visitor import Visitor


@pytest.fixture
def as_person(app: Flask) -> Callable[[User], Visitor]:
    """A browser in which this person signed in."""

    def sign_in(user: User) -> Visitor:
        visitor = Visitor(app)
        assert visitor.sign_in(user.email, PASSWORD).status_code == 303
        return visitor

    return sign_in


@pytest.fixture
def stored(carol: Conversation, tmp_path: Path) -> Callable[..., int]:
    """A file that Carol sent and that has been fetched, by its id."""

    def stored(content: bytes, name: str | None = "lamp.jpg") -> int:
        folder = tmp_path / "came"
        folder.mkdir(exist_ok=True)
        file = folder / "original"
        file.write_bytes(content)
        seen = look_at(file)
        attachment = Attachment(
            url="https://bucket.blooio.com/a",
            name=name,
            state="stored",
            size=len(content),
            content_type=seen.content_type,
            kind=seen.kind,
            width=seen.width,
            height=seen.height,
            cards=seen.cards,
            stored=storage.keep(file),
            display=seen.display and storage.keep(seen.display, seen.display.suffix),
            thumbnail=seen.thumbnail and storage.keep(seen.thumbnail, seen.thumbnail.suffix),
        )
        messages.receive(
            carol,
            "",
            sender=contacts.with_address(phone.read("+14155550132")),
            provider_id=None,
            protocol="imessage",
            at=now(),
            attachments=[attachment],
        )
        db.session.commit()
        return attachment.id

    return stored
