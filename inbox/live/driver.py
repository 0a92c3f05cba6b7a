"""How Socket.IO reaches the wires: an announcement is encoded once and written straight away.

Everything is set on one server instance; the libraries themselves stay as they are.
"""

from collections.abc import Iterator
from functools import partial
from time import sleep
from typing import Any

import gevent  # type: ignore[import-untyped]
import socketio  # type: ignore[import-untyped]
import structlog
from engineio.packet import MESSAGE, Packet  # type: ignore[import-untyped]
from redis.backoff import NoBackoff
from redis.retry import Retry
from socketio.packet import EVENT  # type: ignore[import-untyped]

from inbox.live.wire import Wire, frame

log = structlog.get_logger(__name__)

QUEUED = 1000
"""Announcements that may wait for a browser that polls before it is cut off."""
STRANGER = 20
"""Seconds in which a connection must have said who it is."""
REDIS_AGAIN = 1
"""Seconds until Redis is asked again after it was lost."""


class DirectManager(socketio.Manager):  # type: ignore[misc]
    """Keeps who is in which room; writes past Engine.IO's queue whenever that is empty."""

    def __init__(self, *options: Any, **more: Any) -> None:
        super().__init__(*options, **more)
        self.wires: dict[str, Wire] = {}

    def emit(self, event: str, data: Any, namespace: str, **options: Any) -> None:
        """As Socket.IO's own, which also still does what is addressed in any special way."""
        room = options.get("to") or options.get("room")
        if options.get("skip_sid") or options.get("callback") or isinstance(data, tuple):
            super().emit(event, data, namespace, **options)
            return
        words = [event] if data is None else [event, data]
        text = self.server.packet_class(EVENT, namespace=namespace, data=words).encode()
        packet = Packet(MESSAGE, text)
        ready = frame(packet.encode())
        for _, session_id in self.get_participants(namespace, room):
            self._tell(session_id, packet, ready)

    def close_room(self, room: str, namespace: str) -> None:
        """Cut off everyone in the room: their browsers come back and are asked who they are.

        The whole connection goes, so that a browser reconnects by itself (it would not after a
        Socket.IO goodbye).
        """
        for _, session_id in list(self.get_participants(namespace, room)):
            hang_up(self.server, session_id)

    def _tell(self, session_id: str, packet: Packet, ready: bytes) -> None:
        socket = self.server.eio.sockets.get(session_id)
        wire = self.wires.get(session_id)
        if wire and socket and socket.upgraded and not socket.closing and socket.queue.empty():
            wire.write(ready)
        elif socket and socket.queue.qsize() > QUEUED:
            hang_up(self.server, session_id)
        else:
            self.server._send_eio_packet(session_id, packet)


class DirectRedisManager(socketio.RedisManager, DirectManager):  # type: ignore[misc]
    """The same for several processes: what one says, the others say to theirs."""

    def __init__(self, url: str, logger: Any) -> None:
        options = {
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "retry": Retry(NoBackoff(), 0),  # else it comes back by itself and hides the gap
        }
        super().__init__(url, channel="inbox-live", logger=logger, redis_options=options)

    def _redis_listen_with_retries(self) -> Iterator[Any]:
        """What was said while Redis was away is lost: then everyone connects anew and asks."""
        lost = False
        while True:
            try:
                self._redis_connect()
                self.pubsub.subscribe(self.channel)
                if lost:
                    hang_up_all(self.server)
                lost = False
                yield from self.pubsub.listen()
            except Exception as problem:
                if not lost:
                    log.error("live.redis_lost", error=type(problem).__name__)
                lost = True
                sleep(REDIS_AGAIN)


def hang_up(server: Any, session_id: str) -> None:
    """Close one connection without waiting for the other side."""
    socket = server.eio.sockets.get(session_id)
    if socket:
        socket.close(wait=False, reason=server.reason.SERVER_DISCONNECT)


def hang_up_all(server: Any) -> None:
    """Close every connection of this process."""
    for session_id in list(server.eio.sockets):
        hang_up(server, session_id)


def install(server: Any) -> None:
    """Have `server` use our wires (under gevent) and hear nothing but short text."""
    _hear_text_only(server)
    if server.async_mode == "gevent":
        wire = partial(Wire, wires=server.manager.wires)
        server.eio._async = {**server.eio._async, "websocket": wire}
        _cut_strangers(server)


def _hear_text_only(server: Any) -> None:
    """Binary packets (5 and 6) would be kept until all announced parts came, which may be never."""
    understand = server.eio.handlers["message"]

    def message(session_id: str, data: Any) -> None:
        socket = server.eio.sockets.get(session_id)
        plain = isinstance(data, str) and data[:1] in {"0", "1", "2", "3", "4"}
        if plain and socket and not socket.closed:
            understand(session_id, data)

    server.eio.on("message", message)


def _cut_strangers(server: Any) -> None:
    """Nobody holds a connection without having been let in."""
    welcome = server.eio.handlers["connect"]

    def connect(session_id: str, environ: dict[str, Any]) -> Any:
        gevent.spawn_later(STRANGER, _cut_stranger, server, session_id)
        return welcome(session_id, environ)

    server.eio.on("connect", connect)


def _cut_stranger(server: Any, session_id: str) -> None:
    if not server.manager.sid_from_eio_sid(session_id, "/"):
        hang_up(server, session_id)
