"""Live pages: Socket.IO only speaks, HTTP only acts."""

import logging
from collections.abc import Sequence

from flask import Flask
from gevent.monkey import is_module_patched  # type: ignore[import-untyped]

from inbox.live import driver
from inbox.live.door import Viewer, origin_check, watch, who
from inbox.live.rooms import anyone_in, cut, emit, hang_up, socketio

__all__ = ["Viewer", "anyone_in", "cut", "emit", "hang_up", "init_app", "socketio", "who"]

INBOUND = 16 * 1024
"""Browsers have nothing to say but hello; the largest message taken from one, in bytes."""


def init_app(
    app: Flask,
    *,
    redis_url: str | None = None,
    origins: Sequence[str] = (),
    in_process_async: str | None = None,
) -> None:
    """Put Socket.IO in front of the application.

    `origins` are the addresses pages may come from besides the host they speak to. What fixes the
    environment (trusted proxies) must be wrapped around `app.wsgi_app` after this.
    `in_process_async` is "gevent" in a patched process and else "threading", unless given.
    """
    mode = in_process_async or ("gevent" if is_module_patched("socket") else "threading")
    quiet = _quiet_logger()
    socketio.init_app(
        app,
        async_mode=mode,
        client_manager=_manager(redis_url, quiet),
        async_handlers=False,
        cors_allowed_origins=origin_check(origins),
        transports=["websocket", "polling"],
        max_http_buffer_size=INBOUND,
        http_compression=False,
        logger=quiet,
        engineio_logger=quiet,
    )
    driver.install(socketio.server)
    watch(socketio.server, app)


def _manager(redis_url: str | None, quiet: logging.Logger) -> driver.DirectManager:
    if redis_url is None:
        return driver.DirectManager()
    return driver.DirectRedisManager(redis_url, quiet)


def _quiet_logger() -> logging.Logger:
    """The libraries log every packet with its content at INFO: that must never be written."""
    logger = logging.getLogger("inbox.live.engine")
    logger.setLevel(logging.ERROR)
    return logger
