"""What the provider has and the sandbox has not: 501, and it says so."""

from typing import NoReturn

from flask import Blueprint

from inbox.sandbox.errors import Problem

bp = Blueprint("absent", __name__)

PATHS = (
    "/chats/<path:_>/polls",
    "/chats/<path:_>/polls/<poll>",
    "/chats/<path:_>/background",
    "/groups/<path:_>/icon",
    "/location/<path:_>",
    "/facetime/<path:_>",
    "/phone-numbers/<path:_>",
    "/me/numbers/<number>/contact-card",
    "/me/numbers/<number>/call-forwarding",
)


def absent(**_: str) -> NoReturn:
    raise Problem(501, "The sandbox does not have this.")


for path in PATHS:
    bp.add_url_rule(path, view_func=absent, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
