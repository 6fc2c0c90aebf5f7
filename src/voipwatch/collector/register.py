"""A collector's end of the register that it shares with others.

While the register does not answer, nothing is acknowledged (503), and probes keep what they have. Blocking;
called from the desk's thread and from threads of the event loop.
"""

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec

from voipwatch.collector.index import Index
from voipwatch.collector.intake import Accepted
from voipwatch.collector.keys import write_private
from voipwatch.model.sessionclaims import Claim, DayKey, RegisterAwayError, Verdict, Written
from voipwatch.model.submission import ReportResult, ResultStatus

REGISTER_FILE: Final = "register.json"
ADOPTED_AT_ONCE: Final = 500
CONFIRMED_MOST: Final = 20_000
"""Held for the next question; those that fall out are written once more if they are handed in elsewhere."""
T = TypeVar("T")


class Book(Protocol):
    """The register, as the link uses it: `store.register.book`. Methods raise RegisterAwayError, and may be
    asked the same again.
    """

    def made(self) -> str:
        """Its own name, drawn when it was made."""

    def day_key(self, offered: DayKey | None, fresh: bytes) -> DayKey:
        """The key that holds now: what it has, else what is offered if it is of today, else the fresh one."""

    def claim(
        self, collector: bytes, claims: Sequence[Claim], confirmed: Iterable[Written] = ()
    ) -> list[Verdict]:
        """Decide claims, and keep them."""

    def confirm(self, confirmed: Iterable[Written]) -> None:
        """These reports are where they are to be."""

    def adopt(self, collector: bytes, held: Sequence[Claim], deleted: Sequence[str]) -> None:
        """What a collector has from before."""

    def delete(self, report_id: str, digest: bytes) -> bool | None:
        """None: no such report; False: another key's digest."""

    def to_erase(self, collector: bytes) -> list[str]:
        """Deleted reports of which it has a copy still."""

    def erased(self, collector: bytes, report_id: str) -> None:
        """Its copy is gone."""

    def forget_before(self, month: str) -> bool:
        """Drop some of what is of earlier months; whether there may be more."""

    def close(self) -> None:
        """No more questions."""


class Membership(msgspec.Struct, frozen=True):
    """Which collector of the register this folder is."""

    collector: bytes
    made: str = ""
    """The register that has been told all that is in this folder; empty: none yet."""


class RegisterLink:
    """One collector's. `say` is told of trouble and of its end, `trouble` its word, empty at its end."""

    def __init__(
        self,
        register: Book,
        folder: Path,
        *,
        say: Callable[[str], None],
        trouble: Callable[[str], None],
    ) -> None:
        self._register = register
        self._path = folder / REGISTER_FILE
        self._say = say
        self._trouble = trouble
        self._confirmed: deque[Written] = deque(maxlen=CONFIRMED_MOST)
        self._lock = threading.Lock()
        self._member = self._kept()
        self.away = ""
        """Why it does not answer; empty while it does."""

    # --- the day's key --------------------------------------------------------------------------------------

    def day_key(self, offered: DayKey | None) -> DayKey:
        """As `Register.day_key`. Raises RegisterAwayError."""
        return self._ask(lambda: self._register.day_key(offered, secrets.token_bytes(32)))

    # --- reports --------------------------------------------------------------------------------------------

    def claim(self, items: Sequence[Accepted]) -> list[Verdict]:
        """Kept when this returns. Raises RegisterAwayError."""
        told = self._told()
        claims = [claim_of(item) for item in items]
        verdicts = self._ask(lambda: self._register.claim(self._member.collector, claims, told))
        self._drop(told)
        return verdicts

    def stored(self, answers: Sequence[ReportResult]) -> None:
        """These are acknowledged now: told to the register with the next question. Asks nothing."""
        with self._lock:
            self._confirmed.extend(
                Written(answer.report_id, answer.receipt.body_sha256)
                for answer in answers
                if answer.receipt is not None and answer.status is ResultStatus.ACCEPTED
            )

    def confirm(self) -> None:
        """Tell it now. Raises RegisterAwayError."""
        told = self._told()
        if told:
            self._ask(lambda: self._register.confirm(told))
            self._drop(told)

    def _told(self) -> list[Written]:
        with self._lock:
            return list(self._confirmed)

    def _drop(self, told: Sequence[Written]) -> None:
        with self._lock:
            for _ in told:
                if self._confirmed:
                    self._confirmed.popleft()

    # --- deletions ------------------------------------------------------------------------------------------

    def delete(self, report_id: str, digest: bytes) -> bool | None:
        """As `Register.delete`. Raises RegisterAwayError."""
        return self._ask(lambda: self._register.delete(report_id, digest))

    def to_erase(self) -> list[str]:
        """Reports of this folder whose deletion came to another collector. Raises RegisterAwayError."""
        return self._ask(lambda: self._register.to_erase(self._member.collector))

    def erased(self, report_id: str) -> None:
        """Its bytes here are gone. Raises RegisterAwayError."""
        self._ask(lambda: self._register.erased(self._member.collector, report_id))

    def forget_before(self, month: str) -> bool:
        """As `Register.forget_before`. Raises RegisterAwayError."""
        return self._ask(lambda: self._register.forget_before(month))

    # --- the beginning and the end --------------------------------------------------------------------------

    def join(self, index: Index) -> None:
        """Tell a register that does not know this folder all of it. Raises RegisterAwayError, OSError."""
        made = self._ask(self._register.made)
        if made == self._member.made:
            return
        # Who this is, before anything is said in its name.
        write_private(self._path, msgspec.json.encode(self._member))
        held = index.held_after(b"", ADOPTED_AT_ONCE)
        while held:
            self._adopt(
                [
                    Claim(
                        known.report_id,
                        (session.hex(),),
                        known.deletion_hash,
                        known.body_sha256,
                        known.received_at_s,
                    )
                    for session, known in held
                ],
                [known.report_id for _, known in held if known.deleted],
            )
            held = index.held_after(held[-1][0], ADOPTED_AT_ONCE)
        self._member = msgspec.structs.replace(self._member, made=made)
        write_private(self._path, msgspec.json.encode(self._member))

    def _adopt(self, claims: Sequence[Claim], deleted: Sequence[str]) -> None:
        self._ask(lambda: self._register.adopt(self._member.collector, claims, deleted))

    def close(self) -> None:
        """Give the connections back."""
        self._register.close()

    def _kept(self) -> Membership:
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=Membership)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return Membership(secrets.token_bytes(16))
        return kept if len(kept.collector) == 16 else Membership(secrets.token_bytes(16))

    def lost(self, error: RegisterAwayError) -> None:
        """It does not answer: until it does, nothing is taken."""
        if not self.away:
            self._say(f"register: {error}; reports are refused until it answers again")
            self._trouble(f"register {error.reason}")
        self.away = str(error)

    def _ask(self, question: Callable[[], T]) -> T:
        try:
            found = question()
        except RegisterAwayError as error:
            self.lost(error)
            raise
        if self.away:
            self.away = ""
            self._say("register: it answers again")
            self._trouble("")
        return found


def claim_of(item: Accepted) -> Claim:
    """What a report claims."""
    intake = item.intake
    return Claim(
        intake.report_id,
        tuple(intake.sessions),
        item.deletion_hash,
        intake.body_sha256,
        intake.received_at_s,
    )
