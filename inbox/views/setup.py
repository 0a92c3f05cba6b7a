"""Making an account from a single-use link: the first admin's, or an invited person's."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from inbox import people, setup_links, users
from inbox.db import db, reading
from inbox.errors import Refused
from inbox.setup_links import SetupLink
from inbox.signing_in import sign_in

bp = Blueprint("setup", __name__, url_prefix="/setup")
FIELDS = ("name", "email", "password")


@bp.get("/<token>")
def show(token: str) -> Any:
    link = setup_links.with_token(token)
    return _page(link, {}) if link else _gone()


@bp.post("/<token>")
def use(token: str) -> Any:
    typed = {field: request.form.get(field, "") for field in FIELDS}
    with reading():
        link = setup_links.with_token(token)
        if link is None:
            return _gone()
        try:
            hashed = _checked(link, typed)
        except Refused as refusal:
            return _page(link, typed, str(refusal)), 422
        finally:
            db.session.rollback()
    return _make(token, typed, hashed)


def _checked(link: SetupLink, typed: dict[str, str]) -> str:
    """The hash of the password, once everything that was typed will do. It takes its time."""
    users.read_name(typed["name"])
    email = users.read_email(link.email or typed["email"])
    password = users.read_password(typed["password"], email=email)
    db.session.rollback()
    return people.hash_password(password)


def _make(token: str, typed: dict[str, str], hashed: str) -> Any:
    link = setup_links.with_token(token)
    if link is None:
        return _gone()
    try:
        user = setup_links.use(link, email=typed["email"], name=typed["name"], password=hashed)
        sign_in(user)
        db.session.commit()
    except Refused as refusal:
        db.session.rollback()
        return _page(link, typed, str(refusal)), 422
    return redirect(url_for("conversations.index"), 303)


def _page(link: SetupLink, typed: dict[str, str], problem: str | None = None) -> str:
    return render_template("setup/show.html", link=link, typed=typed, problem=problem)


def _gone() -> tuple[str, int]:
    db.session.rollback()
    return render_template("sessions/gone.html", anyone=users.anyone()), 410
