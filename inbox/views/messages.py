"""The bubbles of a conversation: older pages of them, new ones, and what people do to one."""

from flask import Blueprint, abort, g, render_template, request
from sqlalchemy import select

from inbox import activity, deliveries, histories, lines, messages, threads, traffic
from inbox.conversations import Conversation
from inbox.db import db
from inbox.messages import Message
from inbox.views.finding import conversation as found
from inbox.views.finding import typed_text
from inbox.web import signed_in

bp = Blueprint("messages", __name__, url_prefix="/conversations/<int:id>/messages")


@bp.get("")
@signed_in
def index(id: int) -> str:
    conversation = found(id)
    rev = activity.latest_id(conversation_id=conversation.id)
    rows, older = threads.page(conversation, request.args.get("before"))
    return render_template(
        "messages/_older.html", conversation=conversation, messages=rows, older=older, rev=rev
    )


@bp.post("")
@signed_in
def create(id: int) -> tuple[str, int]:
    conversation = found(id)
    client_id = request.form.get("client_id") or None
    replaced = _replaced(conversation)
    seen = request.form.get("seen", type=int)
    traffic.guard(conversation, g.user, seen, client_id=client_id)
    messages.compose(conversation, g.user, typed_text(), client_id=client_id)
    if replaced and replaced.troubled and not deliveries.being_checked(replaced):
        deliveries.dismiss(replaced, by=g.user)
    db.session.commit()
    return "", 204


@bp.post("/<int:message>/attempts")
@signed_in
def retry(id: int, message: int) -> tuple[str, int]:
    deliveries.retry(_ours(id, message), by=g.user)
    db.session.commit()
    return "", 204


@bp.post("/<int:message>/dismissal")
@signed_in
def dismiss(id: int, message: int) -> tuple[str, int]:
    deliveries.dismiss(_ours(id, message), by=g.user)
    db.session.commit()
    return "", 204


@bp.get("/<int:message>/history")
@signed_in
def history(id: int, message: int) -> str:
    """Every try and every report of one of our bubbles."""
    shown = _ours(id, message)
    return render_template("messages/_history.html", message=shown, entries=histories.of(shown))


def _replaced(conversation: Conversation) -> Message | None:
    """The message that the new one was made of. Its line is held before the conversation is: a lane
    holds them in this order."""
    id = request.form.get("replaces", type=int)
    if not id:
        return None
    lines.hold(conversation.line_id)
    return _find(conversation, id)


def _ours(id: int, message: int) -> Message:
    shown = _find(found(id), message)
    if shown is None:
        abort(404)
    return shown


def _find(conversation: Conversation, id: int) -> Message | None:
    query = select(Message).filter_by(id=id, conversation_id=conversation.id, direction="out")
    return db.session.scalar(query)
