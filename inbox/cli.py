"""The `inbox` command. Exit 0 good, 1 refused or unhealthy, 2 wrong usage or settings."""

import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import click

from inbox import cli_lines, cli_replay, cli_users, config, create_app
from inbox.config import BadSettings
from inbox.errors import Refused

if TYPE_CHECKING:
    from inbox.sandbox import Options, Sandbox


class Commands(click.Group):
    """Says what is wrong in sentences, never with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BadSettings as bad:
            for problem in bad.problems:
                click.echo(problem, err=True)
            sys.exit(2)
        except Refused as refusal:
            click.echo(str(refusal), err=True)
            sys.exit(1)


@click.group(cls=Commands)
def main() -> None:
    """Tapback: a shared inbox for iMessage and SMS."""


main.add_command(cli_users.user)
main.add_command(cli_lines.line)
main.add_command(cli_replay.replay)


@main.command()
def run() -> None:
    """Start everything in one process."""
    from inbox import runtime

    runtime.run(config.load(), click.echo)


@main.command()
def web() -> None:
    """Start the web half: any number of them, on PostgreSQL and Redis."""
    from inbox import runtime

    runtime.web(config.load(), click.echo)


@main.command()
def worker() -> None:
    """Start the working half: any number of them, on PostgreSQL and Redis."""
    from inbox import runtime

    runtime.worker(config.load(), click.echo)


@main.command()
def migrate() -> None:
    """Bring the database up to date."""
    from inbox import schema

    with create_app().app_context():
        schema.upgrade()
        click.echo(f"The database is at {schema.current()}.")


@main.command()
@click.option("--port", default=5055, show_default=True, help="Where to listen on loopback.")
@click.option("--webhook", help="Where to send events, like http://127.0.0.1:5000/webhooks/blooio.")
@click.option("--secret", help="The signing secret of that webhook; made up when left out.")
@click.option("--key", default="bl_sandbox_key", show_default=True, help="The API key.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[=RATE][:COUNT]",
    help="What goes wrong: 500=0.1 now and then, reset_after:2 the next two. Repeatable.",
)
@click.option("--seed", default=0, show_default=True, help="The same seed, the same faults.")
def sandbox(
    port: int,
    webhook: str | None,
    secret: str | None,
    key: str,
    faults: tuple[str, ...],
    seed: int,
) -> None:
    """Run the pretend Blooio alone, as an HTTP server."""
    from inbox.sandbox import Options

    options = Options(key=key, demo=True, secret=secret, weather=faults, seed=seed)
    with _pretending(options, port) as box:
        click.echo(f"A pretend Blooio listens on {box.url}, with the API key {key}")
        click.echo(f"Its control page is {box.panel}")
        if webhook:
            secret = box.register(webhook, secret=secret)
            click.echo(f"Its webhooks go to {webhook}, signed with {secret}")
            box.begin()
        _wait_for_signal()


def _pretending(options: "Options", port: int) -> "Sandbox":
    from inbox.sandbox import Sandbox

    try:
        box = Sandbox(options)
    except ValueError as error:
        raise BadSettings([str(error)]) from None
    try:
        return box.start(port=port)
    except OSError as error:
        box.close()
        reason = os.strerror(error.errno or 0)
        raise BadSettings([f"Port {port} cannot be used: {reason}."]) from None


def _wait_for_signal() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
