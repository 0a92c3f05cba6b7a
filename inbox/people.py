"""Passwords: hashed by Flask-Security, which also stands ready for second factors.

Who is signed in is told by `user_sessions` alone; all routes of Flask-Security are off.
"""

import secrets
import unicodedata
from functools import cache
from typing import Any, cast

import flask_security
from flask import Flask
from flask_security import Security
from flask_security.datastore import SQLAlchemyUserDatastore

from inbox.db import db
from inbox.users import User

SETTINGS = {
    "SECURITY_PASSWORD_HASH": "argon2",
    "SECURITY_PASSWORD_SCHEMES": ["argon2"],
    # No pepper: it would tie every password to one setting for ever.
    "SECURITY_PASSWORD_SINGLE_HASH": {"argon2"},
    "SECURITY_API_ENABLED_METHODS": ["session"],
}


def init_app(app: Flask) -> None:
    for name, value in SETTINGS.items():
        app.config.setdefault(name, value)
    security = Security()
    # There is no table of roles, and nothing of Flask-Security that would look into one.
    store = SQLAlchemyUserDatastore(db, cast(Any, User), cast(Any, None))
    security.init_app(app, store, register_blueprint=False)
    # Its own way in, a token in any header or address, is shut.
    app.login_manager.request_loader(lambda request: None)  # type: ignore[attr-defined]


def hash_password(password: str) -> str:
    return str(flask_security.hash_password(_same(password)))


def belongs(password: str, hashed: str | None) -> bool:
    """Whether it is the password. Nobody's (None) takes as long to deny as somebody's."""
    right = bool(flask_security.verify_password(_same(password), hashed or _nobodys()))
    return right and hashed is not None


def _same(password: str) -> str:
    """Keyboards write the same letter in different ways."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    return hash_password(secrets.token_urlsafe())
