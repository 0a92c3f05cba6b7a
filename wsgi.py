"""What another WSGI server imports: the web half, without workers."""

from gevent import monkey

monkey.patch_all()

from inbox import create_app  # noqa: E402

app = create_app()
