"""The lines in the settings: how they are, and the proof that nothing of theirs is missing."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, g, render_template
from sqlalchemy import Select

from inbox import jobs, lines, verifications, webhook_events
from inbox.db import db
from inbox.lines import Line
from inbox.verifications import Verification
from inbox.views.place import settings_place
from inbox.web import role_required

bp = Blueprint("verifications", __name__, url_prefix="/settings/lines")

SHOWN = 5


@dataclass(frozen=True)
class Proof:
    """What is known of a line: its newest comparison that got through, the newer one that did not,
    the one under way, the last ones, and when its provider last told us anything."""

    line: Line
    good: Verification | None
    failed: Verification | None
    under_way: Verification | None
    ended: list[Verification]
    heard_at: datetime | None

    @property
    def busy(self) -> bool:
        """Whether somebody may be waiting for it."""
        return self.under_way is not None and self.under_way.kind != "all"


@bp.get("")
@role_required("manager", "admin")
def index() -> str:
    found = db.session.scalars(_visible().order_by(Line.id))
    proofs = [_proof(line) for line in found]
    return render_template(
        "verifications/index.html", proofs=proofs, words=verifications.words, **settings_place()
    )


@bp.get("/<int:id>")
@role_required("manager", "admin")
def show(id: int) -> str:
    proof = _proof(db.one_or_404(_visible().where(Line.id == id)))
    return render_template("verifications/_line.html", proof=proof, words=verifications.words)


@bp.post("/<int:id>/verifications")
@role_required("manager", "admin")
def create(id: int) -> tuple[str, int]:
    db.one_or_404(_visible().where(Line.id == id))
    lines.hold(id)
    verifications.ask(id, "asked")
    jobs.ask_after_commit("go_on_verifying", id)
    db.session.commit()
    return "", 204


def _visible() -> Select[Line]:
    return lines.visible_to(g.user)


def _proof(line: Line) -> Proof:
    newest = verifications.latest(line.id, 2 * SHOWN)
    ended = [one for one in newest if one.ended_at]
    good = verifications.last_good(line.id)
    return Proof(
        line=line,
        good=good,
        failed=ended[0] if ended and ended[0].error else None,
        under_way=next(iter(verifications.under_way(line.id)), None),
        ended=ended[:SHOWN],
        heard_at=webhook_events.last_heard(line.id),
    )
