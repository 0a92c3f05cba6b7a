"""Pages and fragments. A view reads the request, calls one verb, commits, renders."""

from flask import Flask

from inbox.views import (
    conversations,
    files,
    health,
    lines,
    messages,
    sessions,
    settings,
    setup,
    verifications,
    webhook_events,
    webhooks,
)

MODULES = (
    conversations,
    files,
    health,
    lines,
    messages,
    sessions,
    settings,
    setup,
    verifications,
    webhook_events,
    webhooks,
)


def init_app(app: Flask) -> None:
    for module in MODULES:
        app.register_blueprint(module.bp)
