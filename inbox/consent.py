"""Who may not be written to. Every change leaves a row; the last one holds."""

import re
import unicodedata
from datetime import datetime

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import Mapped, mapped_column

from inbox.contacts import Address
from inbox.db import Model, db, now

OUT = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out"}
BACK = {"start", "unstop"}


class ConsentEvent(Model):
    __tablename__ = "consent_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    address_id: Mapped[int] = mapped_column(ForeignKey("address.id"), index=True)
    change: Mapped[str]
    source: Mapped[str]
    wording: Mapped[str | None]
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime] = mapped_column(default=now)


def keyword(text: str | None) -> str | None:
    """The wish ("out", "back") of a message that is such a word and nothing else, or None."""
    plain = "".join(
        c for c in unicodedata.normalize("NFKC", text or "") if unicodedata.category(c)[0] in "LNZ"
    )
    word = re.sub(r"\s+", " ", plain).strip().casefold()
    return "out" if word in OUT else "back" if word in BACK else None


def heed(address: Address, text: str | None, message_id: int, *, at: datetime) -> str | None:
    """Do what a person's own words of `at` ask for, unless they have said otherwise since.

    Returns "out" or "back" when something changed.
    """
    change = keyword(text)
    if change is None or (change == "out") == (address.opted_out_at is not None):
        return None
    last = select(func.max(ConsentEvent.at)).filter_by(address_id=address.id)
    if (said_last := db.session.scalar(last)) and at < said_last:
        return None
    address.opted_out_at = now() if change == "out" else None
    db.session.add(
        ConsentEvent(
            address_id=address.id,
            change=change,
            source="keyword",
            wording=text,
            message_id=message_id,
            at=at,
        )
    )
    return change
