"""Secrets at rest: sealed with the key of this installation, opened only where they are used."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask, current_app

from inbox.errors import Refused


def init_app(app: Flask) -> None:
    keys = [app.config["SECRET_KEY"], *(app.config.get("SECRET_KEY_FALLBACKS") or [])]
    app.extensions["vault"] = MultiFernet([_fernet(key) for key in keys])


def seal(text: str) -> str:
    return _vault().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    try:
        return _vault().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Refused(
            "A stored key cannot be opened: SECRET_KEY is not the one it was sealed with. "
            "Put the old one into SECRET_KEY_FALLBACKS."
        ) from None


def _vault() -> MultiFernet:
    vault: MultiFernet = current_app.extensions["vault"]
    return vault


def _fernet(secret: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"tapback vault").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
