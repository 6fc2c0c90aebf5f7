"""`--networks`: the user's table of networks, by which a hop is the operator's or another's."""

from pathlib import Path
from typing import Final

from voipwatch.cli.errors import Misuse
from voipwatch.cli.reportfile import read_file
from voipwatch.cli.values import shown_path

SIZE_MAX: Final = 16 << 20
"""Bytes; the prefixes of the whole internet, with short names, are some 40 MB, and nobody needs them."""


def read_networks(name: str | None, *, locate: bool) -> str:
    """The table's text, which can be understood; empty where there is none. Raises Misuse."""
    if name is None:
        return ""
    if not locate:
        raise Misuse("error.networks_unused")
    from voipwatch.probe.networks import Networks, NetworksError  # noqa: PLC0415 -- seldom needed

    path = Path(name)
    try:
        text = read_file(path, most_bytes=SIZE_MAX).decode()
        Networks.parse(text)
    except UnicodeDecodeError:
        raise Misuse("error.networks_line", path=shown_path(path), line=1) from None
    except NetworksError as error:
        raise Misuse("error.networks_line", path=shown_path(path), line=error.line) from None
    return text
