"""Tables of the civic tools. Times are whole Unix seconds; days are `2026-11-22`, UTC.

An e-mail address stands in one of them, `outbox`, until its mail was handed over, for seven days at most.
"""

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _petition() -> Column[str]:
    return Column("petition", Text, ForeignKey("petitions.id"), nullable=False)


PETITIONS: Final = Table(
    "petitions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("document", Text, nullable=False, doc="JSON of civic.petitions.Petition"),
    Column("created_at", Integer, nullable=False),
    Column("erased_at", Integer, doc="when pepper, hashes and names were destroyed"),
)
PENDING: Final = Table(
    "pending",
    METADATA,
    Column("selector", LargeBinary(16), primary_key=True, doc="random; in the link, with its tag"),
    _petition(),
    Column("hash", LargeBinary(32), nullable=False, doc="of the address, under the petition's pepper"),
    Column("lang", Text, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Index("uq_pending_petition_hash", "petition", "hash", unique=True),
    Index("ix_pending_expires_at", "expires_at"),
)
SIGNATURES: Final = Table(
    "signatures",
    METADATA,
    Column("petition", Text, ForeignKey("petitions.id"), primary_key=True),
    Column("hash", LargeBinary(32), primary_key=True),
    Column("day", Text, nullable=False, doc="of the confirmation, UTC"),
    Column("lang", Text, nullable=False),
    Column("public_name", Text, nullable=False, doc="empty: not to be shown"),
    sqlite_with_rowid=False,
)
ARRIVALS: Final = Table(
    "arrivals",
    METADATA,
    Column("petition", Text, ForeignKey("petitions.id"), primary_key=True),
    Column("hour", Integer, primary_key=True, doc="its first second"),
    Column("confirmations", Integer, nullable=False),
)
COUNT_LOG: Final = Table(
    "count_log",
    METADATA,
    Column("petition", Text, ForeignKey("petitions.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("prev", Text, nullable=False),
    Column("at", Text, nullable=False, doc="RFC 3339, UTC"),
    Column("told", Integer, nullable=False),
    Column("digest", Text, nullable=False),
)
NOTES: Final = Table(
    "notes",
    METADATA,
    Column("petition", Text, ForeignKey("petitions.id"), primary_key=True),
    Column("day", Text, primary_key=True),
    Column("confirmations", Integer, nullable=False, doc="of that day, in tens"),
    Column("p_value", Text, nullable=False),
)
OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _petition(),
    Column("kind", Text, nullable=False, doc="confirm, revoke"),
    Column("selector", LargeBinary(16), nullable=False, doc="of the request; random for a revocation"),
    Column("hash", LargeBinary(32), nullable=False, doc="of the address"),
    Column("address", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("lang", Text, nullable=False),
    Column("due_at", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Index("ix_outbox_due_at", "due_at"),
    Index("ix_outbox_petition_hash", "petition", "hash"),
)
MAIL_COUNTS: Final = Table(
    "mail_counts",
    METADATA,
    Column("day", Text, primary_key=True),
    Column("address_key", LargeBinary(16), primary_key=True, doc="under the instance's secret"),
    Column("mails", Integer, nullable=False),
    sqlite_with_rowid=False,
)
AUDIT: Final = Table(
    "audit_log",
    METADATA,
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("prev", Text, nullable=False),
    Column("at", Integer, nullable=False),
    Column("who", Text, nullable=False, doc="role or account of the machine; never a signer"),
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("digest", Text, nullable=False),
)
