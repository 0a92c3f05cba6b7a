"""One HTTP exchange with a provider, and whether the request had left when it went wrong."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from inbox.errors import ProviderError

MOST = 4 * 1024 * 1024
CHUNK = 64 * 1024

# Below ERROR urllib3 logs paths, and with them the numbers of people.
logging.getLogger("urllib3").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Reply:
    """An answer. `whole` is False when the body broke off, was too long or took too long."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool


def new_session() -> requests.Session:
    """A session without the environment's proxies and passwords, cookies, redirects or retries.

    One thread at a time: each sender has its own.
    """
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("http://", _Adapter(max_retries=0))
    session.mount("https://", _Adapter(max_retries=0))
    return session


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    auth: AuthBase | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str | int] | None = None,
    json: Any = None,
    timeout: tuple[float, float] = (3.05, 15),
) -> Reply:
    """Send one request and read its answer, at most `MOST` bytes.

    Raises ProviderError: `unreachable` when nothing was written, `unknown` when something was and
    no status came back. Its text names neither the address nor what was sent.
    """
    try:
        response = session.request(
            method,
            url,
            auth=auth,
            headers=dict(headers or {}),
            params=dict(query or {}),
            json=json,
            timeout=timeout,
            allow_redirects=False,
            stream=True,
        )
    except (requests.RequestException, HTTPError, OSError, HTTPException) as error:
        failure = _failure(error)
    else:
        return _read(response, time.monotonic() + 2 * timeout[1])
    raise failure  # here, not above: the caught error carries the address of a person


def _read(response: requests.Response, deadline: float) -> Reply:
    body = bytearray()
    whole = False
    try:
        while len(body) <= MOST and time.monotonic() < deadline:
            # read1: what has arrived, so that a dripping answer cannot outlive the deadline
            chunk = response.raw.read1(CHUNK, decode_content=True)
            if not chunk:
                whole = True
                break
            body += chunk
    except (HTTPError, OSError, HTTPException):
        whole = False
    if whole:
        response.raw.release_conn()
    else:
        response.raw.close()
    return Reply(response.status_code, response.headers, bytes(body[:MOST]), whole)


def _failure(error: Exception) -> ProviderError:
    cause = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(error, requests.ConnectTimeout) or isinstance(cause, ConnectTimeoutError):
        return ProviderError("unreachable", "No connection to the provider could be made.")
    if isinstance(error, ValueError):
        return ProviderError("unreachable", "The provider's address is not one.")
    if isinstance(error, requests.Timeout):
        return ProviderError("unknown", "The provider did not answer in time.")
    return ProviderError("unknown", "The connection broke before the provider answered.")


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: even with redirects off, requests reads the body and parses the Location."""
        return None


@contextmanager
def _connecting(connection: HTTPConnection) -> Iterator[None]:
    """Whatever goes wrong in here, TLS included, goes wrong before a byte of the request leaves;
    urllib3 reports a TLS failure like one that happens while reading."""
    try:
        yield
    except ConnectTimeoutError:
        raise
    except (OSError, HTTPError) as error:
        raise NewConnectionError(connection, type(error).__name__) from error


class _Http(HTTPConnection):
    def connect(self) -> None:
        with _connecting(self):
            super().connect()


class _Https(HTTPSConnection):
    def connect(self) -> None:
        with _connecting(self):
            super().connect()


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
