"""A pretend Blooio: the v2 contract over real HTTP, with people at the other end."""

from flask import Flask

from inbox.sandbox.options import Options
from inbox.sandbox.panel import address as panel_address
from inbox.sandbox.people import DEMO_GROUPS, DEMO_PEOPLE, Gathering, Person
from inbox.sandbox.sandbox import Sandbox
from inbox.sandbox.serve import Server, serve
from inbox.sandbox.switches import KINDS, Switch

__all__ = [
    "DEMO_GROUPS",
    "DEMO_PEOPLE",
    "KINDS",
    "Gathering",
    "Options",
    "Person",
    "Sandbox",
    "Server",
    "Switch",
    "create_sandbox",
    "panel_address",
    "serve",
]


def create_sandbox(options: Options | None = None) -> Flask:
    """The sandbox as a WSGI application, at work already; ``app.extensions["sandbox"]`` is the
    Sandbox, to be closed in the end."""
    return Sandbox(options).open().app
