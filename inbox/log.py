"""Structured logs: one line per event, without message text, full numbers or keys."""

import logging
import sys
import threading
from collections.abc import MutableMapping
from traceback import extract_tb
from typing import Any

import structlog
from flask import Flask

from inbox.config import Settings

FRAMES = 12


def without_words(logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
    """What went wrong and where, never the text of a mistake: it may hold what people wrote."""
    if told := event.pop("exc_info", None):
        kind, _, trace = told if isinstance(told, tuple) else sys.exc_info()
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(trace)]
        event["error"] = kind.__name__ if kind else None
        event["where"] = where[-FRAMES:]
    return event


class Others(logging.Handler):
    """What libraries log: which of them, where, and the kind of mistake. Their own words may be
    made of what people wrote, or of numbers and keys."""

    def emit(self, record: logging.LogRecord) -> None:
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        at = f"{record.filename}:{record.lineno}"
        told = structlog.get_logger(record.name)
        told.log(level, "library", logger=record.name, at=at, exc_info=record.exc_info or None)


OTHERS = Others(logging.WARNING)


def uncaught(kind: type[BaseException], error: BaseException | None, trace: Any) -> None:
    """What nobody caught ends in the log like everything else, and not with its words on stderr."""
    structlog.get_logger(__name__).critical("uncaught", exc_info=(kind, error, trace))


def take_over() -> None:
    """Have what ends the process or a thread told here. For processes of our own only."""
    sys.excepthook = uncaught
    threading.excepthook = _in_thread


def _in_thread(told: threading.ExceptHookArgs) -> None:
    if not issubclass(told.exc_type, SystemExit):
        uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def init_app(app: Flask) -> None:
    settings: Settings = app.config["SETTINGS"]
    level = logging.getLevelName(settings.log_level.upper())
    last = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_words,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    logging.getLogger().addHandler(OTHERS)
