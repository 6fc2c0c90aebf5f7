"""shields.io's endpoint form: schemaVersion, label, message, color, isError, cacheSeconds; nothing else."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.site.made import bundle_of, state
from voipwatch.site.feeds.status import badge_of, status_files
from voipwatch.site.words import LANGUAGES, words

FORM = {
    "schemaVersion": int, "label": str, "message": str, "color": str, "isError": bool, "cacheSeconds": int,
}  # fmt: skip


def badge(folder: Path, *states: dict[str, Any], lang: str = "en", instance: str = "") -> dict[str, Any]:
    bundle = bundle_of(folder, states=states, instance=instance)
    found: dict[str, Any] = msgspec.to_builtins(badge_of(bundle, words(lang), bundle.states, "calls"))
    assert {name: type(value) for name, value in found.items()} == FORM
    assert found["schemaVersion"] == 1
    return found


def test_all_measured_and_all_through_is_green_and_dated(tmp_path: Path) -> None:
    found = badge(tmp_path, state(), state(app="viber"))
    assert (found["color"], found["isError"]) == ("green", False)
    assert found["message"] == "get through on 2 of 2 series (1 March 2016)"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "states",
    [
        (),
        (state(measured=False),),
        (state(measured=False, rows=False), state(app="viber", measured=False)),
        (state(app="line"),),
        (state(rows=False),),
        (state(state="insufficient"),),
    ],
)
def test_what_is_not_measured_is_grey_and_an_error(
    tmp_path: Path, lang: str, states: tuple[dict[str, Any], ...]
) -> None:
    found = badge(tmp_path, *states, lang=lang)
    assert (found["color"], found["isError"]) == ("lightgrey", True)
    assert words(lang).plain("feeds.badge.unmeasured").split()[0] in found["message"]
    assert "ok" not in found["message"]


def test_some_silent_is_said_and_not_green(tmp_path: Path) -> None:
    found = badge(tmp_path, state(), state(app="viber", measured=False))
    assert found["color"] == "yellowgreen"
    assert found["message"] == "get through on 1 of 2 series, 1 not measured (1 March 2016)"


@pytest.mark.parametrize(
    ("kind", "colour", "word"),
    [("blocked", "red", "stopped"), ("throttled", "orange", "impaired"), ("down", "orange", "impaired")],
)
def test_the_worst_is_said(tmp_path: Path, kind: str, colour: str, word: str) -> None:
    found = badge(tmp_path, state(), state(app="viber", state=kind))
    assert found["color"] == colour
    assert found["message"].startswith(f"{word} on 1 of 2 series")


def test_emulated_is_in_the_label(tmp_path: Path) -> None:
    assert badge(tmp_path, state(), instance="lab")["label"] == "calls [emulated]"


def test_one_of_all_and_one_a_country_in_each_language(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, states=[state(state="blocked"), state(country="FR")])
    files = {path: msgspec.json.decode(content) for path, content in status_files(bundle, LANGUAGES)}
    assert list(files) == [
        "status.json", "status/FR.json", "status/MA.json",
        "status/fr/all.json", "status/fr/FR.json", "status/fr/MA.json",
        "status/ar/all.json", "status/ar/FR.json", "status/ar/MA.json",
    ]  # fmt: skip
    assert [files[f"status/{code}.json"]["color"] for code in ("FR", "MA")] == ["green", "red"]
    assert files["status/fr/MA.json"]["label"] == "appels, Maroc"
