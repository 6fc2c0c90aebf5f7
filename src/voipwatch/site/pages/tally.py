"""A country day by day: how many of its measured series did not pass."""

from datetime import date

from voipwatch.site.pages.site import Site, is_line


def daily_tally(site: Site, code: str) -> dict[date, list[int]]:
    """By day: series of apps with deciding votes, and those of them that did not pass."""
    tally: dict[date, list[int]] = {}
    for state in site.of(code):
        if is_line(state):
            continue
        for day in site.history(state).days:
            if day.state == "insufficient":
                continue
            counted = tally.setdefault(day.day, [0, 0])
            counted[0] += 1
            counted[1] += day.state != "ok"
    return tally
