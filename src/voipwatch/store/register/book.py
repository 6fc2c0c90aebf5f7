"""What collectors ask of their register: the day's key, claims, deletions. Blocking, for any thread.

Every method raises RegisterAwayError where the register does not answer; then nothing of the call is kept, or
all of it is (a commit whose answer was lost), and to ask the same again is safe.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Engine, text

from voipwatch.model.sessionclaims import (
    Claim,
    DayKey,
    RegisterAwayError,
    Row,
    Settled,
    Verdict,
    Word,
    Written,
    settle,
)
from voipwatch.store.civic.opening import DatabaseError, reading, writing
from voipwatch.store.register.opening import lock, open_register

DAY_S: Final = 86_400
FORGOTTEN_AT_ONCE: Final = 5000
"""Rows of a table: a statement has seconds (`opening.SETTINGS`)."""
_INSERT_REPORTS: Final = text(
    "INSERT INTO register_reports SELECT id, hash, body, at, month, written, false FROM unnest("
    " CAST(:ids AS bytea[]), CAST(:hashes AS bytea[]), CAST(:bodies AS bytea[]), CAST(:ats AS float8[]),"
    " CAST(:months AS text[]), CAST(:written AS boolean[])) AS t (id, hash, body, at, month, written)"
    " ON CONFLICT DO NOTHING"
)
_INSERT_SESSIONS: Final = text(
    "INSERT INTO register_sessions SELECT * FROM unnest("
    " CAST(:sessions AS bytea[]), CAST(:ids AS bytea[]), CAST(:months AS text[])) ON CONFLICT DO NOTHING"
)
_INSERT_COPIES: Final = text(
    "INSERT INTO register_copies SELECT CAST(:collector AS bytea), id, month FROM unnest("
    " CAST(:ids AS bytea[]), CAST(:months AS text[])) AS t (id, month) ON CONFLICT DO NOTHING"
)
_CONFIRM: Final = text(
    "UPDATE register_reports AS r SET written = true FROM unnest(CAST(:ids AS bytea[]),"
    " CAST(:bodies AS bytea[])) AS t (id, body)"
    " WHERE r.report_id = t.id AND r.body_sha256 = t.body AND NOT r.written"
)
_REPLACE: Final = text(
    "UPDATE register_reports SET body_sha256 = :body, received_at_s = :at_s"
    " WHERE report_id = :id AND NOT written"
)
_ROWS: Final = text(
    "SELECT report_id, deletion_hash, body_sha256, received_at_s, written, deleted"
    " FROM register_reports WHERE report_id = ANY(CAST(:ids AS bytea[]))"
)


class Register:
    """One register. `clock`: Unix seconds; None: the server's own, which is one for all collectors."""

    def __init__(self, engine: Engine, clock: Callable[[], float] | None = None) -> None:
        self._engine = engine
        self._clock = clock

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def made(self) -> str:
        """Its own name, drawn when it was made: another one knows nothing of what this was told."""
        with self._reading() as connection:
            return str(connection.execute(text("SELECT made FROM register_made")).scalar_one())

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _answering(), reading(self._engine) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _answering(), writing(self._engine) as connection:
            yield connection

    # --- the day's key --------------------------------------------------------------------------------------

    def day_key(self, offered: DayKey | None, fresh: bytes) -> DayKey:
        """The key that holds now. One of another day is gone from the register when this returns.

        Args:
            offered: what this collector has; put back if it is of today and the register, which a crash makes
                forget it, has none.
            fresh: 32 random bytes; the key, where there is none for today.
        """
        with self._reading() as connection:
            day, left_s = self._today(connection)
            rows = _days(connection)
        if set(rows) == {day}:
            return DayKey(day, rows[day], left_s)
        with self._writing() as connection:
            lock(connection)
            day, left_s = self._today(connection)
            rows = _days(connection)
            if set(rows) == {day}:
                return DayKey(day, rows[day], left_s)
            key = offered.key if offered is not None and offered.day == day else fresh
            # DELETE would leave the old key's bytes in the table's file until a vacuum; this drops the file.
            connection.execute(text("TRUNCATE register_day"))
            connection.execute(text("INSERT INTO register_day VALUES (:day, :key)"), {"day": day, "key": key})
        return DayKey(day, key, left_s)

    def _today(self, connection: Connection) -> tuple[str, float]:
        if self._clock is not None:
            now_s = self._clock()
        else:
            asked = text("SELECT extract(epoch FROM clock_timestamp())")
            now_s = float(connection.execute(asked).scalar_one())
        return datetime.fromtimestamp(now_s, tz=UTC).date().isoformat(), DAY_S - now_s % DAY_S

    # --- claims ---------------------------------------------------------------------------------------------

    def claim(
        self, collector: bytes, claims: Sequence[Claim], confirmed: Iterable[Written] = ()
    ) -> list[Verdict]:
        """Decide claims of a collector, and keep them. `confirmed`: as `confirm` takes them, on the way."""
        with self._writing() as connection:
            lock(connection)
            _confirm(connection, confirmed)
            settled = settle(claims, *_known(connection, claims))
            _keep(connection, collector, claims, settled)
        return settled.verdicts

    def confirm(self, confirmed: Iterable[Written]) -> None:
        """These reports are where they are to be: whoever is handed them again need not write them."""
        with self._writing() as connection:
            lock(connection)
            _confirm(connection, confirmed)

    def adopt(self, collector: bytes, held: Sequence[Claim], deleted: Sequence[str]) -> None:
        """What a collector has from before it knew this register; `deleted`: those of them that are."""
        with self._writing() as connection:
            lock(connection)
            _insert(connection, held, written=True)
            _insert_copies(connection, collector, held)
            gone = {"ids": _bytes(deleted)}
            connection.execute(
                text(
                    "UPDATE register_reports SET deleted = true WHERE report_id = ANY(CAST(:ids AS bytea[]))"
                ),
                gone,
            )

    # --- deletions ------------------------------------------------------------------------------------------

    def delete(self, report_id: str, digest: bytes) -> bool | None:
        """Mark a report as deleted, wherever it lies. None: no such report; False: another key's digest."""
        named = {"id": bytes.fromhex(report_id)}
        with self._writing() as connection:
            lock(connection)
            found = connection.execute(
                text("SELECT deletion_hash FROM register_reports WHERE report_id = :id"), named
            ).scalar()
            if found is None:
                return None
            if not hmac.compare_digest(bytes(found), digest):
                return False
            connection.execute(
                text("UPDATE register_reports SET deleted = true WHERE report_id = :id"), named
            )
        return True

    def to_erase(self, collector: bytes) -> list[str]:
        """Deleted reports of which a collector has a copy still."""
        asked = text(
            "SELECT c.report_id FROM register_reports r JOIN register_copies c USING (report_id)"
            " WHERE r.deleted AND c.collector = :collector ORDER BY c.report_id"
        )
        with self._reading() as connection:
            found = connection.execute(asked, {"collector": collector})
            return [bytes(row[0]).hex() for row in found]

    def erased(self, collector: bytes, report_id: str) -> None:
        """Its copy there is gone."""
        values = {"collector": collector, "id": bytes.fromhex(report_id)}
        with self._writing() as connection:
            connection.execute(
                text("DELETE FROM register_copies WHERE collector = :collector AND report_id = :id"), values
            )

    def forget_before(self, month: str, most: int = FORGOTTEN_AT_ONCE) -> bool:
        """Drop some of what is of earlier months, YYYY-MM; whether there may be more."""
        more = False
        with self._writing() as connection:
            for table in ("register_sessions", "register_copies", "register_reports"):
                some = f"SELECT ctid FROM {table} WHERE month < :month LIMIT :most"
                asked = text(f"DELETE FROM {table} WHERE ctid = ANY(ARRAY({some}))")
                gone = connection.execute(asked, {"month": month, "most": most}).rowcount
                more = more or gone >= most
        return more


