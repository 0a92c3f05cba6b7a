"""Pages and fragments. A view reads the request, calls one verb, commits, renders."""

from flask import Flask

from inbox.views import conversations, health, lines, messages, sessions, setup, webhooks


def init_app(app: Flask) -> None:
    for module in (conversations, health, lines, messages, sessions, setup, webhooks):
        app.register_blueprint(module.bp)
