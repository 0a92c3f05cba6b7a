"""The road to Blooio: one key, paths, answers as JSON objects, lists page by page."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import requests
from requests.auth import AuthBase

from inbox.errors import ProviderError
from inbox.providers import wire
from inbox.providers.blooio_errors import failure
from inbox.providers.transport import Reply, exchange

PAGE = 200

Json = Mapping[str, Any]
Row = TypeVar("Row")


def path(template: str, *values: str) -> str:
    """The template with each {} filled by a percent-encoded value, `+` included.

    Raises ValueError for an empty value, and for dots: they would climb to another address.
    """
    for value in values:
        if value.strip() in ("", ".", ".."):
            raise ValueError(f"An id is missing in {template}.")
    return template.format(*(quote(value, safe="") for value in values))


def readable(reply: Reply) -> Json:
    """The answer's JSON object; ProviderError `unknown` when it is none."""
    answer = wire.an_object(reply.body) if reply.whole else None
    if answer is None:
        raise unreadable(reply)
    return answer


def unreadable(reply: Reply) -> ProviderError:
    return ProviderError("unknown", "The provider's answer makes no sense.", status=reply.status)


@dataclass(frozen=True)
class List(Generic[Row]):
    """Where a list is: its path, the name of its rows, how to read one and what tells it from
    others; `may_lack` when Blooio's 404 means an empty one."""

    where: str
    name: str
    read: Callable[[Json], Row | None]
    key: Callable[[Row], object]
    may_lack: bool = False


class Road:
    """Requests with one key; a request goes out exactly once."""

    def __init__(
        self, base_url: str, key: str, session: requests.Session, timeout: tuple[float, float]
    ) -> None:
        self.base_url = base_url.strip().rstrip("/")
        self.auth = Bearer(key)
        self._session = session
        self._timeout = timeout

    def ask(
        self,
        method: str,
        where: str,
        query: Json | None = None,
        *,
        read_timeout: float | None = None,
    ) -> Json:
        reply = self._exchange(method, where, query=query, read_timeout=read_timeout)
        return readable(self._good(reply))

    def tell(self, method: str, where: str, body: Any = None) -> None:
        """A call whose answer says nothing that we need: it may be empty."""
        reply = self.request(method, where, body=body)
        if reply.body or not reply.whole:
            readable(reply)

    def find(self, where: str, query: Json | None = None) -> Json | None:
        """The answer, or None when it is Blooio itself that has no such thing: the 404 of a proxy
        or of a wrong base address must not pass for an empty list."""
        reply = self._exchange("GET", where, query=query)
        if reply.status == 404 and "error" in (wire.an_object(reply.body) or {}):
            return None
        return readable(self._good(reply))

    def pages(self, of: List[Row], query: Mapping[str, str | int | None]) -> Iterator[Row]:
        """The rows of a list, each once although what arrives meanwhile moves the pages."""
        given = {name: value for name, value in query.items() if value is not None}
        seen: set[object] = set()
        offset = 0
        while True:
            here = {**given, "limit": PAGE, "offset": offset}
            answer = self.find(of.where, here) if of.may_lack else self.ask("GET", of.where, here)
            if answer is None:
                return
            page = rows(answer, of.name)
            read = [row for row in map(of.read, page) if row is not None]
            fresh = {of.key(row): row for row in read if of.key(row) not in seen}
            yield from fresh.values()
            seen.update(fresh)
            offset += len(page)
            total = wire.whole(wire.mapping(answer.get("pagination")).get("total"))
            # without a total: until a page is short or brings nothing new
            more = offset < total if total is not None else len(page) >= PAGE and bool(fresh)
            if not page or not more:
                return

    def request(
        self,
        method: str,
        where: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """The answer of a request that was taken (2xx); ProviderError for any other."""
        return self._good(self._exchange(method, where, body=body, headers=headers))

    def _good(self, reply: Reply) -> Reply:
        if not 200 <= reply.status < 300:
            raise failure(reply, self.auth.key)
        return reply

    def _exchange(
        self,
        method: str,
        where: str,
        *,
        body: Any = None,
        query: Json | None = None,
        headers: Mapping[str, str] | None = None,
        read_timeout: float | None = None,
    ) -> Reply:
        if not self.auth.usable:
            raise ProviderError("unauthorized", "The key has characters that no key has.")
        return exchange(
            self._session,
            method,
            self.base_url + where,
            auth=self.auth,
            headers=headers,
            query=query,
            json=body,
            timeout=(self._timeout[0], read_timeout or self._timeout[1]),
        )


class Bearer(AuthBase):
    """Puts the key on a request; as `auth` it also wins over a password in the base address."""

    def __init__(self, key: str) -> None:
        self.key = key.strip()
        # requests quotes a header that it cannot send in its exception
        self.usable = (
            self.key.isascii() and self.key.isprintable() and self.key.split() == [self.key]
        )

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.key}"
        return request

    def __repr__(self) -> str:
        return "<Bearer>"


def rows(answer: Json, name: str) -> list[Json]:
    """The rows of an answer; ProviderError `unknown` when it has no such list."""
    found = answer.get(name)
    if not isinstance(found, list):
        raise ProviderError("unknown", f"The provider's answer has no {name}.", status=200)
    return [wire.mapping(row) for row in found]
