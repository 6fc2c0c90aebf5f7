"""What must be said of an app in a world on a line, and which answers count.

On the thin line a voice and its control have to fit side by side into 64 kbit/s: an app whose voice is louder
than 24 kbit/s cannot be measured there, and has to be called `insufficient`.
"""

from functools import cache
from typing import Final

from voipwatch.apps import load_profiles
from voipwatch.apps.profile import Rhythm
from voipwatch.lab.worlds import Expected, World
from voipwatch.model.vocabulary import Direction, Media, Verdict

GUILTY_LINES: Final = ("clean", "lossy5", "long", "thin", "nated")
"""What every guilty world is run on."""
THIN: Final = "thin"
THRIFTY_KBIT_S: Final = 24.0
UNGRADED: Final = Expected((Verdict.INSUFFICIENT,))


@cache
def voice_kbit_s(app: str) -> float:
    """Payload rate of an app's voice on its way up, kbit/s: the mean over the rhythms that a flow may have,
    of the loudest of the default dialect's legs that are no direct ones.

    Raises:
        KeyError: there is no profile of this app.
    """
    profile = load_profiles().get(app)
    if profile is None:
        raise KeyError(app)
    rates = [0.0]
    for leg in profile.legs:
        if not leg.run or profile.is_direct(leg) or profile.default_dialect not in leg.dialects:
            continue
        voices = [part for part in leg.media if part.media is Media.VOICE]
        rates += [
            sum(_mean(stream.rhythms) for stream in voice.streams if Direction.UP in stream.directions)
            for voice in voices
        ]
    return max(rates)


def _mean(rhythms: tuple[Rhythm, ...]) -> float:
    """Mean payload rate of a stream's rhythms, kbit/s: bytes a millisecond are kilobytes a second."""
    rates = [
        8.0 * (sum(rhythm.sizes) / len(rhythm.sizes)) / (sum(rhythm.spacing_ms) / len(rhythm.spacing_ms))
        for rhythm in rhythms
    ]
    return sum(rates) / len(rates)


def graded(app: str, line: str) -> bool:
    """Whether an app's verdict counts on this line."""
    return line != THIN or voice_kbit_s(app) < THRIFTY_KBIT_S


def expected_of(world: World, app: str, line: str) -> Expected:
    """What must be said: the table's words, or `insufficient` where the line cannot carry the app.

    The table itself speaks for worlds that stand on the thin line by themselves.
    """
    if graded(app, line) or world.line_name == line:
        return world.expected[app]
    return UNGRADED
