"""The inbox: its list, one conversation, and what can be done with it."""

from typing import Any

from flask import Blueprint, Response, g, jsonify, render_template, request, url_for
from sqlalchemy.exc import IntegrityError

from inbox import (
    activity,
    checks,
    contacts,
    conversations,
    lines,
    messages,
    pages,
    phone,
    queues,
    threads,
    verifications,
)
from inbox.conversations import Conversation
from inbox.db import db
from inbox.errors import Refused
from inbox.lines import Line
from inbox.views.finding import conversation as found
from inbox.views.finding import typed_text
from inbox.views.place import place
from inbox.web import signed_in

bp = Blueprint("conversations", __name__)
# What an open page copies anew whenever something happened.
RAIL = (
    "queues/_rail.html",
    "queues/_places.html",
    "lines/_notices.html",
    "webhook_events/_notice.html",
)


@bp.get("/")
@signed_in
def home() -> Response:
    return Response(status=302, headers={"Location": url_for(".index")})


@bp.get("/conversations")
@signed_in
def index() -> str:
    return render_template("conversations/index.html", conversation=None, **_list())


@bp.get("/conversations/<int:id>")
@signed_in
def show(id: int) -> str:
    conversation = found(id)
    return render_template("conversations/index.html", **(_list() | _thread(conversation)))


@bp.get("/conversations/<int:id>/thread")
@signed_in
def thread(id: int) -> str:
    return render_template("conversations/_thread.html", **(place() | _thread(found(id))))


@bp.get("/conversations/rows")
@signed_in
def rows() -> str:
    return render_template("conversations/_rows.html", **_list())


@bp.get("/queues")
@signed_in
def rail() -> str:
    here = place()
    return "".join(render_template(part, **here) for part in RAIL)


@bp.get("/conversations/changes")
@signed_in
def changes() -> Response:
    """`?line-1=17&line-2=4`: the rows of these lines that changed after these cursors."""
    told = [
        pages.row_changes(line.id, after)
        for line in db.session.scalars(lines.visible_to(g.user))
        if (after := request.args.get(f"line-{line.id}", type=int)) is not None
    ]
    return jsonify(changes=told)


@bp.get("/conversations/<int:id>/changes")
@signed_in
def thread_changes(id: int) -> Response:
    return jsonify(pages.thread_changes(found(id), request.args.get("after", 0, int)))


@bp.post("/conversations/<int:id>/closure")
@signed_in
def close(id: int) -> tuple[str, int]:
    conversations.close(found(id), by=g.user)
    db.session.commit()
    return "", 204


@bp.delete("/conversations/<int:id>/closure")
@signed_in
def reopen(id: int) -> tuple[str, int]:
    conversations.reopen(found(id), by=g.user)
    db.session.commit()
    return "", 204


@bp.put("/conversations/<int:id>/seen")
@signed_in
def see(id: int) -> tuple[str, int]:
    conversations.mark_seen(found(id), by=g.user)
    db.session.commit()
    return "", 204


@bp.get("/conversations/new")
@signed_in
def new() -> str:
    return render_template("conversations/_new.html", **place())


@bp.post("/conversations")
@signed_in
def create() -> tuple[Response, int]:
    """A message to a number or an e-mail address that somebody typed."""
    try:
        conversation = _begin()
    except IntegrityError:
        # Somebody began the same conversation just now: it is there when we look again.
        db.session.rollback()
        conversation = _begin()
    return jsonify(location=url_for(".show", id=conversation.id)), 201


def _begin() -> Conversation:
    line = _line(request.form.get("line", type=int))
    if line is None:
        raise Refused("Choose the line to write from.")
    typed = request.form.get("to", "")
    person = contacts.with_address(phone.read(typed, line.region), given=typed.strip())
    conversation = conversations.with_person(line, person)
    client_id = request.form.get("client_id") or None
    messages.compose(conversation, g.user, typed_text(), client_id=client_id)
    db.session.commit()
    return conversation


def _list() -> dict[str, Any]:
    here = place()
    # The cursors come first: what happens while the rows are read is asked for again.
    cursors = {f"line-{line.id}": activity.latest_id(line_id=line.id) for line in here["lines"]}
    line = here["line"]
    rows, more = queues.page(
        here["queue"],
        g.user,
        line_id=line.id if line else None,
        before=request.args.get("before"),
    )
    rev = max(cursors.values(), default=0)
    seen = queues.seen_by(g.user, rows)
    return here | {"cursors": cursors, "rows": rows, "more": more, "seen": seen, "rev": rev}


def _thread(conversation: Conversation) -> dict[str, Any]:
    cursor = activity.latest_id(conversation_id=conversation.id)
    rows, older = threads.page(conversation)
    checks.ask_about(conversation)
    seen = queues.seen_by(g.user, [conversation])
    verified = verifications.last_good(conversation.line_id)
    return {
        "conversation": conversation,
        "verified": verified,
        "verified_words": verified and verifications.words(verified),
        "messages": rows,
        "older": older,
        "cursor": cursor,
        "rev": cursor,
        "members": conversations.members(conversation),
        "seen_count": seen.get(conversation.id, 0),
    }


def _line(id: int | None) -> Line | None:
    """The line asked for, or the only one there is."""
    visible = list(db.session.scalars(lines.visible_to(g.user)))
    if id is None:
        return visible[0] if len(visible) == 1 else None
    return next((line for line in visible if line.id == id), None)
