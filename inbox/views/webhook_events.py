"""The webhook log: what the provider told us, what became of it, and trying it again."""

from typing import Any

from flask import Blueprint, g, render_template, request
from sqlalchemy import select

from inbox import masking, refusals, replaying, tally, webhook_events, webhook_figures
from inbox import webhook_replays as replays
from inbox.db import db
from inbox.errors import Refused
from inbox.lines import Line
from inbox.views.place import settings_place
from inbox.web import role_required
from inbox.webhook_events import WebhookEvent

bp = Blueprint("webhook_events", __name__, url_prefix="/settings/webhooks")

REFUSED = "refused"
RECENT = 3
SAID = {
    "applied": "It was applied just now.",
    "ignored": "It was read just now. There is nothing to do for it.",
    "waiting": "It was read just now. It waits for the message that it speaks of.",
}
AGAIN = "It could not be applied this time either. What failed stands below."


@bp.get("")
@role_required("admin")
def index() -> str:
    tally.of_app().flush_aside()
    db.session.rollback()  # so that what was just counted is seen
    here = settings_place()
    chosen = _chosen(here["lines"])
    found = _refused(chosen) if chosen["state"] == REFUSED else _page(chosen)
    return render_template(
        "webhook_events/index.html",
        chosen=chosen,
        figures=webhook_figures.of(here["lines"]),
        names=webhook_events.names(),
        **found,
        **_causes(),
        **here,
    )


@bp.get("/<int:id>")
@role_required("admin")
def show(id: int) -> str:
    return render_template("webhook_events/show.html", **_event(id), **settings_place())


@bp.post("/<int:id>/replay")
@role_required("admin")
def replay(id: int) -> str:
    """Apply it now; the answer says what happened."""
    try:
        done = replaying.replay(_found(id).id)
        said = AGAIN if done.state in webhook_events.UNDONE else SAID[done.state]
    except Refused as refusal:
        db.session.rollback()
        said = str(refusal)
    return render_template("webhook_events/_event.html", said=said, **_event(id))


@bp.post("/<int:id>/dismissal")
@role_required("admin")
def dismiss(id: int) -> str:
    said = "It was set aside."
    try:
        webhook_events.dismiss(_found(id))
        db.session.commit()
    except Refused as refusal:
        db.session.rollback()
        said = str(refusal)
    return render_template("webhook_events/_event.html", said=said, **_event(id))


@bp.get("/replays")
@role_required("admin")
def causes() -> str:
    return render_template("webhook_events/_causes.html", **_causes())


@bp.post("/replays")
@role_required("admin")
def replay_all() -> str:
    """All that failed like this are tried again in the background."""
    said = None
    try:
        replays.ask(*_cause(), by=g.user)
        db.session.commit()
    except Refused as refusal:
        db.session.rollback()
        said = str(refusal)
    return render_template("webhook_events/_causes.html", said=said, **_causes())


@bp.post("/dismissals")
@role_required("admin")
def dismiss_all() -> str:
    try:
        count = replays.dismiss(*_cause())
        db.session.commit()
        said = "1 event was set aside." if count == 1 else f"{count:,} events were set aside."
    except Refused as refusal:
        db.session.rollback()
        said = str(refusal)
    return render_template("webhook_events/_causes.html", said=said, **_causes())


def _cause() -> tuple[str, str]:
    return request.form.get("name", ""), request.form.get("error", "")


def _chosen(lines: list[Line]) -> dict[str, Any]:
    """The filters in the address; what is not one of ours counts as none."""
    asked = request.args
    state, period = asked.get("state"), asked.get("period")
    return {
        "state": state if state in (*webhook_events.STATES, REFUSED) else None,
        "period": period if period in webhook_figures.PERIODS else None,
        "name": asked.get("name") or None,
        "line": next((one for one in lines if one.id == asked.get("line", type=int)), None),
    }


def _page(chosen: dict[str, Any]) -> dict[str, Any]:
    rows, more = webhook_events.page(
        state=chosen["state"],
        line_id=chosen["line"].id if chosen["line"] else None,
        name=chosen["name"],
        since=webhook_figures.since(chosen["period"]),
        before=request.args.get("before", type=int),
    )
    return {"rows": rows, "more": more}


def _refused(chosen: dict[str, Any]) -> dict[str, Any]:
    begin = webhook_figures.since(chosen["period"] or "month")
    key = chosen["line"].key if chosen["line"] else None
    return {"reasons": refusals.reasons(begin, key) if begin else []}


def _causes() -> dict[str, Any]:
    recent = [(one, replays.progress(one)) for one in replays.latest(RECENT)]
    return {"causes": replays.causes(), "replays": recent}


def _event(id: int) -> dict[str, Any]:
    event = _found(id)
    return {
        "event": event,
        "event_line": db.session.get_one(Line, event.line_id),
        "body": masking.masked(event.body),
        "headers": masking.masked(event.headers),
        "alike": _alike(event),
    }


def _alike(event: WebhookEvent) -> replays.Cause | None:
    """The dead events that failed as this one did, if there are others."""
    found = (one for one in replays.causes() if (one.name, one.error) == (event.name, event.error))
    cause = next(found, None) if event.state == "dead" else None
    return cause if cause and cause.events > 1 else None


def _found(id: int) -> WebhookEvent:
    found: WebhookEvent = db.one_or_404(select(WebhookEvent).filter_by(id=id))
    return found
