"""Trouble on demand: the next matching requests are answered badly, late, or not at all."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from flask import Flask, Response, current_app, g, request

from inbox.sandbox import cables
from inbox.sandbox.errors import invalid


@dataclass
class Fault:
    """What happens to `times` requests of `method` whose path contains `path`.

    After `delay` seconds the answer is `status` with `body` (an object as JSON, a text as HTML),
    or the connection is dropped. With `after` the request does its work first, so that what was
    asked for has happened and only the answer is lost."""

    method: str = "POST"
    path: str = "/messages"
    times: int = 1
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drop: bool = False
    after: bool = False


class Faults:
    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._waiting: list[Fault] = []

    def set(self, faults: list[Any]) -> None:
        """Replace all; each is an object of Fault's fields."""
        known = {each.name for each in fields(Fault)}
        for fault in faults:
            if not isinstance(fault, dict) or not fault.keys() <= known:
                raise invalid(f"A fault has {', '.join(sorted(known))}.")
        with self._turn:
            self._waiting = [Fault(**fault) for fault in faults]

    def left(self) -> int:
        return sum(fault.times for fault in self._waiting)

    def take(self, method: str, path: str) -> Fault | None:
        with self._turn:
            for fault in self._waiting:
                if fault.times > 0 and fault.method == method and fault.path in path:
                    fault.times -= 1
                    return fault
        return None


def register(app: Flask) -> None:
    app.extensions["sandbox_faults"] = Faults()
    app.before_request(_before)
    app.after_request(_after)


def _before() -> Response | None:
    g.fault = None
    if not request.path.startswith("/v2/"):
        return None
    faults: Faults = current_app.extensions["sandbox_faults"]
    fault = g.fault = faults.take(request.method, request.path)
    if fault is None:
        return None
    time.sleep(fault.delay)
    return None if fault.after else _trouble(fault)


def _after(response: Response) -> Response:
    fault = g.get("fault")
    return (_trouble(fault) if fault and fault.after else None) or response


def _trouble(fault: Fault) -> Response | None:
    if fault.drop:
        return cables.drop()
    if fault.status is None:
        return None
    if isinstance(fault.body, str):
        return Response(fault.body, fault.status, fault.headers, mimetype="text/html")
    body = fault.body or {"error": "ApiError", "message": "On demand.", "status": fault.status}
    response = Response(current_app.json.dumps(body), fault.status, mimetype="application/json")
    response.headers.update(fault.headers)
    return response
