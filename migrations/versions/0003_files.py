"""files"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = sa.text("state = 'pending'")


def upgrade() -> None:
    with op.batch_alter_table("attachment") as batch_op:
        batch_op.add_column(sa.Column("problem", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("attempts", NUMBER, nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("fetch_after", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("stored", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("sha256", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("kind", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("display", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("thumbnail", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("width", NUMBER, nullable=True))
        batch_op.add_column(sa.Column("height", NUMBER, nullable=True))
        batch_op.add_column(sa.Column("cards", sa.Text(), nullable=True))
        batch_op.create_index(
            "ix_attachment_pending",
            ["id"],
            unique=False,
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        )


def downgrade() -> None:
    with op.batch_alter_table("attachment") as batch_op:
        batch_op.drop_index("ix_attachment_pending")
        for name in (
            "cards",
            "height",
            "width",
            "thumbnail",
            "display",
            "kind",
            "sha256",
            "stored",
            "stored_at",
            "fetch_after",
            "attempts",
            "problem",
        ):
            batch_op.drop_column(name)
