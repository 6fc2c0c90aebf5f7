"""The operator's word that probes shall stop: the file `stop` in the data folder.

    2026-12-24T00:00:00Z The courts have asked us to.

First the instant until which it holds (UTC), then the reason, one line. Every answer carries it, signed,
as long as it holds. The file is looked at every few seconds, so that one can stop the probes without a
restart.
"""

from pathlib import Path
from typing import Final

import msgspec

from voipwatch.collector.keys import Signer, write_private
from voipwatch.model.instants import fractional_seconds, iso
from voipwatch.model.submission import Stop

STOP_FILE: Final = "stop"
LOOK_S: Final = 2.0
REASON_MAX: Final = 500
FOREVER: Final = "9999-12-31T00:00:00Z"


class StopWord:
    """The word, as it is in the file now."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self._path = folder / STOP_FILE
        self._signer = signer
        self._looked_s = float("-inf")
        self._content: bytes | None = None
        self._stop: Stop | None = None

    def current(self, now_s: float) -> Stop | None:
        """What to say now; None: go on."""
        if not 0.0 <= now_s - self._looked_s < LOOK_S:
            self._looked_s = now_s
            self._look()
        if self._stop is None or fractional_seconds(self._stop.until) <= now_s:
            return None
        return self._stop

    def _look(self) -> None:
        try:
            content = self._path.read_bytes()[: 4 * REASON_MAX]
        except OSError:
            self._content = self._stop = None
            return
        if content == self._content:
            return
        self._content = content
        first, _, rest = content.decode("utf-8", "replace").strip().partition(" ")
        # A file that cannot be read as said is a word to stop all the same: whoever made it meant that.
        until, reason = (first, rest) if _is_instant(first) else (FOREVER, f"{first} {rest}".strip())
        stop = Stop(reason.split("\n")[0][:REASON_MAX], until, self._signer.public)
        signature = self._signer.sign(msgspec.structs.asdict(stop))
        self._stop = msgspec.structs.replace(stop, signature=signature)


def say_stop(folder: Path, until_s: float, reason: str) -> None:
    """Write the file. Raises OSError."""
    write_private(folder / STOP_FILE, f"{iso(until_s)} {reason}\n".encode())


def _is_instant(text: str) -> bool:
    try:
        fractional_seconds(text)
    except ValueError:
        return False
    return True
