"""Structured logs: one line per event, without message text, full numbers or keys."""

import logging
import sys
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
