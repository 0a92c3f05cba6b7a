"""Blooio's published contract as two assertions: does it have this request, and this answer?

`check_request` and `check_response` raise AssertionError with a sentence. Paths are relative to the
base of the API and percent-encoded as on the wire: ``/chats/%2B15551234567/messages``. Stricter
than the document in one way: a field that it does not name fails, except in errors and events,
which may carry more.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator

SPEC: dict[str, Any] = json.loads(
    (Path(__file__).parent / "blooio-v2.openapi.json").read_text(encoding="utf-8")
)
OPEN = {"Error", "WebhookEventPayload", "Group"}  # may carry more (Group: extended by allOf)
GUIDES = {402, 409, 429, 500, 501, 502, 503, 504}  # named by the guides, body as Error
UNRESERVED = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+")


def check_request(
    method: str,
    path: str,
    *,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    body: Any = None,
) -> None:
    """Assert that the contract has this request. `body` is parsed JSON, or the raw bytes;
    `headers` are looked at only when given; `query` values may be text or numbers."""
    operation, values = _operation(method, path)
    where = f"{method.upper()} {path}"
    declared = [_resolve(p) for p in operation.get("parameters", [])]
    for parameter in (p for p in declared if p["in"] == "path"):
        _check(parameter["schema"], values[parameter["name"]], f"{where}: {parameter['name']}")
    _check_query(where, declared, query or {})
    if headers is not None:
        _check_headers(where, declared, {k.lower(): v for k, v in headers.items()})
    _check_body(where, operation.get("requestBody"), body)


def check_response(method: str, path: str, status: int, body: Any = None) -> None:
    """Assert that the contract has this answer. `body` is parsed JSON or the raw bytes."""
    operation, _ = _operation(method, path)
    where = f"{method.upper()} {path} -> {status}"
    answer = operation["responses"].get(str(status))
    if answer is None:
        assert status in GUIDES, f"{where}: not among {sorted(operation['responses'])}"
        answer = SPEC["components"]["responses"]["BadRequest"]
    content = _resolve(answer).get("content")
    value = _json(body, where)
    if content is None:
        assert value is None, f"{where}: this answer has no body"
    else:
        _check(content["application/json"]["schema"], value, where)


def check_event(payload: Any) -> None:
    """Assert that this is a flat webhook event."""
    _check({"$ref": "#/components/schemas/WebhookEventPayload"}, payload, "event")
    assert payload.get("event"), "event: without a name"


def _operation(method: str, path: str) -> tuple[dict[str, Any], dict[str, str]]:
    segments = path.split("?")[0].strip("/").split("/")
    assert path.startswith("/"), f"{path}: does not start with a slash"
    for segment in segments:
        assert UNRESERVED.fullmatch(segment), f"{path}: {segment!r} is empty or not percent-encoded"
    for template, operations in sorted(SPEC["paths"].items(), key=lambda item: "{" in item[0]):
        values = _match(template.strip("/").split("/"), segments)
        if values is not None and method.lower() in operations:
            return operations[method.lower()], values
    raise AssertionError(f"{method.upper()} {path}: the contract has no such operation")


def _match(template: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(template) != len(segments):
        return None
    values = {}
    for name, segment in zip(template, segments, strict=True):
        if name.startswith("{"):
            values[name[1:-1]] = unquote(segment)
        elif name != segment:
            return None
    return values


def _check_query(where: str, declared: list[dict[str, Any]], query: Mapping[str, Any]) -> None:
    known = {p["name"]: p for p in declared if p["in"] == "query"}
    for name, value in query.items():
        assert name in known, f"{where}: no query parameter {name!r}"
        schema = known[name]["schema"]
        if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", str(value)):
            value = int(value)
        _check(schema, value, f"{where}: ?{name}=")
    for name in (n for n, p in known.items() if p.get("required")):
        assert name in query, f"{where}: ?{name}= is missing"


def _check_headers(where: str, declared: list[dict[str, Any]], headers: dict[str, str]) -> None:
    assert re.fullmatch(r"Bearer \S+", headers.get("authorization", "")), f"{where}: no Bearer key"
    if "idempotency-key" in headers:
        takes = any(p["name"] == "Idempotency-Key" for p in declared)
        assert takes, f"{where}: takes no Idempotency-Key"
        assert headers["idempotency-key"].strip(), f"{where}: empty Idempotency-Key"


def _check_body(where: str, declared: dict[str, Any] | None, body: Any) -> None:
    if declared is None:
        assert body in (None, b"", ""), f"{where}: takes no body"
        return
    content = declared["content"]
    if "application/json" not in content:
        return
    value = _json(body, where)
    assert value is not None or not declared.get("required"), f"{where}: has no body"
    if value is not None:
        _check(content["application/json"]["schema"], value, where)


def _json(body: Any, where: str) -> Any:
    if not isinstance(body, bytes):
        return body
    try:
        return json.loads(body) if body else None
    except ValueError as error:
        raise AssertionError(f"{where}: the body is not JSON: {body[:80]!r}") from error


def _check(schema: dict[str, Any], value: Any, where: str) -> None:
    root = {"$defs": _schemas(), **_closed(schema)}
    errors = list(Draft202012Validator(root).iter_errors(value))
    complaints = [
        f"{'.'.join(map(str, e.absolute_path)) or 'body'}: {e.message[:300]}" for e in errors[:3]
    ]
    assert not errors, f"{where}: {'; '.join(complaints)}"


def _resolve(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    found = SPEC
    for name in node["$ref"].split("/")[1:]:
        found = found[name]
    return found


@cache
def _schemas() -> dict[str, Any]:
    schemas = SPEC["components"]["schemas"]
    return {name: _closed(schema, name not in OPEN) for name, schema in schemas.items()}


def _closed(node: Any, close: bool = True) -> Any:
    """The OpenAPI 3.0 schema as JSON Schema: `nullable` spelled out, objects closed."""
    if isinstance(node, list):
        return [_closed(item, close) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": node["$ref"].replace("components/schemas", "$defs")}
    schema = {k: _closed(v, close and k != "allOf") for k, v in node.items() if k[:2] != "x-"}
    if close and isinstance(node.get("properties"), dict) and node.get("type") == "object":
        schema["additionalProperties"] = False
    if schema.pop("nullable", None) is True:
        return {"anyOf": [{"type": "null"}, schema]}
    return schema
