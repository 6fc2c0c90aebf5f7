"""A store that has nothing but votes and changepoints, so that a bundle takes no engine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voipwatch.pipeline.publishing.publish import Request
from voipwatch.store.store import Store

MONDAY = 1_451_865_600
"""2016-01-04 00:00 UTC."""
HOUR = 3600
DAY = 24 * HOUR
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw().hex()


class Said(NamedTuple):
    """One admitted vote, in the order of the store's columns."""

    instance: str
    country: str
    operator: str
    access: str
    app: str
    hour: int
    pseudonym: str
    household: str
    received_at: int
    verdict: str


class VoteStore:
    """Answers the questions that publishing asks."""

    def __init__(self, said: Sequence[Said], changes: Sequence[dict[str, Any]] = ()) -> None:
        self.said = list(said)
        self.changes = list(changes)

    def select(self, sql: str, parameters: Mapping[str, Any]) -> pa.Table:
        said = [vote for vote in self.said if vote.instance == parameters["instance"]]
        if "min(hour)" in sql:
            hours = [vote.hour for vote in said] or [0]
            return pa.table({"votes": [len(said)], "first": [min(hours)], "last": [max(hours)]})
        since, until, as_of = (parameters[name] for name in ("since", "until", "as_of"))
        found = [vote for vote in said if since <= vote.hour < until and vote.received_at < as_of]
        types = {"hour": pa.int64(), "received_at": pa.int64()}
        return pa.table(
            {n: pa.array([getattr(v, n) for v in found], types.get(n, pa.string())) for n in Said._fields}
        )

    def changepoints(self, *, country: str = "", instance: str = "") -> pa.Table:
        return pa.Table.from_pylist([each for each in self.changes if each["instance"] == instance])


def store_of(said: Sequence[Said], changes: Sequence[dict[str, Any]] = ()) -> Store:
    return cast("Store", VoteStore(said, changes))


def votes(
    days: int, *, probes: int = 5, blocked_from: int = 10_000, instance: str = "", operator: str = "AS36925"
) -> list[Said]:
    """Four votes a day of each probe on two apps, at hours of its own; from a day on one app is blocked."""
    found = []
    for day in range(days):
        for probe in range(probes):
            for turn in range(4):
                hour = MONDAY + day * DAY + (turn * 6 + probe % 3) * HOUR
                for app in ("whatsapp", "viber"):
                    verdict = "blocked" if day >= blocked_from and app == "whatsapp" else "ok"
                    month = (MONDAY + day * DAY) // (28 * DAY)
                    name = f"{probe:02d}{month:04d}".ljust(32, "f")
                    found.append(
                        Said(instance, "MA", operator, "4g", app, hour, name, "", hour + 300, verdict)
                    )
    return found


def changepoint(day: int, *, name: str = "c1", instance: str = "") -> dict[str, Any]:
    """As the store has it, of whatsapp's onset on `day`."""
    at = MONDAY + day * DAY
    return {
        "changepoint_id": name, "instance": instance, "country": "MA", "operator": "AS36925", "access": "4g",
        "app": "whatsapp", "stage": "call", "kind": "onset", "earliest": at - 3700, "latest": at + 100,
        "detected_at": at + 20_000,
        "payload": '{"change":{"level_before":0.012,"level_after":0.971,"probes_both_sides":4},'
        '"earliest_step_s":43200,"latest_step_s":43200,"detected_step_s":43200,"probes_low":5}',
    }  # fmt: skip


def request(folder: Path, days: float, **changes: Any) -> Request:
    """To `folder`, as of so many days after the first Monday."""
    made = Request(folder / "bundle", folder / "memory", int(MONDAY + days * DAY), KEY)
    return made._replace(**changes)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a bundle."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
