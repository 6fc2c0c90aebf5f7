import pytest

from tests.store.support import HOUR, make_vote
from voipwatch.inference.cells import cells_of, state_of, with_silence
from voipwatch.model.cells import STALE_AFTER_H, Cell, CellState
from voipwatch.model.submission import PrefixKind, RunKind
from voipwatch.model.vocabulary import Verdict
from voipwatch.model.votes import Vote


def one(votes: list[Vote]) -> Cell:
    (cell,) = cells_of(votes)
    return cell


@pytest.mark.parametrize(
    ("ok", "blocked", "state"),
    [
        (3, 0, CellState.OK),
        (2, 0, CellState.INSUFFICIENT),
        (0, 3, CellState.BLOCKED),
        (2, 1, CellState.OK),  # exactly two thirds
        (1, 2, CellState.BLOCKED),
        (3, 2, CellState.INTERMITTENT),
        (0, 0, CellState.INSUFFICIENT),
    ],
)
def test_votes_of_as_many_prefixes(ok: int, blocked: int, state: CellState) -> None:
    votes = [make_vote(n) for n in range(ok)] + [make_vote(100 + n, Verdict.BLOCKED) for n in range(blocked)]
    votes.append(make_vote(999, Verdict.INSUFFICIENT))
    cell = one(votes)
    assert cell.state is state
    assert (cell.ok, cell.blocked, cell.insufficient) == (ok, blocked, 1.0)
    assert cell.probes == ok + blocked + 1


def test_a_pseudonym_votes_once_an_hour_and_its_latest_observation_counts() -> None:
    first = make_vote(
        0, Verdict.BLOCKED, observed_at_ms=(HOUR + 10) * 1000, received_at_ms=(HOUR + 500) * 1000
    )
    later = make_vote(1, pseudonym="p0", prefix="x0", observed_at_ms=(HOUR + 20) * 1000)
    for votes in ([first, later], [later, first]):
        cell = one([*votes, make_vote(2), make_vote(3)])
        assert (cell.state, cell.ok, cell.blocked, cell.probes, cell.reports) == (
            CellState.OK,
            3.0,
            0.0,
            3,
            4,
        )
        assert cell.last_received == HOUR + 500


def test_one_liar_does_not_move_a_cell_nor_a_hundred_pseudonyms_of_one_fixed_prefix() -> None:
    honest = [make_vote(n) for n in range(3)]
    lies = [make_vote(100 + n, Verdict.BLOCKED, prefix="liar") for n in range(100)]
    assert one([*honest, lies[0]]).state is CellState.OK
    crowd = one([*honest, *lies])
    assert crowd.state is CellState.OK
    assert crowd.blocked == pytest.approx(1.0)
    assert (crowd.probes, crowd.prefixes) == (103, 4)


def test_a_carriers_prefix_weighs_up_to_sixteen() -> None:
    def behind(count: int, kind: PrefixKind) -> float:
        return one([make_vote(n, prefix="nat", prefix_kind=kind) for n in range(count)]).ok

    assert behind(12, PrefixKind.CARRIER) == 12.0
    assert behind(100, PrefixKind.CARRIER) == pytest.approx(16.0)
    assert behind(12, PrefixKind.UNKNOWN) == pytest.approx(1.0, abs=1e-4)
    mixed = [make_vote(n, prefix="nat", prefix_kind=PrefixKind.CARRIER) for n in range(11)]
    mixed.append(make_vote(11, prefix="nat"))
    assert one(mixed).ok == pytest.approx(1.0, abs=1e-4), "carrier only where every vote says so"


def test_insufficient_votes_do_not_thin_out_those_that_decide() -> None:
    votes = [make_vote(0, prefix="x"), *(make_vote(n, Verdict.INSUFFICIENT, prefix="x") for n in range(1, 9))]
    cell = one(votes)
    assert (cell.ok, cell.insufficient) == (1.0, 1.0)


def test_three_shares_of_a_third_are_one_voice() -> None:
    votes = [make_vote(n, prefix=f"x{n // 3}") for n in range(9)]
    cell = one(votes)
    assert cell.ok == pytest.approx(3.0, abs=1e-5)
    assert cell.state is CellState.OK


def test_series_never_meet() -> None:
    votes = [make_vote(n) for n in range(3)]
    votes += [make_vote(10 + n, Verdict.BLOCKED, kind=RunKind.MANUAL) for n in range(500)]
    votes += [make_vote(600 + n, Verdict.BLOCKED, enrolled=False) for n in range(50)]
    votes += [make_vote(700 + n, Verdict.BLOCKED, instance="morocco-2016") for n in range(3)]
    made = cells_of(votes)
    assert [(c.synthetic, c.source, c.state, c.probes) for c in made] == [
        ("", "manual", CellState.INSUFFICIENT, 500),
        ("", "panel", CellState.OK, 3),
        ("", "unenrolled", CellState.INSUFFICIENT, 50),
        ("morocco-2016", "panel", CellState.BLOCKED, 3),
    ]


def test_mechanisms_of_what_is_blamed_most_frequent_first() -> None:
    said = ["b.x", "a.x", "b.x", "c.x", "", "z.x"]
    votes = [make_vote(n, Verdict.BLOCKED, mechanism=word) for n, word in enumerate(said[:5])]
    votes.append(make_vote(5, Verdict.OK, mechanism=said[5]))
    assert one(votes).mechanisms == ["b.x", "a.x", "c.x"]


def test_no_majority_is_intermittent_whatever_it_is_made_of() -> None:
    unit = 1_000_000
    assert state_of({Verdict.BLOCKED: 2 * unit, Verdict.THROTTLED: 2 * unit}) is CellState.INTERMITTENT
    assert state_of({Verdict.DOWN: 3 * unit}) is CellState.DOWN
    assert state_of({Verdict.THROTTLED: 3 * unit}) is CellState.THROTTLED
    assert state_of({Verdict.OK: 9 * unit}, source="manual") is CellState.INSUFFICIENT


def test_silence_begins_after_a_cell_that_said_something_and_ends_with_the_series() -> None:
    def cell(hour: int, count: int) -> Cell:
        return one([make_vote(n, observed_at_ms=hour * 1000) for n in range(count)])

    said = with_silence([cell(HOUR, 1), cell(HOUR + 7200, 3)], since=HOUR, until=HOUR + 200 * 3600)
    states = [state for _, state in said]
    assert states[:3] == [CellState.INSUFFICIENT, CellState.OK, CellState.SILENT]
    assert said[1][0] == HOUR + 7200, "an hour without votes before the first state has no entry"
    assert states[2:] == [CellState.SILENT] * STALE_AFTER_H
    assert with_silence([cell(HOUR - 3600, 3)], since=HOUR, until=HOUR + 3600) == [(HOUR, CellState.SILENT)]
