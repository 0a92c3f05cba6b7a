"""Files of people, under names of our own: on this machine's disk, or in a bucket (MEDIA_URL).

A name says nothing of what the file was called. What has a name never changes.
"""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

import obstore
from flask import Flask, current_app
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from inbox.aside import aside
from inbox.config import Settings

CHUNK = 256 * 1024
SUFFIX = re.compile(r"(?:\.[a-z0-9]{1,5})?")

Store = LocalStore | S3Store


class StorageError(Exception):
    """The disk or the bucket did not do it. The text carries no secret and no name of a file."""


def init_app(app: Flask) -> None:
    app.extensions["storage"] = _opened(app.config["SETTINGS"])


def keep(file: Path, suffix: str = "") -> str:
    """Store a copy of this file; gives its name. `suffix` like ".jpg" is part of the name."""
    if not SUFFIX.fullmatch(suffix):
        raise ValueError("not a suffix")
    token = secrets.token_hex(16)
    name = f"{token[:2]}/{token}{suffix}"
    try:
        aside(obstore.put, _store(), name, file)
    except (BaseError, OSError) as error:
        raise StorageError(type(error).__name__) from None
    return name


def size(name: str) -> int | None:
    """In bytes; None when it is not there."""
    try:
        return int(aside(obstore.head, _store(), name)["size"])
    except FileNotFoundError:
        return None
    except (BaseError, OSError) as error:
        raise StorageError(type(error).__name__) from None


def read(name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The bytes from `start` up to, not including, `end`. Opens before it returns, and needs no app
    after that: a slow reader holds nothing but one chunk."""
    try:
        if end is None:
            found = aside(obstore.get, _store(), name)
        else:
            found = aside(obstore.get, _store(), name, options={"range": (start, end)})
        chunks = iter(found.stream(min_chunk_size=CHUNK))
    except (BaseError, OSError) as error:
        raise StorageError(type(error).__name__) from None
    return _drained(chunks)


def delete(name: str) -> None:
    """Gone afterwards, also when it was before."""
    try:
        aside(obstore.delete, _store(), name)
    except FileNotFoundError:
        return
    except (BaseError, OSError) as error:
        raise StorageError(type(error).__name__) from None


def _drained(chunks: Iterator[object]) -> Iterator[bytes]:
    while (chunk := aside(next, chunks, None)) is not None:
        yield bytes(cast(bytes, chunk))


def _store() -> Store:
    return cast(Store, current_app.extensions["storage"])


def _opened(settings: Settings) -> Store:
    parts = urlsplit(settings.media)
    if parts.scheme == "file":
        folder = Path(unquote(parts.path))
        folder.mkdir(parents=True, exist_ok=True)
        return LocalStore(folder)
    # Keys, region and endpoint come from the AWS_... environment, as with every S3 tool.
    return S3Store(parts.netloc, prefix=parts.path.strip("/") or None)
