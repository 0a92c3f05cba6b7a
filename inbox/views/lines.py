"""Our lines: letting one that has stopped try again."""

from flask import Blueprint, g

from inbox import deliveries, lines
from inbox.db import db
from inbox.lines import Line
from inbox.web import role_required

bp = Blueprint("lines", __name__, url_prefix="/lines/<int:id>")


@bp.post("/resumption")
@role_required("admin")
def resume(id: int) -> tuple[str, int]:
    """What stopped it is mended: its queue goes out, or it stops again at the first refusal."""
    line: Line = db.one_or_404(lines.visible_to(g.user).where(Line.id == id))
    lines.resume(lines.hold(line.id), by=g.user)
    deliveries.hurry(line)
    db.session.commit()
    return "", 204
