"""Boycotts: campaigns, pledges without names, and what was told of them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "boycotts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("erased_at", sa.Integer),
    )
    op.create_table(
        "pledges",
        sa.Column("boycott", sa.Text, sa.ForeignKey("boycotts.id"), primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pledge_log",
        sa.Column("boycott", sa.Text, sa.ForeignKey("boycotts.id"), primary_key=True),
        sa.Column("series", sa.Text, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("prev", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
