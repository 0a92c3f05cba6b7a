"""A shared inbox for iMessage and SMS."""

from flask import Flask

from inbox import config, db, live, log, people, vault, views, web
from inbox.config import FILES, Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The web application, wired. Raises BadSettings with everything that is wrong."""
    settings = settings or config.load()
    app = Flask(
        "inbox",
        template_folder=str(FILES / "templates"),
        static_folder=str(FILES / "static"),
    )
    app.config.from_mapping(
        SETTINGS=settings,
        SECRET_KEY=config.keep_secret_key(settings),
        SECRET_KEY_FALLBACKS=settings.old_secret_keys,
        SQLALCHEMY_DATABASE_URI=settings.database,
    )
    log.init_app(app)
    db.init_app(app)
    vault.init_app(app)
    people.init_app(app)
    live.init_app(app)
    web.init_app(app)
    views.init_app(app)
    return app
