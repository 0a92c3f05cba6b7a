"""Where a person is: the queue and line of the address, and the rail around every page."""

from datetime import datetime
from typing import Any

from flask import g, request

from inbox import activity, due, lines, queues, webhook_events
from inbox.db import db, now
from inbox.lines import Line
from inbox.views.settings_pages import pages_for


def place() -> dict[str, Any]:
    """What the rail shows."""
    visible = list(db.session.scalars(lines.visible_to(g.user).order_by(Line.id)))
    return {
        "queue": queues.named(request.args.get("queue")),
        "queues": queues.QUEUES,
        "counts": queues.counts(g.user),
        "lines": visible,
        "waiting": due.waiting([line.id for line in visible if lines.state(line) != "ready"]),
        "tries": {line.id: _next_try(line) for line in visible if lines.state(line) == "down"},
        "dead": webhook_events.dead() if g.user.role == "admin" else 0,
        "settings_pages": pages_for(g.user),
        "line": next((x for x in visible if x.id == request.args.get("line", type=int)), None),
    }


def _next_try(line: Line) -> datetime | None:
    """When a line that is down tries again, which may be now; None when it has nothing to try."""
    at = now()
    found = at if due.under_way(line.id) else due.next_try(line.id, at)
    return max(found, line.rests_until or at) if found else None


def settings_place() -> dict[str, Any]:
    """The rail around a page of the settings, and the cursors from which it hears what happens."""
    here = place()
    cursors = {f"line-{line.id}": activity.latest_id(line_id=line.id) for line in here["lines"]}
    return here | {"queue": None, "line": None, "cursors": cursors}
