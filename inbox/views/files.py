"""Files of messages, to those who may see the message."""

from collections.abc import Iterator

import structlog
from flask import Blueprint, Response, abort, g, request
from werkzeug.http import unquote_etag

from inbox import attachments, files, messages, storage
from inbox.attachments import Attachment
from inbox.db import db
from inbox.files import Shape
from inbox.messages import Message
from inbox.storage import StorageError
from inbox.web import signed_in

log = structlog.get_logger(__name__)

# Whatever it is, it is no page of ours: no script, no form, no address of this site.
POLICY = "default-src 'none'; sandbox"

bp = Blueprint("files", __name__, url_prefix="/files/<int:id>")


@bp.get("/<kind>")
@signed_in
def show(id: int, kind: str) -> Response:
    shape = files.shape(_found(id), kind)
    if shape is None:
        abort(404)
    try:
        size = storage.size(shape.stored)
        if size is None:
            log.error("files.missing", attachment=id, kind=kind)
            abort(404)
        return _answer(shape, size)
    except StorageError as error:
        log.error("files.unreadable", attachment=id, error=str(error))
        abort(503)


@bp.post("/fetches")
@signed_in
def fetch(id: int) -> tuple[str, int]:
    """Ask once more for one that failed."""
    attachment = _found(id)
    attachments.retry(attachment)
    messages.record(
        "message.file_asked", db.session.get_one(Message, attachment.message_id), by=g.user
    )
    db.session.commit()
    return "", 204


def _found(id: int) -> Attachment:
    found: Attachment = db.one_or_404(files.visible_to(g.user).where(Attachment.id == id))
    return found


def _answer(shape: Shape, size: int) -> Response:
    """The whole, one range of it, or the word that the browser has it."""
    # What has a name in storage never changes, so the name is the tag.
    tag = shape.stored.rpartition("/")[2]
    response = Response(status=200, content_type=shape.content_type)
    response.headers["Content-Disposition"] = shape.disposition
    response.headers["Content-Security-Policy"] = POLICY
    # Kept by the browser, but asked for each time: a right that was taken away is gone.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Accept-Ranges"] = "bytes"
    response.set_etag(tag)
    if tag in request.if_none_match:
        response.status_code = 304
        return response
    start, end = 0, size
    if "Range" in request.headers and _still(tag):
        asked = request.range
        one = asked is not None and asked.units == "bytes" and len(asked.ranges) == 1
        found = asked.range_for_length(size) if asked and one else None
        if one and found is None:
            return _beyond(size)
        if found:
            start, end = found
            response.status_code = 206
            response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response.headers["Content-Length"] = str(end - start)
    if request.method != "HEAD":
        response.response = _body(shape.stored, start, end, size)
    return response


def _still(tag: str) -> bool:
    """Whether the browser's half is of the same file, when it asks so."""
    known = request.headers.get("If-Range")
    return known is None or unquote_etag(known) == (tag, False)


def _beyond(size: int) -> Response:
    headers = {"Content-Range": f"bytes */{size}", "Cache-Control": "no-store"}
    return Response(status=416, headers=headers)


def _body(stored: str, start: int, end: int, size: int) -> Iterator[bytes]:
    return storage.read(stored) if end - start == size else storage.read(stored, start, end)
