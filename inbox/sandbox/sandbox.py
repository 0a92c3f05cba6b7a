"""The sandbox as one thing that can be started, spoken to and stopped."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Self

from flask import Flask

from inbox.sandbox import (
    absent,
    account,
    cables,
    chats,
    contacts,
    controls,
    errors,
    faults,
    gate,
    groups,
    logs,
    messages,
    panel,
    phones,
    presence,
    reactions,
    sending,
    speech,
    steps,
    strokes,
    tags,
    webhooks,
)
from inbox.sandbox.box import Box
from inbox.sandbox.options import Options
from inbox.sandbox.people import Gathering, Person
from inbox.sandbox.scheduler import Scheduler
from inbox.sandbox.serve import Server, serve
from inbox.sandbox.store import Store
from inbox.sandbox.switches import Switch
from inbox.sandbox.weather import Weather

BASE = "/v2/api"
NOUNS = (
    account,
    contacts,
    tags,
    groups,
    chats,
    messages,
    sending,
    reactions,
    presence,
    webhooks,
    logs,
    absent,
)
Serve = Callable[[Flask, str, int], Server]


class Sandbox:
    """A pretend Blooio. `open` starts its clockwork, `start` also serves it over HTTP."""

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        weather = Weather(self.options.weather, self.options.seed)
        store = Store(self.options.path)
        scheduler = Scheduler(
            store,
            self.options.clock,
            slow=steps.SLOW,
            workers=self.options.concurrency,
        )
        self.box = Box(self.options, store, scheduler, weather)
        self.app = _app(self.box)
        self.app.extensions["sandbox"] = self
        self.url = BASE
        self._server: Server | None = None
        self._prepare()

    def open(self) -> Self:
        """Take up what was left to do, and whatever comes."""
        self.box.scheduler.start(lambda step, what: steps.run(self.box, step, what))
        return self

    def start(self, host: str = "127.0.0.1", port: int = 0, serve: Serve = serve) -> Self:
        """Serve on `host` and `port`; `url` then is the base for a client, `panel` the page for
        people. Port 0 is the one that its file remembers, else any free one."""
        self.open()
        self._server = self._serve(serve, host, port)
        self.url = f"http://{host}:{self._server.port}{BASE}"
        self.box.files = f"{self.panel}/files"
        return self

    @property
    def panel(self) -> str:
        """The address of the control page."""
        return panel.address(self.url)

    def close(self) -> None:
        """Stop. With a file as path, everything unfinished goes on when it is started again."""
        self.box.weather.release()
        if self._server is not None:
            self._server.close()
            self._server = None
        self.box.scheduler.close()
        self.box.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def register(
        self, url: str, *, secret: str | None = None, webhook_type: str | None = None
    ) -> str:
        """Tell this URL what happens; gives the signing secret (given, from options, or new)."""
        return webhooks.register(
            self.box,
            url,
            secret=secret,
            webhook_type=webhook_type or self.options.webhook_type,
        )

    def say(
        self,
        sender: str,
        text: str | None = None,
        *,
        group: str | None = None,
        to: str | None = None,
        attachments: Sequence[str] = (),
        reply_to: str | None = None,
        at: int | None = None,
    ) -> str:
        """A person writes to us (`at` in milliseconds: then); gives the message id."""
        return speech.say(
            self.box,
            sender,
            text,
            group=group,
            to=to,
            attachments=attachments,
            reply_to=reply_to,
            at=at,
        )

    def react(self, sender: str, message_id: str, reaction: str, action: str = "add") -> None:
        """A person reacts to a message: a tapback word or an emoji, without a sign."""
        speech.react(self.box, sender, message_id, reaction, action)

    def person(self, address: str, **traits: Any) -> Person:
        """Change what somebody's phone can do (`people.TRAITS`); gives the person."""
        return phones.change(self.box, address, traits)

    def trouble(self, *faults: dict[str, Any]) -> None:
        """Spoil the next requests: each fault has fields of `faults.Fault`; none ends it."""
        self.app.extensions["sandbox_faults"].set(list(faults))

    def weather(self, *switches: str | Switch, seed: int = 0) -> None:
        """Set these switches and no others (see switches.py), like "500=0.1" or "reset_after:2";
        none ends it. What struck before stays counted. Raises ValueError in a sentence."""
        self.box.weather.change(switches, seed)

    @property
    def struck(self) -> dict[str, int]:
        """How often each switch has struck so far."""
        return dict(self.box.weather.struck)

    def begin(self) -> int:
        """The demo people who have something to ask write first, once; gives how many did."""
        openers: list[tuple[str, str | None, str | None, tuple[str, ...]]]
        openers = [(p.address, None, p.opener, p.along(p.opener)) for p in self.options.people]
        openers += [(g.members[0], g.group_id, g.opener, ()) for g in self.options.groups]
        told = 0
        for sender, group, opener, files in openers:
            known = "SELECT count(*) FROM message WHERE chat = ?"
            if opener and not self.box.store.number(known, group or sender):
                self.say(sender, opener, group=group, attachments=self.box.addresses(files))
                told += 1
        return told

    def sent(self) -> list[dict[str, Any]]:
        """Accepted sends, oldest first: chat_id, idempotency_key, body, message_ids, repeats."""
        with self.app.app_context():
            found: list[dict[str, Any]] = controls.sent()["sent"]
        return found

    def _serve(self, serve: Serve, host: str, port: int) -> Server:
        known = self.box.store.number("SELECT port FROM place")
        server = None
        if known and not port:
            with suppress(OSError):
                server = serve(self.app, host, known)
        server = server or serve(self.app, host, port)
        with self.box.store.transaction():
            self.box.store.run("DELETE FROM place")
            self.box.store.add("place", port=server.port)
        return server

    def _prepare(self) -> None:
        with self.box.store.transaction():
            for gathering in self.options.groups:
                _gather(self.box, gathering)
            if self.options.webhook:
                self.register(self.options.webhook)


def _app(box: Box) -> Flask:
    app = Flask("inbox.sandbox", static_folder=None)
    app.extensions["sandbox_box"] = box
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.before_request(gate.check)
    cables.register(app)
    faults.register(app)
    strokes.register(app)
    errors.register(app)
    for noun in NOUNS:
        app.register_blueprint(noun.bp, url_prefix=BASE)
    app.register_blueprint(controls.bp, url_prefix=panel.PATH)
    app.register_blueprint(panel.bp, url_prefix=panel.PATH)
    return app


def _gather(box: Box, gathering: Gathering) -> None:
    known = "SELECT 1 FROM chat_group WHERE group_id = ?"
    if box.options.demo and box.store.row(known, gathering.group_id) is None:
        groups.add(
            box,
            list(gathering.members),
            name=gathering.name,
            chat_guid=gathering.chat_guid,
            group_id=gathering.group_id,
        )
