"""Within-probe contrast: seen in two probes, and without the one that shows it most."""

from voipwatch.inference.detection.contrast import Contrast, contrast
from voipwatch.inference.detection.dating import Kept


def rows(**said: str) -> list[Kept]:
    """Rows since hour 0 by probe; # is blocked."""
    return [
        Kept(3600.0 * index, int(mark == "#"), 1, name)
        for name, marks in said.items()
        for index, mark in enumerate(marks)
    ]


def ask(kept: list[Kept], pasts: dict[str, float], *, rising: bool = True) -> Contrast:
    found = contrast(kept, pasts.get, since_s=0.0, newcomers=0.5, effect_min=0.05, rising=rising)
    assert found is not None
    return found


def test_two_probes_that_change_are_a_change() -> None:
    found = ask(rows(a="####", b="##.#", c="...."), {"a": 0.0, "b": 0.1, "c": 0.0})
    assert found.holds
    assert found.probes == 3


def test_one_probe_that_breaks_is_none() -> None:
    assert not ask(rows(a="####", b="....", c="...."), {"a": 0.0, "b": 0.1, "c": 0.0}).holds
    assert not ask(rows(a="####"), {"a": 0.0}).holds


def test_without_the_probe_that_shows_it_most_the_rest_must_show_it_too() -> None:
    """By hand: +1.0, +0.25, -0.25, -0.25; the mean of all is 0.19, without the first it is -0.08."""
    pasts = {"a": 0.0, "b": 0.0, "c": 0.25, "d": 0.25}
    found = ask(rows(a="####", b="#...", c="....", d="...."), pasts)
    assert found.difference < 0.0
    assert not found.holds


def test_a_probe_that_was_always_bad_shows_no_change() -> None:
    assert not ask(rows(a="####", b="####", c="...."), {"a": 1.0, "b": 0.0, "c": 0.0}).holds


def test_newcomers_say_nothing_beside_probes_with_a_past() -> None:
    crowd = {f"n{index}": "####" for index in range(50)}
    assert not ask(rows(a="....", b="....", **crowd), {"a": 0.0, "b": 0.0}).holds


def test_newcomers_alone_need_to_be_three_and_worse_than_a_bad_line() -> None:
    assert not ask(rows(a="####", b="####"), {}).holds
    assert ask(rows(a="####", b="####", c="####"), {}).holds
    assert not ask(rows(a="#..#", b="##..", c=".#.#"), {}).holds
    assert ask(rows(a="####", b="####", c="####"), {}).probes == 0


def test_an_end_is_the_same_downwards() -> None:
    assert ask(rows(a="....", b="...."), {"a": 1.0, "b": 0.9}, rising=False).holds
    assert not ask(rows(a="....", b="####"), {"a": 1.0, "b": 0.9}, rising=False).holds


def test_rows_that_name_nobody_have_no_contrast() -> None:
    unnamed = [Kept(0.0, 1, 1, "")]
    assert contrast(unnamed, lambda _: None, since_s=0.0, newcomers=0.5, effect_min=0.05, rising=True) is None
    before = [Kept(-1.0, 1, 1, "a")]
    assert contrast(before, lambda _: 0.0, since_s=0.0, newcomers=0.5, effect_min=0.05, rising=True) is None
