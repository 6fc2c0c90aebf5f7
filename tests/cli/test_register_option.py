"""`--register`: what is understood, and what is said of the rest."""

import builtins
from typing import Any

import pytest

from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.register_option import parse_register_url, register_opener
from voipwatch.model.sessionclaims import RegisterAwayError


def test_what_is_a_registers_address() -> None:
    assert parse_register_url(None) == ""
    for url in ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@[::1]:5432/d?sslmode=require"):
        assert parse_register_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["", "h", "sqlite:////tmp/x", "postgresql://u:secret@h", "postgresql://h:70000/d", "postgresql:///d"],
)
def test_what_is_none_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(Misuse) as caught:
        parse_register_url(url)
    assert (caught.value.key, caught.value.values) == ("error.register", {})


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "psycopg":
            raise ModuleNotFoundError("no", name=name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Trouble) as caught:
        parse_register_url("postgresql://h/d")
    assert (caught.value.key, caught.value.values["name"]) == ("error.no_register", "psycopg")


def test_it_is_opened_when_a_collector_wants_it() -> None:
    assert register_opener("") is None
    opener = register_opener("postgresql://u@127.0.0.1:1/d")
    assert opener is not None
    with pytest.raises(RegisterAwayError, match="unreachable"):
        opener()
