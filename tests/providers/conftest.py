from collections.abc import Iterator

import pytest

from inbox.providers.blooio import Blooio
from tests.contract.validate import check_request
from tests.providers.server import Server

KEY = "bl_live_0123456789secret"


@pytest.fixture
def server() -> Iterator[Server]:
    """A server whose every request is afterwards held to the contract."""
    server = Server()
    yield server
    server.stop()
    for got in server.requests:
        check_request(
            got.method, got.path, query=got.query, headers=got.headers, body=got.body or None
        )
        assert got.target.startswith("/v2/api/")


@pytest.fixture
def blooio(server: Server) -> Blooio:
    return Blooio(server.url, KEY, connect_timeout=2, read_timeout=2)