def open_book(url: str, clock: Callable[[], float] | None = None) -> Register:
    """The register at `url`, its tables made where they are missing.

    Raises RegisterAwayError with the reasons of `open_register`; ModuleNotFoundError: no driver is installed.
    """
    with _answering():
        return Register(open_register(url), clock)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise RegisterAwayError(error.reason, error.detail) from error


def _days(connection: Connection) -> dict[str, bytes]:
    found = connection.execute(text("SELECT day, key FROM register_day"))
    return {day: bytes(key) for day, key in found}


def _known(connection: Connection, claims: Sequence[Claim]) -> tuple[dict[str, str], dict[str, Row]]:
    """Owners of the claims' sessions, and rows of their reports."""
    sessions = {"sessions": _bytes({each for claim in claims for each in claim.sessions})}
    asked = "SELECT session, report_id FROM register_sessions WHERE session = ANY(CAST(:sessions AS bytea[]))"
    owners = {
        bytes(session).hex(): bytes(owner).hex()
        for session, owner in connection.execute(text(asked), sessions)
    }
    found = connection.execute(_ROWS, {"ids": _bytes({claim.report_id for claim in claims})})
    return owners, {
        bytes(name).hex(): Row(bytes(digest), bytes(body).hex(), at_s, written, deleted)
        for name, digest, body, at_s, written, deleted in found
    }


