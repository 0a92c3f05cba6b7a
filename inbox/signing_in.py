"""Who is asking: from the cookie of a request to the person, for views and for live pages."""

from collections.abc import Callable
from functools import wraps
from threading import Thread
from typing import Any, TypeVar, cast

from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from sqlalchemy.exc import SQLAlchemyError

from inbox import lines, live, user_sessions
from inbox.db import db, now, reading
from inbox.user_sessions import UserSession
from inbox.users import User

View = TypeVar("View", bound=Callable[..., Any])
TOKEN = "token"  # noqa: S105
_being_seen: set[int] = set()


def signed_in(view: View) -> View:
    """Only for people who are signed in; the view finds them as `g.user`."""

    @wraps(view)
    def guarded(*args: Any, **given: Any) -> Any:
        return view(*args, **given) if identify() else _sign_in_first()

    return cast(View, guarded)


def role_required(*roles: str) -> Callable[[View], View]:
    """Only for these roles; everybody else reads that they may not."""

    def only(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **given: Any) -> Any:
            if g.user.role not in roles:
                abort(403)
            return view(*args, **given)

        return signed_in(cast(View, guarded))

    return only


def identify() -> User | None:
    """The person of this request, looked up once."""
    if "user" not in g:
        g.user_session = _session()
        g.user = g.user_session.user if g.user_session else None
        _see(g.user_session)
    return cast(User | None, g.user)


def sign_in(user: User) -> None:
    """A new session for them in this browser, after the commit of its row by the caller."""
    if old := _session():
        user_sessions.end(old)
    token = user_sessions.begin(
        user, ip=request.remote_addr, user_agent=request.headers.get("User-Agent")
    )
    session.clear()
    session.permanent = True
    session[TOKEN] = token


def sign_out() -> None:
    if found := _session():
        user_sessions.end(found)
    session.clear()


def is_fetch() -> bool:
    """Whether a script of ours asks, which shows what it is told inside its page."""
    if "HX-Request" in request.headers or request.headers.get("Sec-Fetch-Dest") == "empty":
        return True
    accepts = request.accept_mimetypes
    return bool(accepts) and accepts.accept_json and not accepts.accept_html


def local_path(address: str | None) -> str:
    """`address` if it is a place of ours, else the inbox: nobody is sent elsewhere after login.

    Browsers read two slashes, of either kind, as the beginning of a host.
    """
    place = address or ""
    ours = place.startswith("/") and place[1:2] not in ("/", "\\") and place.isprintable()
    return place if ours else url_for("conversations.index")


def viewer() -> live.Viewer | None:
    """The person of a connecting browser, and the lines they hear of."""
    with reading():
        found = _session()
        if found is None:
            return None
        rooms = [f"line-{line.id}" for line in db.session.scalars(lines.visible_to(found.user))]
        return live.Viewer(found.user_id, found.id, rooms)


def _session() -> UserSession | None:
    token = session.get(TOKEN)
    return user_sessions.with_token(token) if token else None


def _sign_in_first() -> Any:
    if is_fetch():
        abort(401)
    asked = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("sessions.new", next=asked if asked != "/" else None), 303)


def _see(found: UserSession | None) -> None:
    """Note at most once a minute that they are here: beside the request, which may only read."""
    at = now()
    if not found or at - found.last_seen_at < user_sessions.SEEN_EVERY or found.id in _being_seen:
        return
    _being_seen.add(found.id)
    app = cast(Any, current_app)._get_current_object()
    Thread(target=_seen, args=(app, found.id, at), name="seen", daemon=True).start()


def _seen(app: Flask, id: int, at: Any) -> None:
    try:
        with app.app_context():
            user_sessions.see(id, at)
            db.session.commit()
    except SQLAlchemyError:
        pass  # the next request of theirs says it again
    finally:
        _being_seen.discard(id)
