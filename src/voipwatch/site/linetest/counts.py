"""How many of something a caller has brought today, over all processes of a site.

One file of a fixed size, a byte for each of a million places; a caller's keyed name (`callers`) is its place.
So nobody's coming makes the file grow, and without its key it tells of nobody that he came. Where 20,000 came
in a day, one in fifty shares his place with another; they then share what is allowed.
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PLACES: Final = 1 << 20
HEAD_BYTES: Final = 8
"""The day, little-endian, in front of the places."""
COUNT_MOST: Final = 255


@dataclass(frozen=True, slots=True)
class DayCounts:
    """Args:
    file: of all processes; it is made when the first comes. Whoever has the folder deletes it.
    """

    file: Path

    def take(self, name: bytes, day: int, most: int) -> bool:
        """Counts one of a caller on a day (of Unix time); False, uncounted, where there are `most` already.

        Raises OSError where the file cannot be had, ValueError for more than a byte counts.
        """
        if not 0 < most <= COUNT_MOST:
            raise ValueError(f"between 1 and {COUNT_MOST}, not {most}")
        place = HEAD_BYTES + int.from_bytes(name, "little") % PLACES
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # goes with the descriptor, and with a process that dies
            head = day.to_bytes(HEAD_BYTES, "little")
            if os.pread(descriptor, HEAD_BYTES, 0) != head:
                os.ftruncate(descriptor, 0)
                os.ftruncate(descriptor, HEAD_BYTES + PLACES)
                os.pwrite(descriptor, head, 0)
            count = os.pread(descriptor, 1, place)[0]
            if count >= most:
                return False
            os.pwrite(descriptor, bytes([count + 1]), place)
            return True
        finally:
            os.close(descriptor)
