"""A client of the sandbox that holds every request and every answer to the contract."""

from typing import Any
from urllib.parse import quote

import requests

from inbox.sandbox import Sandbox
from tests.contract.validate import check_event, check_request, check_response

CAROL, DAVE = "+15555550101", "+15555550102"


class Answer:
    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.json: Any = response.json()

    def __getitem__(self, name: str) -> Any:
        return self.json[name]

    def get(self, name: str) -> Any:
        return self.json.get(name)


class Client:
    """`odd` lets a request through that the contract does not have, to see it refused."""

    def __init__(self, sandbox: Sandbox, key: str | None = None) -> None:
        self.sandbox = sandbox
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key or sandbox.options.key}"

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        odd: bool = False,
        undeclared: bool = False,
        **query: Any,
    ) -> Answer:
        headers = {"Idempotency-Key": key} if key else {}
        if not odd:
            check_request(method, path, query=query, body=body)
        url = self.sandbox.url + path
        response = self.session.request(
            method, url, json=body, params=query, headers=headers, timeout=5
        )
        if not undeclared:
            check_response(method, path, response.status_code, response.content)
        return Answer(response)

    def send(self, chat: str, body: Any, *, key: str | None = None, odd: bool = False) -> Answer:
        return self.ask("POST", f"{chat_path(chat)}/messages", body, key=key, odd=odd)

    def text(self, chat: str, text: str = "Hello", **more: Any) -> str:
        answer = self.send(chat, {"text": text, **more})
        assert answer.status == 202, answer.json
        return str(answer["message_id"])

    def messages(self, chat: str, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", f"{chat_path(chat)}/messages", **query)[
            "messages"
        ]
        return found

    def message(self, chat: str, message_id: str) -> Answer:
        return self.ask("GET", f"{chat_path(chat)}/messages/{quote(message_id, safe='')}")

    def control(self, method: str, path: str, body: Any = None) -> Answer:
        url = self.sandbox.url.replace("/v2/api", "/sandbox") + path
        return Answer(self.session.request(method, url, json=body, timeout=5))

    def close(self) -> None:
        self.session.close()


def chat_path(chat: str) -> str:
    return f"/chats/{quote(chat, safe='')}"


def contact_path(address: str) -> str:
    return f"/contacts/{quote(address, safe='')}"


__all__ = ["CAROL", "DAVE", "Answer", "Client", "chat_path", "check_event", "contact_path"]
