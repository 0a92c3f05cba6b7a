"""`inbox line`: show the lines, and set how fast one may send."""

import click
from sqlalchemy import select

from inbox import lines
from inbox.cli_users import tapback
from inbox.db import db
from inbox.errors import Refused
from inbox.lines import Line


@click.group()
def line() -> None:
    """Look after the lines: our numbers at a provider."""


@line.command("list")
def list_lines() -> None:
    """Show every line."""
    with tapback():
        for one in db.session.scalars(select(Line).order_by(Line.id)):
            state = one.stopped_reason or lines.state(one)
            pace = f"{one.pace:g} a minute" if one.pace else "no limit"
            click.echo(f"{one.key}\t{one.name}\t{one.number or 'number unknown'}\t{pace}\t{state}")


@line.command("pace")
@click.argument("key")
@click.argument("per_minute")
def set_pace(key: str, per_minute: str) -> None:
    """Let a line send at most PER_MINUTE messages a minute, or "none" for no limit."""
    with tapback():
        found = lines.with_key(key)
        if found is None:
            raise Refused(f"There is no line {key}. inbox line list shows them.")
        found.pace = _read(per_minute)
        db.session.commit()
        limit = f"at most {found.pace:g} messages a minute" if found.pace else "without a limit"
        click.echo(f"{found.name} sends {limit} from now on.")


def _read(per_minute: str) -> float | None:
    if per_minute == "none":
        return None
    try:
        pace = float(per_minute)
    except ValueError:
        pace = 0
    if not 0.01 <= pace <= 10_000:
        raise Refused('The pace is a number of messages a minute, like 20, or "none".')
    return pace
