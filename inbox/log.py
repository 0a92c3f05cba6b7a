"""Structured logs: one line per event, without message text, full numbers or keys."""

import logging
import sys

import structlog
from flask import Flask

from inbox.config import Settings


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
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=False,
    )
