"""Fetching one file into a folder of ours: from a checked address, counted, and with an end."""

import contextlib
import hashlib
import http.client
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from certifi import where

from inbox.media.hosts import Blocked, Place, public

MOST = 100 * 1024 * 1024
"""Bytes: what iMessage carries at most."""
ROOM = 256 * 1024 * 1024
"""Bytes that stay free on the disk: a full one would stop more than files."""
CHUNK = 64 * 1024
HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "Tapback"}


class Missed(Exception):
    """It did not come. `passing`: it may come later. The message is for people."""

    def __init__(self, message: str, *, passing: bool = True) -> None:
        super().__init__(message)
        self.passing = passing


@dataclass(frozen=True)
class Patience:
    """Seconds: for a connection, between two pieces, for everything; and the most bytes."""

    connect: float = 5
    between: float = 10
    total: float = 120
    most: int = MOST


@dataclass(frozen=True)
class Fetched:
    size: int
    sha256: str


def download(place: Place, into: Path, patience: Patience | None = None) -> Fetched:
    """Write what is there to the file `into`. Raises Blocked, Missed."""
    patience = patience or Patience()
    if shutil.disk_usage(into.parent).free < ROOM + patience.most:
        raise Missed("There is too little room to store it.")
    deadline = time.monotonic() + patience.total
    with _connected(place, patience) as connection, _cut_at(connection, deadline):
        try:
            with _secured(connection, place) as secured, _asked(secured, place) as response:
                _check(response, patience)
                return _written(response, into, patience, deadline)
        except ssl.SSLCertVerificationError:
            raise Missed("Its host could not prove who it is.") from None
        except (OSError, http.client.HTTPException, ValueError, Missed) as error:
            # Being cut at the deadline looks like any broken connection.
            if time.monotonic() >= deadline:
                raise Missed("It took too long.") from None
            if isinstance(error, Missed):
                raise
            raise Missed("The connection broke.") from error


def _addresses(place: Place) -> list[str]:
    """Where the host is, every address checked. One bad one condemns the name."""
    if not place.secure:
        return [place.host]
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Missed("Its host was not found.") from None
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    if not addresses or not all(map(public, addresses)):
        raise Blocked("Its host is not on the open internet.")
    return addresses


@contextlib.contextmanager
def _connected(place: Place, patience: Patience) -> Iterator[socket.socket]:
    """A connection to the very address that was checked: the name is not asked for twice."""
    last: OSError | None = None
    for address in _addresses(place)[:3]:
        try:
            raw = socket.create_connection((address, place.port), timeout=patience.connect)
        except OSError as error:
            last = error
            continue
        with raw:
            raw.settimeout(patience.between)
            yield raw
        return
    raise Missed("Its host does not answer.") from last


@contextlib.contextmanager
def _cut_at(connection: socket.socket, deadline: float) -> Iterator[None]:
    """Hang up at the deadline: whoever drips a byte now and then never runs into a timeout."""

    def cut() -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(deadline - time.monotonic(), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextlib.contextmanager
def _asked(secured: socket.socket, place: Place) -> Iterator[http.client.HTTPResponse]:
    with contextlib.closing(http.client.HTTPConnection(place.host, place.port)) as connection:
        connection.sock = secured
        connection.request("GET", place.target, headers=HEADERS)
        with connection.getresponse() as response:
            yield response


def _check(response: http.client.HTTPResponse, patience: Patience) -> None:
    if 300 <= response.status < 400:
        raise Blocked("It points to another address.")
    if response.status != 200:
        raise Missed(_words(response.status), passing=_passing(response.status))
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Blocked("It came packed, which was not asked for.")
    if response.length is not None and response.length > patience.most:
        raise Blocked(_too_big(patience.most))


def _secured(raw: socket.socket, place: Place) -> socket.socket:
    """On a copy: wrapping takes the descriptor away, and the one who cuts needs his."""
    copy = raw.dup()
    if not place.secure:
        return copy
    try:
        context = ssl.create_default_context(cafile=where())
        return context.wrap_socket(copy, server_hostname=place.host)
    except BaseException:
        copy.close()
        raise


def _written(
    response: http.client.HTTPResponse, into: Path, patience: Patience, deadline: float
) -> Fetched:
    digest, size = hashlib.sha256(), 0
    with into.open("wb") as file:
        while chunk := response.read1(CHUNK):
            size += len(chunk)
            if size > patience.most:
                raise Blocked(_too_big(patience.most))
            digest.update(chunk)
            _append(file, chunk)
    if response.length or time.monotonic() >= deadline:
        raise Missed("The connection broke.")
    if not size:
        raise Missed("It is empty.")
    return Fetched(size, digest.hexdigest())


def _append(file: IO[bytes], chunk: bytes) -> None:
    try:
        file.write(chunk)
    except OSError:
        raise Missed("It could not be stored.") from None


def _passing(status: int) -> bool:
    """A file may be announced before it can be had, so "not there" may pass too."""
    return status >= 500 or status in (403, 404, 408, 409, 425, 429)


def _words(status: int) -> str:
    if status in (403, 404, 410):
        return "The provider does not have it, or no longer."
    return f"The provider answered {status}."


def _too_big(most: int) -> str:
    return f"It is larger than {most // (1024 * 1024)} MB."
