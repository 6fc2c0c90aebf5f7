"""Made followers: twenty-five quiet donor pages and one that loses a share on a day, a gap and a purchase."""

import random
from datetime import date, timedelta

from voipwatch.civic.observations import Observation, Precision, Quantity, observation

FIRST = date(2026, 1, 1)
EVENT_STEP = 200
EVENT = (FIRST + timedelta(days=EVENT_STEP)).isoformat()
PAGE = "facebook:operator"
DONORS = tuple(f"facebook:donor-{number}" for number in range(25))


def reading(
    page: str, step: int, count: float, *, source: str = "https://pages.example/count"
) -> Observation:
    """An exact count at midday of a day after `FIRST`."""
    return observation(
        page=page, quantity=Quantity.FOLLOWERS, low=round(count), high=round(count),
        precision=Precision.EXACT, at=f"{FIRST + timedelta(days=step)}T12:00:00Z", source=source,
        method="hand", capture="ab" * 32,
    )  # fmt: skip


def walks(*, lost: float = 0.08, donors: int = len(DONORS), seed: int = 7) -> list[Observation]:
    """Daily counts to a week and a day after the event; `lost` is the page's share of loss from it on."""
    dice = random.Random(seed)
    found = []
    for page in (PAGE, *DONORS[:donors]):
        count = 100_000.0 + dice.randrange(20_000)
        for step in range(EVENT_STEP + 9):
            count *= 1 + dice.gauss(0, 0.0005)
            shown = count * (1 - lost) if page == PAGE and step >= EVENT_STEP else count
            found.append(reading(page, step, shown))
    return found


def troubled() -> list[Observation]:
    """One page alone: forty days, three weeks without, a fall, and a jump that makes it good."""
    dice = random.Random(3)
    found = []
    for step in (*range(40), *range(61, 90)):
        count = 100_000 + 10 * step + dice.randrange(40)
        if 70 <= step < 80:
            count -= 5_000
        found.append(reading(PAGE, step, count))
    return found
