"""What becomes of a message after a try to send it: plain values in, plain values out."""

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from inbox.errors import LONGEST_PAUSE, ProviderError

LADDER = (1, 5, 30, 120, 600, 1800, 3600)
# Blooio keeps a key for 24 hours; past that the same key would be a new message.
KEY_LIVES = timedelta(hours=23)
PROBE = 30.0
NEW_PEOPLE_CODES = {"outbound_limit_reached", "new_conversation_limit_reached"}
CHAT_CODES = {
    "conversation_awaiting_reply",
    "conversation_streak_limit",
    "conversation_inactive_paused",
}
HOLD = timedelta(hours=1)
# Seconds: a line that is asked to slow down does so, whatever it is told.
SHORTEST_PAUSE = 1.0
WRONG_KEY = "Blooio does not accept the API key of this line."
NO_NEW_PEOPLE = "The limit for writing to new people is reached. It goes out when that resets."

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

    `left`: the request may have reached the phone, so that from now on the message is in doubt.
    For the line: `stop` it with a reason, `pause` it for seconds, `new_people_until` it takes
    nobody new, and whether this was a `fault` of the provider that its breaker counts.
    """

    outcome: str
    problem: str | None = None
    code: str | None = None
    again_at: datetime | None = None
    stop: str | None = None
    pause: float = 0
    new_people_until: datetime | None = None
    fault: bool = False
    left: bool = False
    provider_ids: tuple[str, ...] = field(default=())


def of_acceptance(status: str, ids: tuple[str, ...], error: str | None) -> Verdict:
    if status == "failed":
        problem = error or "Blooio refused it before it left."
        return Verdict("failed", problem=problem, provider_ids=ids)
    return Verdict("accepted", provider_ids=ids)


def of_error(
    error: ProviderError, *, attempts: int, at: datetime, unknown: bool = False
) -> Verdict:
    """`attempts` made so far: 1 after the first. What was `unknown` before this try stays so,
    whatever kept this one from leaving."""
    verdict = _of_kind(error, attempts, at)
    if unknown and verdict.outcome in ("queued", "held"):
        again_at = verdict.again_at or at + wait(attempts)
        return replace(verdict, outcome="unknown", again_at=again_at)
    return verdict


def not_listed() -> Verdict:
    """The provider's list does not know it, and its key may be forgotten: nobody can tell."""
    return Verdict("unknown", "Blooio does not list it. Ask the person whether it arrived.")


def not_told(error: ProviderError) -> Verdict:
    """The provider will not say whether it knows it, and its key may be forgotten."""
    problem = "Blooio does not say whether it left. Ask the person whether it arrived."
    return Verdict("unknown", problem, code=error.code)


def _of_kind(error: ProviderError, attempts: int, at: datetime) -> Verdict:
    again = at + wait(attempts)
    match error.kind:
        case "unknown":
            problem = "Blooio did not answer. Whether it left is being checked."
            return Verdict(
                "unknown", problem, code=error.code, again_at=again, fault=True, left=True
            )
        case "unauthorized":
            return Verdict("queued", WRONG_KEY, again_at=at, stop=WRONG_KEY)
        case "limited":
            return _held(error, at)
        case "throttled":
            wanted = error.retry_after if error.retry_after is not None else wait_seconds(attempts)
            pause = min(max(wanted, SHORTEST_PAUSE), LONGEST_PAUSE)
            until = at + timedelta(seconds=pause)
            return Verdict("queued", "Blooio asks us to slow down.", again_at=until, pause=pause)
        case "unavailable":
            problem = "Blooio is in trouble. It is tried again."
            return Verdict("queued", problem, error.code, again_at=again, fault=True, left=True)
        case "unreachable":
            problem = "Blooio cannot be reached. It is tried again."
            return Verdict("queued", problem, error.code, again_at=again, fault=True)
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


def _held(error: ProviderError, at: datetime) -> Verdict:
    until = at + HOLD
    if error.code in NEW_PEOPLE_CODES:
        return Verdict("held", NO_NEW_PEOPLE, error.code, until, new_people_until=until)
    if error.code in CHAT_CODES:
        problem = "Blooio lets this through only after the person has answered."
        return Verdict("held", problem, code=error.code)
    problem = "Blooio has a limit that keeps this back for now. It is tried again."
    return Verdict("held", problem, error.code, until)