def _keep(connection: Connection, collector: bytes, claims: Sequence[Claim], settled: Settled) -> None:
    """What was decided; of reports that are to be written, that this collector may have a copy."""
    _insert(connection, settled.added, written=False)
    for claim in settled.replaced:
        values = {
            "id": bytes.fromhex(claim.report_id),
            "body": bytes.fromhex(claim.body_sha256),
            "at_s": claim.received_at_s,
        }
        connection.execute(_REPLACE, values)
    writing_now = [
        claim for claim, verdict in zip(claims, settled.verdicts, strict=True) if verdict.word is Word.WRITE
    ]
    if writing_now:
        _insert_copies(connection, collector, writing_now)


def _confirm(connection: Connection, confirmed: Iterable[Written]) -> None:
    several = list(confirmed)
    if several:
        ids, bodies = _bytes(each.report_id for each in several), _bytes(each.body_sha256 for each in several)
        connection.execute(_CONFIRM, {"ids": ids, "bodies": bodies})


def _insert(connection: Connection, claims: Sequence[Claim], *, written: bool) -> None:
    if not claims:
        return
    values = {
        "ids": _bytes(claim.report_id for claim in claims),
        "hashes": [claim.deletion_hash for claim in claims],
        "bodies": _bytes(claim.body_sha256 for claim in claims),
        "ats": [claim.received_at_s for claim in claims],
        "months": [_month(claim) for claim in claims],
        "written": [written] * len(claims),
    }
    connection.execute(_INSERT_REPORTS, values)
    pairs = [(session, claim) for claim in claims for session in claim.sessions]
    connection.execute(
        _INSERT_SESSIONS,
        {
            "sessions": _bytes(session for session, _ in pairs),
            "ids": _bytes(claim.report_id for _, claim in pairs),
            "months": [_month(claim) for _, claim in pairs],
        },
    )


def _insert_copies(connection: Connection, collector: bytes, claims: Sequence[Claim]) -> None:
    ids, months = _bytes(claim.report_id for claim in claims), [_month(claim) for claim in claims]
    connection.execute(_INSERT_COPIES, {"collector": collector, "ids": ids, "months": months})


def _month(claim: Claim) -> str:
    return datetime.fromtimestamp(claim.received_at_s, tz=UTC).strftime("%Y-%m")


def _bytes(names: Iterable[str]) -> list[bytes]:
    return [bytes.fromhex(name) for name in names]
