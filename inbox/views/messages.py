"""The bubbles of a conversation: older pages of them, and new ones."""

from flask import Blueprint, g, render_template, request

from inbox import activity, messages, threads
from inbox.db import db
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
    client_id = request.form.get("client_id") or None
    messages.compose(found(id), g.user, typed_text(), client_id=client_id)
    db.session.commit()
    return "", 204
