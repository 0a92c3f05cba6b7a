"""A browser of somebody who reads the form before it sends it."""

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}
FETCH = {"Accept": "*/*", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}


class Visitor:
    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=NAVIGATION | headers)

    def submit(self, path: str, form: str | None = None, **fields: str) -> TestResponse:
        """Send the form that stands at `form`, which is `path` when nothing else is said."""
        data: dict[str, Any] = fields | {"csrf_token": self.token(form or path)}
        return self.client.post(path, data=data, headers=NAVIGATION)

    def token(self, path: str) -> str:
        found = re.search(
            r'name="csrf[-_]token"\s+(?:value|content)="([^"]+)"', self.get(path).text
        )
        assert found, f"no form at {path}"
        return found[1]

    def sign_in(self, email: str, password: str) -> TestResponse:
        return self.submit("/login", email=email, password=password)
