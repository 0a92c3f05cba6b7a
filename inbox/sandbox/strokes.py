"""What the weather does to a request: instead of its work, or instead of its answer."""

from datetime import UTC, datetime, timedelta

from flask import Flask, Response, current_app, g, request
from werkzeug.http import http_date

from inbox.sandbox import cables
from inbox.sandbox.box import here
from inbox.sandbox.errors import Problem
from inbox.sandbox.weather import Stroke

PATIENCE = 3
ENORMOUS = "999999999999"
PROBLEMS = {
    "500": Problem(500, "Internal server error."),
    "503": Problem(503, "No active devices available."),
    "504": Problem(504, "Gateway timeout."),
    "401": Problem(401, "Invalid or missing API key."),
}
LIMITS = {
    "new_conversation_limit_reached": {"plan_id": "plan_shared", "cap": 5, "current": 5},
    "outbound_limit_reached": {"limit": 50, "current": 50, "mode": "organization"},
}


def register(app: Flask) -> None:
    app.before_request(_before)
    app.after_request(_after)


def _before() -> Response | None:
    g.stroke = None
    if not request.path.startswith("/v2/") or g.get("fault"):
        return None
    stroke = g.stroke = here().weather.meet(send=request.endpoint == "sending.send")
    if stroke is None or stroke.kind.stored:
        return None
    request.get_data()  # closing on what was never read would be a reset
    return _instead(stroke)


def _after(response: Response) -> Response:
    stroke: Stroke | None = g.get("stroke")
    return _instead(stroke, response) if stroke and stroke.kind.stored else response


def _instead(stroke: Stroke, answer: Response | None = None) -> Response:
    match stroke.name.removesuffix("_after"):
        case "hang":
            here().weather.hold(stroke.seconds)
            return answer or cables.drop()
        case "reset":
            return cables.reset()
        case "drop":
            return cables.drop()
        case "broken" if answer is not None:
            return _broken(answer, stroke.form)
        case "502":
            return Response(cables.GATEWAY, 502, mimetype="text/html")
        case "302":
            return Response("", 302, {"Location": f"{request.host_url}login"})
        case "429":
            return _too_many(stroke.form)
        case "429_quota":
            problem = Problem(429, "Limit reached.", stroke.form, **LIMITS[stroke.form])
        case "429_conversation":
            problem = Problem(429, "This conversation is protected.", stroke.form)
        case "refused":
            problem = Problem(400, "Invalid request parameters.", stroke.form)
        case name:
            problem = PROBLEMS[name]
    return _said(problem)


def _said(problem: Problem) -> Response:
    return current_app.make_response((problem.body, problem.status))


def _too_many(form: str) -> Response:
    response = _said(Problem(429, "Too many requests."))
    then = datetime.now(UTC) + timedelta(seconds=PATIENCE)
    spelled = {
        "seconds": str(PATIENCE),
        "date": http_date(then),
        "junk": "soon, please",
        "enormous": ENORMOUS,
    }
    if form in spelled:
        response.headers["Retry-After"] = spelled[form]
    return response


def _broken(answer: Response, form: str) -> Response:
    """Cut off in the JSON, shorter than announced, words instead, or nothing at all."""
    body = answer.get_data()
    half = body[: len(body) // 2]
    if form == "short":
        answer.set_data(half)
        answer.headers["Content-Length"] = str(len(body))
        return answer
    answer.set_data({"cut": half, "words": b"OK", "empty": b""}[form])
    return answer
