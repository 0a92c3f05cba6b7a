"""`inbox user`: add people, list them, disable them, change what they may."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from inbox import config, create_app, jobs, lines, people, setup_links, user_sessions, users
from inbox.db import db
from inbox.errors import Refused
from inbox.users import User


@click.group()
def user() -> None:
    """Look after the people who answer."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True, help="Their name, as others see it.")
@click.option("--role", type=click.Choice(users.ROLES), required=True)
@click.option("--password-stdin", is_flag=True, help="Read their password from standard input.")
def add(email: str, name: str, role: str, password_stdin: bool) -> None:
    """Add a person. Without a password, print a link with which they choose one."""
    with tapback():
        if password_stdin:
            _add(email, name, role, sys.stdin.readline().rstrip("\r\n"))
        else:
            _invite(email, name, role)


@user.command("list")
def list_users() -> None:
    """Show everybody."""
    with tapback():
        for one in db.session.scalars(select(User).order_by(User.email)):
            state = "active" if one.active else "disabled"
            click.echo(f"{one.email}\t{one.name}\t{one.role}\t{state}")


@user.command("disable")
@click.argument("email")
def disable(email: str) -> None:
    """Sign a person out everywhere, for good."""
    with tapback():
        found = _found(email)
        users.disable(found)
        _sign_out_everywhere(found)
        db.session.commit()
        click.echo(f"{found.email} cannot sign in any more.")


@user.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice(users.ROLES))
def change_role(email: str, role: str) -> None:
    """Change what a person may. They sign in again with their new rights."""
    with tapback():
        found = _found(email)
        users.change_role(found, role)
        _sign_out_everywhere(found)
        db.session.commit()
        click.echo(f"{found.email} is {role} now.")


@contextmanager
def tapback() -> Iterator[None]:
    """The application around a command; its refusals are sentences and exit 1."""
    app = create_app()
    with app.app_context():
        try:
            yield
        except Refused as refusal:
            raise click.ClickException(str(refusal)) from None
        except (OperationalError, ProgrammingError) as error:
            reason = type(error.orig).__name__
            raise click.ClickException(
                f"The database cannot be used ({reason}). Run inbox migrate first."
            ) from None
        finally:
            db.session.remove()
            db.engine.dispose()
            app.extensions["huey"].storage.close()


def _add(email: str, name: str, role: str, password: str) -> None:
    hashed = people.hash_password(users.read_password(password, email=users.read_email(email)))
    made = users.add(email, name=name, role=role, password=hashed)
    lines.welcome(made)
    db.session.commit()
    click.echo(f"{made.email} can sign in now.")


def _invite(email: str, name: str, role: str) -> None:
    token = setup_links.invite(email, name=name, role=role)
    db.session.commit()
    click.echo("This link works once, within 72 hours:")
    click.echo(setup_links.url(config.load().public, token))


def _sign_out_everywhere(user: User) -> None:
    """Also of the pages that another process keeps open: it cuts them off in its next sweep."""
    user_sessions.end_all(user)
    jobs.ask_after_commit("sweep")


def _found(email: str) -> User:
    found = users.with_email(email)
    if found is None:
        raise Refused(f"There is nobody with the address {email}.")
    return found
