"""The way in to the settings."""

from flask import Blueprint, Response, abort, g, redirect, url_for

from inbox.views.settings_pages import pages_for
from inbox.web import role_required

bp = Blueprint("settings", __name__, url_prefix="/settings")


@bp.get("")
@role_required("manager", "admin")
def index() -> Response:
    """The first page that this person may see."""
    pages = pages_for(g.user)
    if not pages:
        abort(404)
    return redirect(url_for(pages[0].endpoint), 303)  # type: ignore[return-value]
