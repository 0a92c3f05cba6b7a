"""A shared inbox for iMessage and SMS."""

from flask import Flask

from inbox.config import FILES, Settings, keep_secret_key, load


def create_app(settings: Settings | None = None) -> Flask:
    """The web application, wired. Raises BadSettings with everything that is wrong."""
    # Here, so that a tool that needs one module does not load all of them.
    from inbox import db, intake, jobs, live, log, outbox, people, vault, views, web

    settings = settings or load()
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
    )
    log.init_app(app)
    db.init_app(app)
    vault.init_app(app)
    intake.init_app(app)
    outbox.init_app(app)
    jobs.init_app(app)
    people.init_app(app)
    live.init_app(app, redis_url=settings.redis, origins=[settings.public])
    web.init_app(app)
    views.init_app(app)
    return app
