"""Petitions: what waits, what was signed, what was told, mails to send, what was done by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _petition(*, key: bool = False) -> "sa.Column[str]":
    return sa.Column("petition", sa.Text, sa.ForeignKey("petitions.id"), primary_key=key, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "petitions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("erased_at", sa.Integer),
    )
    _signing()
    _telling()
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _petition(),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("selector", sa.LargeBinary(16), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
        sa.Column("lang", sa.Text, nullable=False),
        sa.Column("due_at", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
    )
    op.create_index("ix_outbox_due_at", "outbox", ["due_at"])
    op.create_index("ix_outbox_petition_hash", "outbox", ["petition", "hash"])
    op.create_table(
        "mail_counts",
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("address_key", sa.LargeBinary(16), primary_key=True),
        sa.Column("mails", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Integer, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )


def _signing() -> None:
    op.create_table(
        "pending",
        sa.Column("selector", sa.LargeBinary(16), primary_key=True),
        _petition(),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("lang", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
    )
    op.create_index("uq_pending_petition_hash", "pending", ["petition", "hash"], unique=True)
    op.create_index("ix_pending_expires_at", "pending", ["expires_at"])
    op.create_table(
        "signatures",
        _petition(key=True),
        sa.Column("hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("lang", sa.Text, nullable=False),
        sa.Column("public_name", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def _telling() -> None:
    op.create_table(
        "arrivals",
        _petition(key=True),
        sa.Column("hour", sa.Integer, primary_key=True),
        sa.Column("confirmations", sa.Integer, nullable=False),
    )
    op.create_table(
        "count_log",
        _petition(key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("prev", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
    op.create_table(
        "notes",
        _petition(key=True),
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("confirmations", sa.Integer, nullable=False),
        sa.Column("p_value", sa.Text, nullable=False),
    )
