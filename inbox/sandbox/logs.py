"""The log of a webhook's deliveries, and replaying one."""

import json
from typing import Any

from flask import Blueprint

from inbox.sandbox import asked, delivery, webhooks
from inbox.sandbox.box import here
from inbox.sandbox.post import Outcome
from inbox.sandbox.store import Row

bp = Blueprint("logs", __name__)

ALL = "FROM attempt a JOIN delivery d USING (event_id) WHERE a.webhook_id = ?"
CONDITIONS = {
    "status": "a.response_status = ?",
    "min_status": "a.response_status >= ?",
    "max_status": "a.response_status <= ?",
}


@bp.get("/webhooks/<webhook_id>/logs")
def index(webhook_id: str) -> dict[str, Any]:
    box, page = here(), asked.lenient_page()
    webhooks.find(box, webhook_id)
    where = ALL
    values: list[Any] = [webhook_id]
    for name, condition in CONDITIONS.items():
        if (value := asked.lenient_whole(name)) is not None:
            where, values = f"{where} AND {condition}", [*values, value]
    order = {"desc": "DESC", "asc": "ASC"}[asked.lenient_choice("sort", "desc", "asc")]
    total = box.store.number(f"SELECT count(*) {where}", *values)
    rows = box.store.rows(
        f"SELECT a.*, d.body, d.event, d.message_id, d.original_event_id {where}"
        f" ORDER BY a.id {order} LIMIT ? OFFSET ?",
        *values,
        page.limit,
        page.offset,
    )
    more = {"returned": len(rows), "has_more": page.offset + len(rows) < total}
    return {"logs": [shown(row) for row in rows], "pagination": {**page.info(total), **more}}


def shown(row: Row) -> dict[str, Any]:
    metadata = {
        "organization_id": "org_sandbox",
        "event_name": row["event"],
        "message_id": row["message_id"],
        "is_replay": row["original_event_id"] is not None,
        "duration_ms": row["duration_ms"],
    }
    if row["original_event_id"] is not None:
        metadata["original_event_id"] = row["original_event_id"]
    answer = row["response_json"]
    return {
        "event_id": row["event_id"],
        "scope": "org",
        "attempted_time": row["attempted_time"],
        "response_received_at": row["response_received_at"],
        "webhook_url": row["webhook_url"],
        "event_body": json.loads(row["body"]),
        "response_status": row["response_status"],
        "response_json": json.loads(answer) if answer else None,
        "metadata": metadata,
    }


@bp.post("/webhooks/<webhook_id>/logs/<event_id>/replay")
def replay(webhook_id: str, event_id: str) -> dict[str, Any]:
    box = here()
    webhook = webhooks.find(box, webhook_id)
    new_id, outcome = delivery.replay(box, webhook, event_id)
    return {
        "success": outcome.good,
        "replay_event_id": new_id,
        "original_event_id": event_id,
        "webhook_id": webhook_id,
        "webhook_url": webhook["webhook_url"],
        "response_status": outcome.status or 0,
        "duration_ms": outcome.duration_ms,
        "response_data": _response(outcome),
    }


def _response(outcome: Outcome) -> dict[str, Any]:
    return {
        "body": outcome.body.decode(errors="replace"),
        "contentType": outcome.headers.get("Content-Type", ""),
        "duration": outcome.duration_ms,
        "error": outcome.error,
        "errorType": outcome.error,
        "headers": dict(outcome.headers),
        "size": len(outcome.body),
    }
