"""People we write with. One person has many addresses; an address belongs to one person."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from inbox import phone
from inbox.db import Model, db, now


class Contact(Model):
    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Address(Model):
    """`value` is canonical, `given` is what it looked like when it first came."""

    __tablename__ = "address"
    __table_args__ = (UniqueConstraint("kind", "value"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"), index=True)
    kind: Mapped[str]
    value: Mapped[str]
    given: Mapped[str]
    imessage: Mapped[bool | None]
    checked_at: Mapped[datetime | None]
    opted_out_at: Mapped[datetime | None]
    contact: Mapped[Contact] = relationship(lazy="joined")


def with_address(
    address: phone.Address, *, given: str | None = None, name: str | None = None
) -> Address:
    """The address, made with a person of its own when it is new. A known name is never replaced."""
    row = db.session.scalar(select(Address).filter_by(kind=address.kind, value=address.value))
    if row is None:
        row = Address(
            contact=Contact(name=name),
            kind=address.kind,
            value=address.value,
            given=given or address.value,
        )
        db.session.add(row)
        db.session.flush()
    elif name and not row.contact.name:
        row.contact.name = name
    return row
