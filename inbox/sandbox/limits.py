"""What the plan, the organisation and the protection of the number allow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inbox.sandbox import numbers
from inbox.sandbox.box import Box
from inbox.sandbox.chats import Chat
from inbox.sandbox.content import Content
from inbox.sandbox.errors import Problem

DAY = 86_400_000
SILENCE = 14 * DAY
PAID = {"dedicated"}


@dataclass(frozen=True)
class Said:
    """One thing in a chat: outbound, inbound or reaction, at a time in milliseconds."""

    what: str
    at: int


def check(box: Box, chat: Chat, number: str, content: Content) -> None:
    """Raises what the provider answers when the send is not allowed."""
    said = _said(box, chat.id)
    if content.share_contact:
        check_card(box)
    _check_trial(box)
    _check_inbound_only(box, chat, number, said)
    if not any(one.what in ("outbound", "inbound") for one in said):
        _check_first_words(content)
        _check_new_conversation(box)
        _check_organization(box, number)
    if box.options.safety:
        _check_safety(said, content, box.now())


def check_card(box: Box) -> None:
    if box.options.plan not in PAID:
        raise Problem(403, "Sharing a contact card needs a dedicated plan.")


def started_today(box: Box) -> int:
    """How many people we were the first to write to, within the day."""
    since = box.now() - DAY
    if box.options.new_conversation_day == "calendar":
        since = box.now() - box.now() % DAY - 1
    return box.store.number(
        "SELECT count(*) FROM message WHERE direction = 'outbound' AND time_sent > ?"
        " AND seq IN (SELECT min(seq) FROM message GROUP BY chat)",
        since,
    )


def safety(said: Sequence[Said], *, plain: bool, now: int) -> str | None:
    """The code of the conversation rule that this message would break."""
    answers = [one for one in said if one.what != "outbound"]
    replies = [one for one in said if one.what == "inbound"]
    last = max((one.at for one in answers), default=0)
    streak = sum(one.what == "outbound" and one.at > last for one in said)
    latest = max((one.at for one in said), default=now)
    if answers and now - last > SILENCE:
        revived = any(one.what == "outbound" and one.at > last + SILENCE for one in said)
        if revived:
            return "conversation_inactive_paused"
        return None if plain else "conversation_content_restricted"
    if not replies:
        if streak >= 3 or now - latest > SILENCE:
            return "conversation_awaiting_reply"
        return None if plain else "conversation_content_restricted"
    return "conversation_streak_limit" if streak >= _trust(replies, now) else None


def _trust(replies: Sequence[Said], now: int) -> int:
    """How many messages in a row: 4 once they answered, 6 established, 8 trusted."""
    days = len({one.at // DAY for one in replies})
    if len(replies) >= 10 and days >= 3 and now - replies[0].at >= 7 * DAY:
        return 8
    return 6 if len(replies) >= 3 and days >= 2 else 4


def _said(box: Box, chat: str) -> list[Said]:
    rows = box.store.rows(
        "SELECT direction, time_sent FROM message WHERE chat = ? UNION ALL"
        " SELECT 'reaction', r.time_sent FROM reaction r JOIN message m USING (message_id)"
        " WHERE m.chat = ? AND r.sender != '' ORDER BY 2",
        chat,
        chat,
    )
    return [Said(row[0], row[1]) for row in rows]


def _check_trial(box: Box) -> None:
    sent = "SELECT count(*) FROM message WHERE direction = 'outbound'"
    if box.options.plan == "trial" and box.store.number(sent) >= box.options.trial_messages:
        raise Problem(402, "Trial limit reached.")


def _check_inbound_only(box: Box, chat: Chat, number: str, said: list[Said]) -> None:
    if box.options.plan == "inbound" and not any(one.what == "inbound" for one in said):
        raise Problem(
            403,
            "Inbound-only plan: outbound is restricted to contacts who messaged this number first.",
            "inbound_only_no_prior_inbound",
            allocation_id=numbers.allocation(number),
            external_id=chat.id,
        )


def _check_first_words(content: Content) -> None:
    if not content.words:
        raise Problem(
            400,
            "Cannot send an attachment as the first message to a new conversation. Apple requires"
            " the first message to contain text. Please send a text message first, then send your"
            " attachment.",
            "attachment_first_message_not_allowed",
        )


def _check_new_conversation(box: Box) -> None:
    cap, current = box.options.new_conversation_cap, started_today(box)
    if box.options.plan == "shared" and current >= cap:
        raise Problem(
            429,
            "Daily limit of new conversations reached.",
            "new_conversation_limit_reached",
            plan_id="plan_shared",
            cap=cap,
            current=current,
        )


def _check_organization(box: Box, number: str) -> None:
    limit, current = box.options.outbound_limit, started_today(box)
    if limit is None or current < limit:
        return
    mode = box.options.outbound_mode
    more: dict[str, Any] = {"limit": limit, "current": current, "mode": mode}
    if mode == "per_number":
        more |= {"allocation_id": numbers.allocation(number), "sender_number": number}
    raise Problem(429, "Limit of new contacts reached.", "outbound_limit_reached", **more)


def _check_safety(said: list[Said], content: Content, now: int) -> None:
    code = safety(said, plain=content.plain, now=now)
    if code is not None:
        status = 403 if code == "conversation_content_restricted" else 429
        raise Problem(status, "This conversation is protected.", code)
