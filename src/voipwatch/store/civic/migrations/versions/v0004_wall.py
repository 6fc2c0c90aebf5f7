"""The wall of supporters: pages that are enrolled, and a number a day."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "wall_sites",
        sa.Column("mark", sa.Text, primary_key=True),
        sa.Column("page", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since_at", sa.Integer, nullable=False),
        sa.Column("seen_at", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Integer, nullable=False),
    )
    op.create_index("ix_wall_sites_due_at", "wall_sites", ["due_at"])
    op.create_index("ix_wall_sites_page", "wall_sites", ["page"])
    op.create_table(
        "wall_curve",
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("told", sa.Integer, nullable=False),
    )
