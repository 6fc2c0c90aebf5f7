"""A clock that stands until a test moves it."""

from dataclasses import dataclass


@dataclass
class Clock:
    """Says what it is told to, Unix seconds; `now_s` may be set."""

    now_s: float

    def __call__(self) -> float:
        return self.now_s
