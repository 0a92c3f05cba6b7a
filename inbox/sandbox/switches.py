"""The switches of the weather: what each one does, where it strikes, and how it is written.

``NAME[/FORM][@all][=RATE][:COUNT]``: ``500=0.1`` is one send in ten, ``429/date:2`` the next two,
``503@all=0.05`` one in twenty of all requests, ``hang/30:1`` one that hangs for 30 seconds.
"""

import re
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, Self

Place = Literal["request", "acceptance", "event", "delivery"]
TEXT = re.compile(r"([^/@=:]+)(?:/([^@=:]+))?(@all)?(?:=([^:]+))?(?::(.+))?")
LONGEST = 86_400.0


@dataclass(frozen=True)
class Kind:
    """`stored`: what was asked for happens all the same. `forms` are its variants, of which one is
    drawn when none is named; with `seconds` (the default) the form is a number of seconds.
    Only of some it makes sense to strike requests that are no sends: `anywhere`."""

    about: str
    strikes: Place = "request"
    stored: bool = False
    forms: tuple[str, ...] = ()
    seconds: float | None = None
    anywhere: bool = False


QUOTAS = ("new_conversation_limit_reached", "outbound_limit_reached")
CONVERSATIONS = (
    "conversation_awaiting_reply",
    "conversation_streak_limit",
    "conversation_inactive_paused",
)
REFUSALS = ("attachment_first_message_not_allowed", "invalid_content", "reply_target_expired")
KINDS = {
    "hang": Kind(
        "No answer for a while, then the connection is closed.", seconds=60, anywhere=True
    ),
    "hang_after": Kind(
        "Done at once, but the answer takes a while.", stored=True, seconds=60, anywhere=True
    ),
    "reset": Kind("The connection is reset before anything is done.", anywhere=True),
    "reset_after": Kind("Done, then the connection is reset.", stored=True, anywhere=True),
    "drop": Kind("Done, then the connection closes without an answer.", stored=True, anywhere=True),
    "500": Kind("An error, nothing done.", anywhere=True),
    "500_after": Kind("Done, but the answer is an error.", stored=True, anywhere=True),
    "502": Kind("The HTML page of a proxy, nothing done.", anywhere=True),
    "502_after": Kind("Done, but the answer is a proxy's page.", stored=True, anywhere=True),
    "503": Kind("No active device, nothing done.", anywhere=True),
    "504": Kind("A proxy that gave up waiting, nothing done.", anywhere=True),
    "429": Kind(
        "Too many requests, with Retry-After in one of its spellings.",
        forms=("seconds", "date", "junk", "none", "enormous"),
        anywhere=True,
    ),
    "429_quota": Kind("The limit for writing to new people is reached.", forms=QUOTAS),
    "429_conversation": Kind("This person has to answer first.", forms=CONVERSATIONS),
    "401": Kind("The API key is not accepted.", anywhere=True),
    "refused": Kind("A 400 with a code: this message will never go.", forms=REFUSALS),
    "failed": Kind("Taken with 202, and failed in the same breath.", "acceptance", stored=True),
    "broken": Kind(
        "Done, but the answer is cut off or no JSON.",
        stored=True,
        forms=("cut", "short", "words", "empty"),
        anywhere=True,
    ),
    "302": Kind("A redirect to a sign-in page, nothing done.", anywhere=True),
    "duplicated": Kind("The event is sent twice.", "event", stored=True),
    "shuffled": Kind(
        "The event is held back, so that later ones overtake it.", "event", stored=True
    ),
    "delayed": Kind("The event comes late.", "event", stored=True, seconds=20),
    "lost": Kind("The event is never sent; only the lists know.", "event", stored=True),
    "stale": Kind("Signed with a time that is long past.", "delivery", stored=True, seconds=900),
    "badly_signed": Kind("Signed with another secret.", "delivery", stored=True),
}


@dataclass(frozen=True)
class Switch:
    """Strikes with the probability `rate`, at most `count` times. Raises ValueError, in a sentence,
    for what cannot be."""

    name: str
    rate: float = 1.0
    count: int | None = None
    form: str | None = None
    everywhere: bool = False

    def __post_init__(self) -> None:
        if self.name not in KINDS:
            raise ValueError(f"There is no switch “{self.name}”. There are {', '.join(KINDS)}.")
        if isinstance(self.rate, bool) or not isinstance(self.rate, int | float):
            raise ValueError(f"The rate of {self.name} must be a number from 0 to 1.")
        if not 0 <= self.rate <= 1:
            raise ValueError(f"The rate of {self.name} must be from 0 to 1.")
        whole = isinstance(self.count, int) and not isinstance(self.count, bool)
        if self.count is not None and not (whole and self.count >= 0):
            raise ValueError(f"The count of {self.name} must be a whole number.")
        if self.everywhere and not self.kind.anywhere:
            raise ValueError(f"{self.name} cannot strike all requests.")
        self._check_form()

    def _check_form(self) -> None:
        kind = self.kind
        if self.form is None:
            return
        if kind.seconds is not None:
            if not 0 <= _number(self.form, -1) <= LONGEST:
                raise ValueError(f"{self.name} takes a number of seconds, not “{self.form}”.")
        elif not kind.forms:
            raise ValueError(f"{self.name} has no forms.")
        elif self.form not in kind.forms:
            raise ValueError(f"The forms of {self.name} are {', '.join(kind.forms)}.")

    @property
    def kind(self) -> Kind:
        return KINDS[self.name]

    @classmethod
    def read(cls, given: Any) -> Self:
        """From the text above, or an object of these fields. Raises ValueError."""
        if isinstance(given, cls):
            return given
        if isinstance(given, str):
            return cls._parse(given)
        names = cls.__dataclass_fields__.keys()
        if not isinstance(given, dict) or not given.keys() <= names or "name" not in given:
            raise ValueError(f"A switch has {', '.join(names)}.")
        form = given.get("form")
        return cls(**{**given, "form": None if form is None else str(form)})

    @classmethod
    def _parse(cls, text: str) -> Self:
        found = TEXT.fullmatch(text)
        if found is None:
            raise ValueError(f"A switch is written NAME, NAME=RATE or NAME:COUNT, not “{text}”.")
        name, form, everywhere, rate, count = found.groups()
        return cls(
            name,
            rate=1.0 if rate is None else _number(rate, -1),
            count=None if count is None else int(_number(count, -1)),
            form=form,
            everywhere=everywhere is not None,
        )


def _number(text: str, otherwise: float) -> float:
    try:
        found = float(text)
    except ValueError:
        return otherwise
    return found if isfinite(found) else otherwise
