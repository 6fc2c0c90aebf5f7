"""Arguments of the scripts: what is wrong with them is told in one line, and nothing is begun."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Never


class Parser(argparse.ArgumentParser):
    """As argparse's, without the whole usage before what is wrong."""

    def error(self, message: str) -> Never:
        """Exit with 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def at_least(low: int) -> Callable[[str], int]:
    """A reader of whole numbers from `low` on, as `type=` of an argument."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if value < low or value >= 2**31:
            raise argparse.ArgumentTypeError(f"a whole number from {low} on, not {text[:40]!r}")
        return value

    return number


def above_zero(text: str) -> float:
    """A number above zero, as `type=` of an argument."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"a number above 0, not {text[:40]!r}")
    return value


def present(text: str) -> Path:
    """A file or a folder that is there."""
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"there is no {text[:200]!r}")
    return path
