"""The webhook log: what the provider told us, what became of it, and trying it again."""

from flask import Blueprint, render_template

from inbox.views.place import settings_place
from inbox.web import role_required

bp = Blueprint("webhook_events", __name__, url_prefix="/settings/webhooks")


@bp.get("")
@role_required("admin")
def index() -> str:
    return render_template("webhook_events/index.html", **settings_place())
