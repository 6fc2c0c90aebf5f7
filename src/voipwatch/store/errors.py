"""What can go wrong with a store, in one sentence each."""

from typing import Final

EXTRA: Final = "voipwatch[observatory]"
"""What to install for the engines."""


class StoreError(Exception):
    """Something of the store or of its machine; `reason` is a permanent word, `detail` goes into a sentence.

    Reasons: `missing-engine`, `bad-url`, `no-cluster`, `of-cluster`, `of-server`, `no-store`, `locked`,
    `lost`, `newer`, `older`, `unreachable`, `refused`, `full`, `damaged`, `read-only`, `query`, `segment`.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(_SENTENCES[reason].format(detail=detail, extra=EXTRA))
        self.reason = reason
        self.detail = detail


_SENTENCES: Final = {
    "missing-engine": "the store needs the library {detail}: pip install '{extra}'",
    "bad-url": "not a store's URL: {detail}; chdb:///FOLDER or https://USER:PASSWORD@HOST:PORT/DATABASE[?cluster=NAME]",
    "no-cluster": "the server knows no cluster {detail}",
    "of-cluster": "the tables at {detail} are a cluster's: add ?cluster=NAME to the address",
    "of-server": "the tables at {detail} are one server's: leave ?cluster= out of the address",
    "no-store": "there is no store at {detail}",
    "locked": "the store is open in another process ({detail})",
    "lost": "the database was out of reach for too long, another process may have the store: opened again",
    "newer": "the store was made by a newer voipwatch (its version {detail}): install that one",
    "older": "the store is of an older voipwatch ({detail}): run voipwatch store migrate",
    "unreachable": "the database does not answer: {detail}",
    "refused": "the database refused: {detail}",
    "full": "no room is left for the store: {detail}",
    "damaged": "the store cannot be opened: {detail}",
    "read-only": "this way into the store only reads: {detail}",
    "query": "the query cannot be run: {detail}",
    "segment": "segment {detail}",
}
