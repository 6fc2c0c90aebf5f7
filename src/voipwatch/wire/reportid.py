"""What a report is called: a name made of the reflector-signed sessions in it, and of nothing else.

Whoever has the sessions can compute it, probe and collector alike; the same sessions under another pseudonym,
in another order or in a second run are the same name.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

ID_BYTES: Final = 16
"""128 bits: nobody finds two sessions of one name, and it is short enough for a table."""
_SESSION: Final = b"voipwatch.session/1\0"
_REPORT: Final = b"voipwatch.report-id/1\0"


def session_id(reflector_key: str, ticket_id: str) -> str:
    """32 hex digits for one session. `reflector_key`: Ed25519, hex; `ticket_id` as in the signed log."""
    name = f"{reflector_key.lower()}\0{ticket_id}".encode()
    return sha256(_SESSION + name).digest()[:ID_BYTES].hex()


def report_id(sessions: Iterable[str]) -> str:
    """32 hex digits for a report with these session ids. Raises ValueError where there is none."""
    names = sorted(set(sessions))
    if not names:
        raise ValueError("a report without a session has no id")
    return sha256(_REPORT + "\0".join(names).encode()).digest()[:ID_BYTES].hex()
