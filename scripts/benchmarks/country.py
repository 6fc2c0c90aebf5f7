"""A quiet country: many unequal series that share one promise, and how often they err together.

All of it is synthetic. Every hour of a series has a Poisson number of votes, by day more than by night, and a
binomial number of them fails, with a share that wanders from hour to hour (beta-binomial) as the series says.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import chi2

from scripts.benchmarks.replays import HOUR_S, START_S
from voipwatch.inference.detection import Detector, Settings, receive_cells
from voipwatch.model.series import ChangeKind

SERIES: Final = 64
"""As many as `voipwatch serve` shares the promise by, at least."""
SHARES: Final = (0.002, 0.01, 0.02, 0.05, 0.1, 0.25)
RATES: Final = (0.05, 0.3, 1.0, 3.0, 8.0)
"""Votes an hour, on average."""
RHOS: Final = (0.0, 0.02, 0.1)
"""Over-dispersion."""
NIGHT: Final = 0.3
"""Votes from 23 to 6 UTC, of those by day."""


@dataclass(frozen=True)
class Country:
    """False onsets of all series of a quiet country together, under one promise."""

    series: int
    years: int
    """Country-years, each from scratch: the young past is in it."""
    promised_days: float
    onsets: int
    alarmed: int
    """Series-years with one."""

    @property
    def run_days(self) -> tuple[float, float | None, float | None]:
        """Days between false onsets of the country: measured (at least, where there was none), and the exact
        95 % interval for a Poisson count (F. Garwood, Biometrika 28 (1936) 437-442); None for no upper end.
        """
        days, n = self.years * 365.25, self.onsets
        most, least = chi2.ppf(0.975, 2 * n + 2) / 2, chi2.ppf(0.025, 2 * n) / 2 if n else 0.0
        return days / max(n, 1), days / most, days / least if n else None

    @property
    def kept(self) -> str:
        """Whether the promise was kept: yes, no, or not contradicted."""
        _, low, high = self.run_days
        if low is not None and low >= self.promised_days:
            return "yes"
        return "**no**" if high is not None and high < self.promised_days else "not contradicted"


def cells(number: int, days: int, seed: int) -> tuple[list[float], list[int], list[int]]:
    """Hourly cells of one series of the country; which one decides how it is."""
    rng = np.random.default_rng([seed, number])  # noqa: TID251 -- millions of draws, for a table alone
    share, rate = SHARES[number % len(SHARES)], RATES[number % len(RATES)]
    rho = RHOS[number // 2 % len(RHOS)]
    hours = np.arange(days * 24)
    night = (hours % 24 >= 23) | (hours % 24 < 6)
    votes = rng.poisson(rate * np.where(night, NIGHT, 1.0))
    size = 1.0 / rho - 1.0 if rho else 0.0
    shares = rng.beta(share * size, (1.0 - share) * size, hours.size) if rho else np.full(hours.size, share)
    blocked = rng.binomial(votes, shares)
    seen = votes > 0
    times = START_S + hours[seen] * HOUR_S
    return times.tolist(), blocked[seen].tolist(), votes[seen].tolist()


def quiet_country(
    years: int, *, promised_days: float = 20 * 365.25, series: int = SERIES, days: int = 365, seed: int = 0
) -> Country:
    """Run all series of a quiet country for years of `days` days, each year from scratch."""
    settings = Settings(series=series, run_length_days=promised_days)
    onsets = alarmed = 0
    for year in range(years):
        for number in range(series):
            found = receive_cells(Detector(settings), *cells(number, days, seed + year))
            count = sum(each.kind is ChangeKind.ONSET for each in found)
            onsets += count
            alarmed += count > 0
    return Country(series, years, promised_days, onsets, alarmed)


def render_country(found: list[Country]) -> list[str]:
    """The table of docs/benchmarks.md."""
    rows = []
    for each in found:
        measured, low, high = each.run_days
        interval = f"{low:,.0f} to {'–' if high is None else f'{high:,.0f}'}"
        rows.append(
            f"| {each.series} | {each.years} | {each.promised_days:,.0f} | {each.onsets} "
            f"| {'' if each.onsets else 'over '}{measured:,.0f} | {interval} | {each.kept} |"
        )
    return [
        "A quiet country (synthetic): all series together, shares of failing votes from 0.002 to 0.25, from",
        "0.05 to 8 votes an hour, over-dispersion up to 0.1. Each year begins anew, the young past included.",
        "The interval is exact (Garwood), 95 %; a promise is *kept* when all of the interval keeps it.",
        "",
        "| series | years | promised, days | false onsets | days between them | 95 % interval | kept |",
        "| --: | --: | --: | --: | --: | --- | --- |",
        *rows,
        "",
    ]
