"""A CSV file of observations, as a person has it: bounded, UTF-8."""

from pathlib import Path
from typing import Final

from voipwatch.civic.observations import Observation, ObservationError, parse_csv

FILE_MAX_BYTES: Final = 256 << 20
"""A million rows of 256 bytes."""


def read_csv(path: Path) -> list[Observation]:
    """The observations of a file.

    Raises:
        ObservationError: of its content.
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        content = stream.read(FILE_MAX_BYTES + 1)
    if len(content) > FILE_MAX_BYTES:
        raise ObservationError(0, "file", f"above {FILE_MAX_BYTES >> 20} MB")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ObservationError(line, "file", "not UTF-8") from None
    return parse_csv(text)
