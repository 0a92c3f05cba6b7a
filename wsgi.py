"""What another WSGI server imports: the web half, without workers."""

from gevent import monkey

monkey.patch_all()

from inbox import create_app, pages  # noqa: E402
from inbox.live import announcer  # noqa: E402

app = create_app()
announcer.start(app, pages.announce)
