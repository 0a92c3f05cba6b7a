"""The same helper under the test client, where views are tested."""

from io import BytesIO

import pytest
from flask import Flask, request

from inbox.body import read_limited


@pytest.fixture
def client():
    app = Flask("body")

    @app.post("/")
    def read() -> tuple[bytes, int]:
        body = read_limited(request, 10)
        return (b"", 413) if body is None else (body, 200)

    return app.test_client()


@pytest.mark.parametrize(("size", "status"), [(0, 200), (10, 200), (11, 413), (5000, 413)])
def test_the_limit_is_the_last_size_that_is_read(client, size, status):
    answer = client.post("/", data=b"x" * size)

    assert answer.status_code == status
    assert len(answer.data) == (size if status == 200 else 0)


@pytest.mark.parametrize(("size", "status"), [(10, 200), (11, 413)])
def test_without_a_declared_length_it_is_counted(client, size, status):
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}

    answer = client.post("/", input_stream=BytesIO(b"x" * size), environ_overrides=environ)

    assert answer.status_code == status


def test_a_declared_length_that_is_too_long_is_not_read_at_all(client):
    class Untouchable(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("read")

    answer = client.post(
        "/", input_stream=Untouchable(), environ_overrides={"CONTENT_LENGTH": "11"}
    )

    assert answer.status_code == 413
