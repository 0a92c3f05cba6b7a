"""What is left of a verification, as text that any worker can go on from."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True)
class Chat:
    """A chat to compare, from `since` on. `id` is the provider's name of it."""

    id: str
    group: bool
    name: str | None
    since: datetime


@dataclass
class Plan:
    """`left` are chats to compare, then the `log` is read, then those that lacked something are
    compared `again`, each with the keys of what it lacked. `refused` were not listed to us."""

    left: list[Chat]
    log: bool
    again: list[tuple[Chat, list[str]]] = field(default_factory=list)
    refused: int = 0

    @property
    def finished(self) -> bool:
        return not (self.left or self.log or self.again)

    def text(self) -> str:
        return json.dumps(asdict(self), default=datetime.isoformat)

    @classmethod
    def read(cls, text: str) -> Self:
        given = json.loads(text)
        return cls(
            left=[_chat(one) for one in given["left"]],
            log=given["log"],
            again=[(_chat(one), keys) for one, keys in given["again"]],
            refused=given["refused"],
        )


def _chat(given: dict[str, Any]) -> Chat:
    return Chat(**given | {"since": datetime.fromisoformat(given["since"])})
