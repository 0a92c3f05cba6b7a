"""The `inbox` command. The patch comes first: what is imported before it would block the hub."""

from gevent import monkey  # type: ignore[import-untyped]

monkey.patch_all()

from inbox.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
