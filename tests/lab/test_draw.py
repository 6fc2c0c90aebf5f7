"""What a seed draws: by the recipe of docs/worlds.md, done here a second time."""

from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.lab.draw import Draw, draw_values, put


def share(world: str, seed: int, path: str) -> float:
    """The page's words, independently of `policy.dice`."""
    key = b"draw"
    for text in (world, str(seed), path):
        key = blake2b(text.encode(), key=key, digest_size=32).digest()
    digest = blake2b(bytes(8), key=key, digest_size=64).digest()
    return int.from_bytes(digest[-4:], "little") / 2**32


def test_a_draw_is_as_the_page_says() -> None:
    draws = {
        "policy.a": Draw(low=2.0, high=6.0),
        "line.b": Draw(low=1, high=10),
        "c": Draw(choices=("x", "y", "z")),
    }
    for seed in (0, 1, 7, 2**63 - 1):
        found = draw_values("some-world", seed, draws)
        shares = {path: share("some-world", seed, path) for path in draws}
        assert found["policy.a"] == round(2.0 + 4.0 * shares["policy.a"], 6)
        assert found["line.b"] == 1 + int(10 * shares["line.b"])
        assert found["c"] == "xyz"[int(3 * shares["c"])]


def test_a_field_is_drawn_alike_whatever_else_is() -> None:
    one, other = Draw(low=0.0, high=1.0), Draw(low=0, high=9)
    alone = draw_values("w", 3, {"policy.a": one})
    assert draw_values("w", 3, {"line.z": other, "policy.a": one})["policy.a"] == alone["policy.a"]
    assert draw_values("w", 4, {"policy.a": one}) != alone
    assert draw_values("v", 3, {"policy.a": one}) != alone


@given(st.floats(0, 1, exclude_max=True), st.integers(-5, 5), st.integers(0, 7))
def test_whole_limits_give_whole_numbers_both_of_which_can_be_had(part: float, low: int, span: int) -> None:
    draw = Draw(low=low, high=low + span)
    value = draw.at(part)
    assert isinstance(value, int)
    assert low <= value <= low + span
    assert (draw.at(0.0), draw.at(1 - 2**-32)) == draw.ends


def test_limits_and_choices_are_one_or_the_other() -> None:
    for wrong in (
        {},
        {"low": 1},
        {"high": 2.0},
        {"low": 2, "high": 1},
        {"low": 1, "high": 2, "choices": (1,)},
    ):
        with pytest.raises(ValueError, match="a draw has"):
            Draw(**wrong)
    assert Draw(choices=([], [5])).ends == ([], [5])


def test_a_value_is_put_at_its_path_and_the_tree_is_left_alone() -> None:
    tree = {"of": {"any": [{"ports": 1}, {"ports": 2}]}, "x": 3}
    assert put(tree, "of.any.1.ports", 9) == {"of": {"any": [{"ports": 1}, {"ports": 9}]}, "x": 3}
    assert put(tree, "of.any.0", 7) == {"of": {"any": [7, {"ports": 2}]}, "x": 3}
    assert put(tree, "y", 4) == {**tree, "y": 4}
    assert tree == {"of": {"any": [{"ports": 1}, {"ports": 2}]}, "x": 3}


@pytest.mark.parametrize("path", ["of.none.a", "of.any.5.ports", "of.any.x", "x.y"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises((KeyError, IndexError, TypeError, ValueError)):
        put({"of": {"any": [{"ports": 1}]}, "x": 3}, path, 0)
