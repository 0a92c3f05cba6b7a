"""The line of a newcomer: the sandbox on loopback, with people who answer."""

import secrets
from collections.abc import Callable

from inbox import contacts, lines, phone
from inbox.config import Settings
from inbox.db import db
from inbox.sandbox import DEMO_PEOPLE, Options, Sandbox

KEY = "sandbox"
NUMBER = "+14155550100"


def start(settings: Settings, port: int) -> Callable[[], None]:
    """Start the sandbox, make or mend its line, let the demo people begin. Gives how to stop it."""
    line = lines.with_key(KEY)
    api_key = line.api_key if line else f"bl_sandbox_{secrets.token_hex(12)}"
    known = line.webhook_secrets if line else []
    secret = known[0] if known else f"whsec_{secrets.token_urlsafe(24)}"
    db.session.rollback()
    options = Options(
        key=api_key, path=str(settings.data_dir / "sandbox.db"), numbers=(NUMBER,), demo=True
    )
    sandbox = Sandbox(options).start()
    lines.put(
        KEY,
        name="Sandbox",
        base_url=sandbox.url,
        api_key=api_key,
        webhook_secrets=[secret],
        number=NUMBER,
        bare_signatures=False,
        sandbox=True,
    )
    _introduce()
    db.session.commit()
    sandbox.register(f"http://{_reachable(settings.host)}:{port}/webhooks/blooio", secret=secret)
    sandbox.begin()
    return sandbox.close


def _introduce() -> None:
    """The demo people have names from the start, as in any address book."""
    for person in DEMO_PEOPLE:
        contacts.with_address(phone.from_provider(person.address), name=person.name)


def _reachable(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
