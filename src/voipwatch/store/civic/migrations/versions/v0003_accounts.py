"""Accounts, sessions, hidden names, mails that came back; the audit log becomes a chain."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables; what the audit log had is chained in its order."""
    op.create_table(
        "accounts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary(16), nullable=False),
        sa.Column("passphrase", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.Integer, nullable=False),
        sa.Column("last_counter", sa.Integer, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("account", sa.Text, sa.ForeignKey("accounts.name"), nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("seen_at", sa.Integer, nullable=False),
    )
    op.create_index("ix_sessions_account", "sessions", ["account"])
    op.create_table(
        "hidden_names",
        sa.Column("petition", sa.Text, sa.ForeignKey("petitions.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bounces",
        sa.Column("petition", sa.Text, sa.ForeignKey("petitions.id"), primary_key=True),
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("mails", sa.Integer, nullable=False),
    )
    _chain()


def _chain() -> None:
    made = op.create_table(
        "audit_log",
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("prev", sa.Text, nullable=False),
        sa.Column("at", sa.Integer, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
    connection, prev = op.get_bind(), "0" * 64
    old = connection.execute(sa.text("SELECT at, who, act, subject, detail FROM audit ORDER BY id"))
    for n, row in enumerate(old.mappings().all(), 1):
        line = {"n": n, "prev": prev, **row}
        body = json.dumps(line, sort_keys=True, separators=(",", ":"))
        prev = hashlib.sha256(body.encode()).hexdigest()
        connection.execute(sa.insert(made).values(**line, digest=prev))
    op.drop_table("audit")
