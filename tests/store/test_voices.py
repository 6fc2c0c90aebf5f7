"""The votes that publication counts."""

from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.model.submission import PrefixKind, RunKind
from voipwatch.model.vocabulary import Verdict
from voipwatch.model.votes import Vote
from voipwatch.store.store import Store
from voipwatch.store.voices import admitted_voices, instances_of, voting_span


def of(
    store: Store, *votes: Vote, as_of: int = HOUR + 10**6, instance: str = ""
) -> list[tuple[str, str, str]]:
    store.insert_segment("s", rows_of(votes))
    found = admitted_voices(store, instance=instance, since=HOUR, until=HOUR + 7200, as_of=as_of)
    return sorted((row["pseudonym"], row["verdict"], row["household"]) for row in found.to_pylist())


def test_a_pseudonym_has_one_vote_an_hour_its_first(store: Store) -> None:
    again = make_vote(5, Verdict.BLOCKED, pseudonym="p1", prefix="x1", observed_at_ms=(HOUR + 50) * 1000)
    assert of(store, make_vote(1), again) == [("p1", "ok", "x1")]


def test_a_fixed_prefix_has_one_vote_an_hour_and_one_undecided(store: Store) -> None:
    home = [make_vote(n, prefix="home") for n in (2, 3)]
    unsure = [make_vote(n, Verdict.INSUFFICIENT, prefix="home") for n in (1, 4)]
    assert of(store, *home, *unsure) == [("p1", "insufficient", "home"), ("p2", "ok", "home")]


def test_carrier_nat_has_sixteen_and_is_no_household(store: Store) -> None:
    crowd = [make_vote(n, prefix="nat", prefix_kind=PrefixKind.CARRIER) for n in range(20)]
    found = of(store, *crowd)
    assert found == sorted((f"p{n}", "ok", "") for n in range(16))


def test_other_worlds_sources_stages_and_times_are_not_seen(store: Store) -> None:
    others = [
        make_vote(1, instance="lab"),
        make_vote(2, kind=RunKind.MANUAL),
        make_vote(3, enrolled=False),
        make_vote(4, stage="setup"),
        make_vote(5, observed_at_ms=(HOUR + 7200) * 1000),
        make_vote(6, received_at_ms=(HOUR + 1000) * 1000),
    ]
    assert of(store, *others, as_of=HOUR + 1000) == []
    found = admitted_voices(store, instance="lab", since=HOUR, until=HOUR + 3600, as_of=HOUR + 1000)
    assert [row["instance"] for row in found.to_pylist()] == ["lab"]


def test_the_span_of_a_world(store: Store) -> None:
    assert voting_span(store, instance="") is None
    of(store, make_vote(1), make_vote(2, observed_at_ms=(HOUR + 3700) * 1000), make_vote(3, instance="lab"))
    assert voting_span(store, instance="") == (HOUR, HOUR + 3600)
    assert voting_span(store, instance="lab") == (HOUR, HOUR)


def test_the_worlds_of_a_store(store: Store) -> None:
    assert instances_of(store) == set()
    of(store, make_vote(1), make_vote(2, instance="lab"), make_vote(3, instance="lab"))
    assert instances_of(store) == {"", "lab"}
