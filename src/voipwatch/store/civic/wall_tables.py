"""Tables of the wall of supporters: pages that are enrolled now, and a number a day. Times are whole Unix
seconds. A page that leaves is deleted; nothing here remembers it.
"""

from typing import Final

from sqlalchemy import Column, Index, Integer, Table, Text

from voipwatch.store.civic.tables import METADATA

WALL_SITES: Final = Table(
    "wall_sites",
    METADATA,
    Column(
        "mark",
        Text,
        primary_key=True,
        doc="that stands on the site; seed of marks where it waits; hash of one that was withdrawn",
    ),
    Column("page", Text, nullable=False, doc="its address; empty where the row is of none"),
    Column("site", Text, nullable=False, doc="its host's name, which counts once"),
    Column("state", Text, nullable=False, doc="civic.wall.State"),
    Column("since_at", Integer, nullable=False, doc="enrolled; of one that was shown, when it first was"),
    Column(
        "seen_at", Integer, nullable=False, doc="mark and counter last seen; where it waits: marks given out"
    ),
    Column("due_at", Integer, nullable=False, doc="when it is looked at next"),
    Index("ix_wall_sites_due_at", "due_at"),
    Index("ix_wall_sites_page", "page"),
)
WALL_CURVE: Final = Table(
    "wall_curve",
    METADATA,
    Column("day", Text, primary_key=True, doc="UTC"),
    Column("told", Integer, nullable=False, doc="sites on the wall; 0: fewer than ten"),
)
