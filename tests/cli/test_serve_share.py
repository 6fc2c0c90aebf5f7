"""`--role` and `--partitions`: what is understood, and what is missing beside them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.cli.errors import Misuse
from voipwatch.cli.serve_share import KEEPER, ROLES, Share, asked_share

STORE, STREAM = "https://u:p@db.example/d", "nats://a,b,c?partitions=16"


def asked(*roles: str, partitions: str | None = None, **given: str | None) -> Share:
    wanted: dict[str, str | None] = {"store": STORE, "stream": STREAM, "site": None, "instance": ""} | given
    return asked_share(
        roles,
        partitions,
        store=wanted["store"],
        stream=wanted["stream"] or "",
        site=wanted["site"],
        instance=wanted["instance"] or "",
    )


def test_without_a_role_everything_runs_here() -> None:
    assert asked(store=None, stream="").roles == (KEEPER, "reflector", "collector")
    assert asked(store=None, stream="", site="S").has("site")


@pytest.mark.parametrize("role", ROLES)
def test_each_role_alone(role: str) -> None:
    share = asked(role, site="S" if role == "site" else None)
    assert share == Share((role,))
    assert [other for other in ROLES if share.has(other)] == [role]


@pytest.mark.parametrize(
    ("role", "missing", "option"),
    [
        ("loader", "store", "--store"),
        ("loader", "stream", "--stream"),
        ("detector", "store", "--store"),
        ("collector", "stream", "--stream"),
        ("site", "site", "--site"),
    ],
)
def test_what_a_role_needs_is_named(role: str, missing: str, option: str) -> None:
    with pytest.raises(Misuse) as caught:
        asked(role, **{missing: None})
    assert caught.value.key == "error.role_needs"
    assert caught.value.values["option"] == option


def test_all_that_a_role_needs_is_named_at_once() -> None:
    with pytest.raises(Misuse) as caught:
        asked("loader", store=None, stream="")
    assert caught.value.values["option"] == "--store, --stream"


def test_other_misuse() -> None:
    for key, roles, partitions, others in (
        ("error.role", ("keeper",), None, {}),
        ("error.partitions_alone", (), "0", {}),
        ("error.partitions_alone", ("collector",), "0", {}),
        ("error.partitions_instance", ("loader",), "0", {"instance": "world"}),
        ("error.site_without_role", ("collector",), None, {"site": "S"}),
    ):
        with pytest.raises(Misuse) as caught:
            asked(*roles, partitions=partitions, **others)
        assert caught.value.key == key


@pytest.mark.parametrize("text", ["", "16", "3-1", "0-16", "-1", "a", "1,,2", "1-2-3", "٣"])
def test_what_are_no_partitions(text: str) -> None:
    with pytest.raises(Misuse) as caught:
        asked("loader", partitions=text)
    assert caught.value.key == "error.partitions"


@given(st.sets(st.integers(0, 15), min_size=1))
def test_partitions_are_what_was_named(numbers: set[int]) -> None:
    text = ", ".join(f"{n}-{n}" if n % 2 else str(n) for n in numbers)
    assert asked("loader", "detector", partitions=text).partitions == tuple(sorted(numbers))
    low, high = min(numbers), max(numbers)
    assert asked("detector", partitions=f"{low}-{high}").partitions == tuple(range(low, high + 1))
