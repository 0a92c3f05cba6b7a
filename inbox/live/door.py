"""Who may listen: the one question asked when a browser connects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person's browser, and the rooms it may be in; never named by the browser itself."""

    user_id: int
    session_id: int | str
    rooms: Sequence[str] = ()

    @property
    def all_rooms(self) -> set[str]:
        """Also the two by which it can be cut off."""
        return {f"user-{self.user_id}", f"session-{self.session_id}", *self.rooms}


Who = Callable[[], Viewer | None]
_who: Who = lambda: None  # noqa: E731


def who(ask: Who) -> Who:
    """Register what tells, within the request of a connecting browser, who it is (None: nobody)."""
    global _who
    _who = ask
    return ask


def watch(server: Any, app: Flask) -> None:
    """Answer every browser that connects to `server`."""

    def connect(session_id: str, environ: dict[str, Any], auth: object = None) -> bool:
        try:
            return _let_in(server, app, session_id, environ)
        except Exception:
            log.exception("live.connect_failed")
            return False

    server.on("connect", connect)


def origin_check(origins: Sequence[str]) -> Callable[[str | None, dict[str, Any]], bool]:
    """Whether a page of this origin may connect: one of `origins`, or the host it speaks to."""
    known = {_origin(one) for one in origins}

    def allowed(origin: str | None, environ: dict[str, Any]) -> bool:
        here = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
        try:
            return bool(origin) and _origin(origin or "") in known | {_origin(here)}
        except ValueError:
            return False

    return allowed


def _let_in(server: Any, app: Flask, session_id: str, environ: dict[str, Any]) -> bool:
    """Ask, join, ask again: rights that change in between reach either the cut or the answer."""
    socket = server.eio.sockets.get(server.manager.eio_sid_from_sid(session_id, "/"))
    viewer = _ask(app, environ)
    if viewer is None:
        return False
    for room in viewer.all_rooms:
        server.enter_room(session_id, room)
    again = _ask(app, environ)
    unchanged = again is not None and again.all_rooms == viewer.all_rooms
    return unchanged and (socket is None or not socket.closed)


def _ask(app: Flask, environ: dict[str, Any]) -> Viewer | None:
    with app.request_context(environ):
        return _who()


def _origin(url: str) -> str:
    """Scheme, host and port of an address, the default port left out."""
    parts = urlsplit(url.lower())
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.removesuffix(default) if default else parts.netloc}"
