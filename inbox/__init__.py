"""A shared inbox for iMessage and SMS."""

from flask import Flask

from inbox.config import FILES, Settings, keep_secret_key, load


def create_app(settings: Settings | None = None) -> Flask:
    """The web application, wired. Raises BadSettings with everything that is wrong."""
    # Here, so that a tool that needs one module does not load all of them.
    from inbox import (
        db,
        intake,
        live,
        log,
        outbox,
        people,
        storage,
        tally,
        upkeep,
        vault,
        views,
        web,
    )

    settings = settings or load()
    app = _configured(settings)
    for module in (log, db, vault, storage, intake, tally, outbox, upkeep, people):
        module.init_app(app)
    live.init_app(app, redis_url=settings.redis, origins=[settings.public])
    web.init_app(app)
    views.init_app(app)
    return app


def _configured(settings: Settings) -> Flask:
    app = Flask(
        "inbox",
        template_folder=str(FILES / "templates"),
        static_folder=str(FILES / "static"),
    )
    app.config.from_mapping(
        SETTINGS=settings,
        SECRET_KEY=keep_secret_key(settings),
        SECRET_KEY_FALLBACKS=settings.old_secret_keys,
        SQLALCHEMY_DATABASE_URI=settings.database,
        # What a statement carries is message text: an exception must not.
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},
    )
    return app
