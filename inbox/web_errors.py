"""What went wrong, in words: a page in the shell, or a sentence for the script that asked."""

from typing import Any

import structlog
from flask import Flask, g, render_template, request
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]
from redis.exceptions import RedisError
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import HTTPException, NotFound, ServiceUnavailable

from inbox.db import db, reading
from inbox.errors import Overtaken, Refused
from inbox.signing_in import identify, is_fetch

log = structlog.get_logger(__name__)

AGAIN = 5
WORDS = {
    400: ("That did not arrive whole", "Load the page again and try once more."),
    401: ("You were signed out", "You were signed out. Sign in again to go on."),
    403: ("Not for you", "Your role does not allow this. Ask an admin."),
    404: ("Not here", "There is nothing at this address, or it is not yours to see."),
    405: ("Not that way", "This address does not do what was asked of it."),
    408: ("Too slow", "What you sent took too long to arrive. Try again."),
    409: ("Somebody was faster", "Somebody changed this meanwhile. Look again."),
    413: ("Too large", "That is larger than what can be taken here."),
    415: ("Not this kind", "Nothing of this kind can be taken here."),
    422: ("That does not work", "That does not work."),
    429: ("Too fast", "That was too often in a short time. Try again in a few minutes."),
    500: ("Something broke", "This is our mistake. Nothing you did caused it; it was noted."),
    503: ("Not right now", "The database is busy or away. Try again in a few seconds."),
}
STALE = "This page was open for too long. Load it again and try once more."


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(OperationalError, _away)
    app.register_error_handler(NoConnection, _away)
    app.register_error_handler(DataError, _nowhere)
    app.register_error_handler(OverflowError, _nowhere)
    app.register_error_handler(RedisError, _away)
    app.log_exception = _log  # type: ignore[method-assign]


def answer(status: int, sentence: str | None = None) -> tuple[str, int]:
    """What is under way is rolled back; then the sentence, or the page around it."""
    title, usual = WORDS.get(status, WORDS[400 if status < 500 else 500])
    _let_go(status)
    with reading():
        if is_fetch() or not (request.accept_mimetypes.accept_html or not _says_what_it_takes()):
            return render_template("_problem.html", problem=sentence or usual), status
        page = {"title": title, "sentence": sentence or usual, "request_id": g.get("request_id")}
        return render_template("errors/page.html", status=status, **page), status


def _says_what_it_takes() -> bool:
    return bool(request.accept_mimetypes)


def _let_go(status: int) -> None:
    """Free the database; after a failure of ours the page is made without it."""
    try:
        db.session.rollback()
        if status < 500:
            with reading():
                identify()
            return
    except SQLAlchemyError:
        log.error("error_page.without_database")
    g.user = g.user_session = None


def _http(error: HTTPException) -> Any:
    if error.response is not None or error.code is None or error.code < 400:
        return error
    body, status = answer(error.code, STALE if isinstance(error, CSRFError) else None)
    kept = {
        name: value
        for name, value in error.get_headers()
        if name.lower() not in ("content-type", "content-length")
    }
    return body, status, kept


def _refused(error: Refused) -> tuple[str, int]:
    return answer(409 if isinstance(error, Overtaken) else 422, str(error))


def _away(error: Exception) -> Any:
    """A busy or absent database passes; a missing table is a mistake of ours."""
    if isinstance(error, OperationalError) and "no such" in str(error.orig):
        raise error
    log.error("request.unavailable", error=type(error).__name__)
    return _http(ServiceUnavailable(retry_after=AGAIN))


def _nowhere(error: Exception) -> Any:
    """A number that no row can have."""
    return _http(NotFound())


def _log(exc_info: Any) -> None:
    log.error("request.failed", method=request.method, endpoint=request.endpoint, exc_info=exc_info)
