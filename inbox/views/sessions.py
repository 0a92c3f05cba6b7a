"""Signing in and out."""

from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for

from inbox import attempts, people, users
from inbox.db import db, reading
from inbox.signing_in import identify, local_path, sign_in, sign_out
from inbox.users import LONGEST_PASSWORD, User
from inbox.web import signed_in

bp = Blueprint("sessions", __name__)
WRONG = "Email and password don’t belong together."


@bp.get("/login")
def new() -> Any:
    if identify():
        return redirect(local_path(request.args.get("next")), 303)
    return render_template("sessions/new.html", email="", problem=None)


@bp.post("/login")
def create() -> Any:
    email, password = request.form.get("email", ""), request.form.get("password", "")
    if seconds := attempts.wait(email):
        return _again(email, _later(seconds), 429, {"Retry-After": str(seconds)})
    user = _belonging(email, password)
    if user is None:
        return _again(email, WRONG, 422)
    attempts.forgive(email)
    sign_in(user)
    db.session.commit()
    return redirect(local_path(request.args.get("next")), 303)


@bp.get("/logout")
@signed_in
def leave() -> str:
    return render_template("sessions/leave.html")


@bp.post("/logout")
def destroy() -> Response:
    sign_out()
    db.session.commit()
    reply = redirect(url_for(".new"), 303)
    reply.headers["Clear-Site-Data"] = '"storage"'
    return reply  # type: ignore[return-value]


def _belonging(email: str, password: str) -> User | None:
    """Whose address and password these are. Nothing is held in the database while it is hashed."""
    with reading():
        user = users.with_email(email)
        known = (user.id, user.password) if user and user.active else (None, None)
        db.session.rollback()
    id, hashed = known
    if not people.belongs(password[: LONGEST_PASSWORD + 1], hashed):
        return None
    again = db.session.get(User, id, populate_existing=True)
    return again if again and again.active and again.password == hashed else None


def _again(email: str, problem: str, status: int, headers: Any = None) -> Any:
    g.user = None
    page = render_template("sessions/new.html", email=email, problem=problem)
    return page, status, headers or {}


def _later(seconds: int) -> str:
    minutes = -(-seconds // 60)
    when = "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"That was tried too often. Try again in {when}."
