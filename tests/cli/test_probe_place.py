"""The probe's folder, opened."""

from pathlib import Path

import pytest

from tests.cli.doubles import Stream
from tests.support.probe import START_S, setup_of
from voipwatch.cli.context import Context
from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.language import texts
from voipwatch.cli.probe_place import Busy, held, open_setup, open_state, probe_folder, wanted_consent
from voipwatch.probe.files import locked
from voipwatch.probe.settings import make_secret, write_setup


def context(home: Path) -> Context:
    return Context(texts("en"), stderr=Stream(), environment={"XDG_DATA_HOME": str(home)})


def test_it_lies_beside_the_kept_tickets(tmp_path: Path) -> None:
    assert probe_folder(context(tmp_path)) == tmp_path / "voipwatch" / "probe"


def test_a_set_up_opens_with_its_secret(tmp_path: Path) -> None:
    with pytest.raises(Misuse):
        open_setup(tmp_path)
    write_setup(tmp_path, setup_of())
    with pytest.raises(Misuse):
        open_setup(tmp_path)
    secret = make_secret(tmp_path)
    assert open_setup(tmp_path) == (setup_of(), secret)


def test_two_apps_or_more_are_of_the_medium_tier() -> None:
    assert wanted_consent(setup_of(apps=("sip",))).tier == "low"
    assert wanted_consent(setup_of()).tier == "medium"


def test_a_state_that_was_set_aside_has_todays_data_spent(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(b"x")
    state = open_state(context(tmp_path), tmp_path, setup_of(), now_s=START_S)
    assert state.spending.on("2026-11-05") == setup_of().day_bytes


def test_a_folder_in_use_or_missing_is_said(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(Busy), held(tmp_path):
        pass
    with pytest.raises(Misuse), held(tmp_path / "none"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble), held(tmp_path / "file"):
        pass
