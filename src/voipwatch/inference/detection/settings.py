"""The detector's one setting, each constant with its reason; nothing is chosen per file or per country."""

from typing import Final

import msgspec

DAY_S: Final = 86_400.0
HOUR_S: Final = 3_600.0


class Settings(msgspec.Struct, frozen=True):
    """What a detector is run with. The defaults are the setting; a caller gives the number of series, and
    days instead of hours for daily counts.
    """

    series: int = 1
    """Series of the country that are watched together: they share the promise."""
    run_length_days: float = 20 * 365.25
    """The promise: one false onset in 20 years, over all series together."""
    end_run_length_days: float = 365.25
    """One false end in a year of interference, in one series: a false end costs a wrong duration and a second
    onset, a late one leaves "blocked" standing for hours."""
    block_s: float = HOUR_S
    """Votes of one such span may depend on each other in any way that the over-dispersion allows: the cell of
    the store is an hour."""
    row_span_s: float = 0.0
    """What one row covers: 0 for a measurement, a day for daily counts."""
    guard_s: float = DAY_S
    """A vote is learnt only when it is this old ..."""
    guard_blocks: int = 12
    """... and so many blocks came after it: an onset is found within eight hours or five votes at 40 %, and
    must not have been learnt as quiet by then. Twice that, and more."""
    gap_s: float = 6 * HOUR_S
    """Nothing is learnt this close to an alarm, on either side."""
    halflife_days: float = 90.0
    """Of what is learnt: a season, so that a panel may change and a month of Ramadan is not forgotten within
    it."""
    baseline_factor: float = 2.0
    """The null holds up to this many times what is learnt."""
    baseline_floor: float = 0.03
    """No series is believed to be cleaner: one lost vote in 33 is a home's Wi-Fi."""
    effect_min: float = 0.05
    """A change by less, in the share of blocked votes, is not reported."""
    quiet_votes_min: int = 10
    """Votes, and half as many blocks, before anything is learnt at all."""
    proven_votes: int = 5
    """Learnt votes before a probe counts against a baseline of its own."""
    newcomer_share: float = 0.5
    """Share of blocked votes that probes without a past may show: people test when it is broken."""
    standing_share: float = 0.75
    """An end is found against "at least this much of the rise still stands"."""
    mass_days_max: float = 1.0
    """Most that one step may add: after a silence of a week a change is no likelier than after a day."""

    @property
    def onset_threshold(self) -> float:
        """Days between false onsets that each series is held to."""
        return self.run_length_days * self.series


DEFAULT: Final = Settings()


def daily(series: int = 1) -> Settings:
    """The same setting for series whose rows are counts of whole days."""
    return Settings(series=series, block_s=DAY_S, row_span_s=DAY_S, gap_s=DAY_S)
