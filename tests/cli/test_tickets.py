import json
from pathlib import Path

import pytest

from tests.cli.doubles import Ran, run_line
from voipwatch.cli import tickets
from voipwatch.cli.values import Endpoint
from voipwatch.model.vocabulary import Failure
from voipwatch.probe import TicketsKept


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Endpoint, int, Path]]:
    """What the probe was asked; a host called `dead` gives nothing."""
    seen: list[tuple[Endpoint, int, Path]] = []

    def fetch(endpoint: Endpoint, count: int, folder: Path) -> TicketsKept:
        seen.append((endpoint, count, folder))
        if endpoint.host == "dead":
            return TicketsKept(0, Failure.CONNECTION_REFUSED)
        return TicketsKept(count, None)

    monkeypatch.setattr(tickets, "fetch_tickets", fetch)
    return seen


def fetch(*arguments: str, lang: str = "en") -> Ran:
    return run_line(
        "tickets", "fetch", *arguments, environment={"XDG_DATA_HOME": "/data"}, lang=lang, width=300
    )


def test_tickets_are_kept_where_the_check_looks_for_them(asked: list[tuple[Endpoint, int, Path]]) -> None:
    pin = "ab" * 32
    ran = fetch("--reflector", "a:1", "--reflector", "b", "--pin", pin, "--count", "2")
    assert ran.status == 0
    assert asked == [
        (Endpoint("a", 1, pin), 2, Path("/data/voipwatch")),
        (Endpoint("b", 8443, pin), 2, Path("/data/voipwatch")),
    ]
    assert "a: tickets kept for 7 days in /data/voipwatch" in ran.out


@pytest.mark.parametrize(("lang", "reason"), [("en", "connection refused"), ("fr", "connexion refusée")])
def test_a_reflector_without_tickets_is_2_and_says_why(
    asked: list[tuple[Endpoint, int, Path]], lang: str, reason: str
) -> None:
    ran = fetch("--reflector", "dead", "--reflector", "b", lang=lang)
    assert ran.status == 2
    assert reason in ran.err
    assert len(asked) == 2


def test_json(asked: list[tuple[Endpoint, int, Path]]) -> None:
    document = json.loads(fetch("--reflector", "dead", "--reflector", "b", "--json").out)
    assert document["schema"] == "voipwatch.tickets-fetched/1"
    assert document["reflectors"] == [
        {"name": "dead", "kept": 0, "failure": "connection_refused"},
        {"name": "b", "kept": 4, "failure": None},
    ]


@pytest.mark.parametrize("count", ["0", "9", "-1", "many"])
def test_a_bad_count_asks_nobody(asked: list[tuple[Endpoint, int, Path]], count: str) -> None:
    assert fetch("--reflector", "a", f"--count={count}").status == 64
    assert asked == []
