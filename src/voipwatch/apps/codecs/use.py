"""How a message is used, which its codec must know to compile it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from voipwatch.apps.messages import Message
from voipwatch.model.vocabulary import Direction


class UnfitError(ValueError):
    """A message cannot be used the way a profile uses it; the text says why."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The rhythm of a media stream: packet i+1 follows packet i after gaps_us[i modulo their number]."""

    gaps_us: tuple[int, ...]
    clock_hz: int
    """Of the RTP timestamp (RFC 3550 section 5.1)."""
    frame_us: int = 0
    """By which it advances from frame to frame; 0: by the gaps."""


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a message in a script."""

    direction: Direction
    reply: bool = False
    """Whether it answers a request, whose bytes its context brings."""
    timing: Timing | None = None
    """For media, else None."""
    stream: str = ""
    """For media: its stream's name; with the direction it labels SSRC and first sequence number."""
    carried: bool = False
    """Whether another message carries it, whose first byte says where the far end looks for the token."""

    @property
    def label(self) -> str:
        """Under which the constants of a stream are derived."""
        return f"{self.direction}/{self.stream}"


class MessageSpec(Protocol):
    """A message as a profile declares it, before it is known how it is used."""

    @property
    def name(self) -> str:
        """Its name in the profile."""
        ...

    def compile(self, use: Use, lookup: "Callable[[str], MessageSpec]") -> Message:
        """Make it ready to be built; `lookup` gives other messages of the profile by name.

        Raises:
            UnfitError: it cannot be used so.
        """
        ...
