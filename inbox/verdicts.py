"""What becomes of a message after a try to send it: plain values in, plain values out."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from inbox.errors import ProviderError

LADDER = (1, 5, 30, 120, 600, 1800, 3600)
GIVE_UP = timedelta(hours=24)
# Blooio keeps a key for 24 hours; past that the same key would be a new message.
KEY_LIVES = timedelta(hours=23)
BREAKER = 5
PROBE = 30.0
NEW_PEOPLE_CODES = {"outbound_limit_reached", "new_conversation_limit_reached"}
NEW_PEOPLE_HOLD = timedelta(hours=1)

SENTENCES = {
    "attachment_first_message_not_allowed": (
        "The first message to somebody must contain text. Send text first, then the file."
    ),
    "inbound_only_no_prior_inbound": "This number may only answer people who wrote to it first.",
    "conversation_content_restricted": (
        "No links or files may go to this person before they have answered. Send plain text."
    ),
    "safety_new_conversations_paused": (
        "Blooio has paused new conversations on this number to protect it. Replies still go out."
    ),
    "safety_reply_only": "Blooio lets this number only answer people who wrote first, for now.",
    "safety_account_review": "Blooio has blocked this number until it has reviewed the account.",
    "reply_target_expired": "The message answered to is older than 30 days. Send without quoting.",
    "reply_target_not_found": "The message answered to is gone. Send without quoting.",
}
BY_STATUS = {
    402: "Blooio's trial limit is reached. Choose a plan at Blooio, then send again.",
    403: "Blooio does not allow this message: {message}",
    404: "Blooio does not know this chat: {message}",
    410: "Blooio no longer offers this: {message}",
    501: "Blooio does not offer this yet: {message}",
}


@dataclass(frozen=True)
class Verdict:
    """`outcome`: accepted, failed, queued (again at `again_at`), unknown (asked again at
    `again_at`, or never when None), held (until `again_at`, or until the person writes when None).

    For the line: `stop` it with a reason, `pause` it for seconds, and whether this was a `fault`
    of the provider that its breaker counts.
    """

    outcome: str
    problem: str | None = None
    code: str | None = None
    again_at: datetime | None = None
    stop: str | None = None
    pause: float = 0
    fault: bool = False
    provider_ids: tuple[str, ...] = field(default=())


def of_acceptance(status: str, ids: tuple[str, ...], error: str | None) -> Verdict:
    if status == "failed":
        problem = error or "Blooio refused it before it left."
        return Verdict("failed", problem=problem, provider_ids=ids)
    return Verdict("accepted", provider_ids=ids)


def of_error(error: ProviderError, *, attempts: int, age: timedelta, at: datetime) -> Verdict:
    """`attempts` made so far (1 after the first), `age` since the message was written."""
    again = at + wait(attempts)
    match error.kind:
        case "unknown":
            problem = "Blooio did not answer. Whether it left is being checked."
            return _while_key_lives(Verdict("unknown", problem, again_at=again, fault=True), age)
        case "unauthorized":
            stop = "Blooio does not accept the API key of this line."
            return Verdict("queued", stop, again_at=at, stop=stop)
        case "limited":
            return _held(error, at)
        case "throttled":
            pause = error.retry_after if error.retry_after is not None else wait_seconds(attempts)
            until = at + timedelta(seconds=pause)
            return Verdict("queued", "Blooio asks us to slow down.", again_at=until, pause=pause)
        case "unreachable" | "unavailable":
            return _again("Blooio cannot be reached.", error, again, age)
    return Verdict("failed", sentence(error), code=error.code)


def sentence(error: ProviderError) -> str:
    """Why it was refused, in words for the person who wrote it."""
    if error.code in SENTENCES:
        return SENTENCES[error.code]
    said = error.message or "it gave no reason."
    return BY_STATUS.get(error.status or 0, "Blooio refused this message: {message}").format(
        message=said
    )


def wait(attempts: int) -> timedelta:
    return timedelta(seconds=wait_seconds(attempts))


def wait_seconds(attempts: int) -> float:
    """The next step of the ladder, with full jitter above half a second."""
    step = LADDER[min(attempts, len(LADDER)) - 1] if attempts > 0 else LADDER[0]
    return random.uniform(min(0.5, step), step)  # noqa: S311


def _again(problem: str, error: ProviderError, again: datetime, age: timedelta) -> Verdict:
    if age > GIVE_UP:
        return Verdict("failed", "Blooio could not be reached for a day.", code=error.code)
    return Verdict("queued", problem, code=error.code, again_at=again, fault=True)


def _while_key_lives(verdict: Verdict, age: timedelta) -> Verdict:
    if age <= KEY_LIVES:
        return verdict
    return Verdict("unknown", "Whether it left could not be found out. Ask the person.", fault=True)


def _held(error: ProviderError, at: datetime) -> Verdict:
    if error.code in NEW_PEOPLE_CODES:
        problem = "The limit for writing to new people is reached. It goes out when that resets."
        return Verdict("held", problem, code=error.code, again_at=at + NEW_PEOPLE_HOLD)
    problem = "Blooio lets this through only after the person has answered."
    return Verdict("held", problem, code=error.code)
