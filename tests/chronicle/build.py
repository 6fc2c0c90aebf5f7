"""Changepoints for tests: short to write, and a year like Morocco's 2016."""

from datetime import UTC, datetime

from voipwatch.model.incidents import Finding, Intermittence, SeriesName

HOUR = 3600.0
DAY = 24 * HOUR
APPS = ("whatsapp", "viber", "skype", "messenger", "facetime", "imo")
OPERATORS = ("Operator A", "Operator B", "Operator C")


def at(text: str) -> float:
    """Unix seconds of `2016-01-05` or `2016-01-05T14`, UTC."""
    shape = "%Y-%m-%dT%H %z" if "T" in text else "%Y-%m-%d %z"
    return datetime.strptime(f"{text} +0000", shape).astimezone(UTC).timestamp()


def series(operator: str = "AS1", access: str = "4g", app: str = "whatsapp") -> SeriesName:
    return SeriesName(operator, access, app)


def finding(
    kind: str,
    name: SeriesName,
    latest_s: float,
    *,
    width_s: float | None = 12 * HOUR,
    country: str = "MA",
    instance: str = "",
    probes: int = 12,
) -> Finding:
    return Finding(
        changepoint=f"{kind}|{name.operator}|{name.access}|{name.app}|{latest_s:.0f}",
        country=country,
        series=name,
        kind=kind,
        earliest_s=None if width_s is None else latest_s - width_s,
        latest_s=latest_s,
        detected_s=latest_s + 6 * HOUR,
        probes=probes,
        probes_both_sides=probes - 2,
        arl_days=467_520.0,
        instance=instance,
        earliest_step_s=43_200,
        latest_step_s=43_200,
        probes_low=probes,
    )


def morocco(*, instance: str = "morocco-2016") -> tuple[list[Finding], list[Intermittence]]:
    """The year as a detector should find it.

    Mobile from the first days of January, operators a day or two apart; Wi-Fi comes and goes in the evenings
    from 6 January; fixed lines and Wi-Fi blocked from 26 February; all over on 4 November.
    """
    found: list[Finding] = []
    regimes: list[Intermittence] = []
    starts = {"Operator A": "2016-01-02T14", "Operator B": "2016-01-03T20", "Operator C": "2016-01-05T08"}
    for operator, start in starts.items():
        for number, app in enumerate(APPS):
            for access in ("3g", "4g"):
                name = series(operator, access, app)
                found += [
                    finding("onset", name, at(start) + number * HOUR, instance=instance),
                    finding("end", name, at("2016-11-04T18") + number * HOUR, instance=instance),
                ]
            wifi, adsl = series(operator, "wifi", app), series(operator, "adsl", app)
            for day in (6, 8):
                found += [
                    finding("onset", wifi, at(f"2016-01-{day:02d}T20"), width_s=3 * HOUR, instance=instance),
                    finding(
                        "end", wifi, at(f"2016-01-{day + 1:02d}T02"), width_s=3 * HOUR, instance=instance
                    ),
                ]
            regimes.append(
                Intermittence(
                    country="MA",
                    series=wifi,
                    earliest_s=at("2016-01-06T17"),
                    declared_s=at("2016-01-10T21"),
                    hour_hits=tuple(9.0 if 18 <= hour < 23 else 0.0 for hour in range(24)),
                    hour_votes=(10.0,) * 24,
                    ended_s=at("2016-02-24T23"),
                    ended_step_s=43_200,
                    instance=instance,
                )
            )
            for name in (wifi, adsl):
                found += [
                    finding("onset", name, at("2016-02-26T16"), instance=instance),
                    finding("end", name, at("2016-11-04T20"), instance=instance),
                ]
    return found, regimes
