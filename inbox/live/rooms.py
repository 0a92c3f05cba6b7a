"""Speak to browsers by room. It carries hints and fragments; pages never depend on it."""

from typing import Any

from flask_socketio import SocketIO  # type: ignore[import-untyped]

from inbox.live import driver

socketio = SocketIO()


def emit(room: str, payload: Any) -> None:
    """Tell everyone in `room`, in every process, that something changed."""
    socketio.server.emit("changed", payload, to=room)


def cut(room: str) -> None:
    """Disconnect everyone in `room`, in every process: their rights or their session changed."""
    socketio.server.close_room(room)


def anyone_in(room: str) -> bool:
    """Whether somebody might hear it. Only this process is known: with Redis always True."""
    manager = socketio.server.manager
    return isinstance(manager, driver.DirectRedisManager) or bool(
        manager.rooms.get("/", {}).get(room)
    )


def hang_up() -> None:
    """Close every connection of this process, as before it stops; browsers come back elsewhere."""
    if socketio.server:
        driver.hang_up_all(socketio.server)
