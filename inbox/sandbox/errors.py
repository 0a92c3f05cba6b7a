"""Refusals in the provider's shape: ``{error, message, status, code}`` and what belongs to it."""

import logging
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)

Answer = tuple[dict[str, Any], int]


class Problem(Exception):
    """`more` stands beside the code, at the top level of the body."""

    def __init__(self, status: int, message: str, code: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": "ApiError", "message": message, "status": status}
        if code:
            self.body["code"] = code
        self.body.update(more)


def invalid(message: str, code: str | None = None) -> Problem:
    return Problem(400, message, code)


def missing(what: str) -> Problem:
    return Problem(404, f"{what} not found.")


def register(app: Flask) -> None:
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def _problem(problem: Problem) -> Answer:
    return problem.body, problem.status


def _http(error: HTTPException) -> Answer:
    status = error.code or 500
    return {"error": "ApiError", "message": error.name, "status": status}, status


def _bug(error: Exception) -> Answer:
    # Flask's own line would hold the path, and with it a phone number.
    log.error("The sandbox could not answer", exc_info=error)
    return {"error": "ApiError", "message": "Internal error.", "status": 500}, 500
