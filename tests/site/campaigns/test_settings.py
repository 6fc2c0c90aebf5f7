"""Settings: what is taken, and what is refused by its name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.site.campaigns.instance import SETTINGS, WALL
from voipwatch.site.campaigns.settings import SettingsError, parse_settings, read_settings

GOOD = SETTINGS.format(database="", port=25, pace=30, posts=20)


def test_what_is_left_out_is_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "campaigns.toml").write_text(GOOD.replace('database = ""', ""), "utf-8")
    found = read_settings(tmp_path)
    assert found.database == f"sqlite:///{tmp_path}/db/civic.sqlite"
    assert found.secrets == tmp_path / "secrets"
    assert found.settings.url == "https://watch.example"


@pytest.mark.parametrize(
    ("of", "to", "field"),
    [
        ("url =", "url", "file"),
        ('"https://watch.example"', '"watch.example"', "url"),
        ('"https://watch.example"', '"https://u@watch.example"', "url"),
        ('"https://watch.example"', '"https://watch.example/?x"', "url"),
        ('"https://watch.example"', '"https://[watch"', "url"),
        ("posts_a_minute = 20", "posts_a_minute = 0", "posts_a_minute"),
        ("posts_a_minute = 20", "posts_per = 1", "file"),
        ('"no-reply@watch.example"', '"a@b\\nBcc: c@d.org"', "mail.sender"),
        ('"bounces@watch.example"', '"bounces+x@watch.example"', "mail.bounces"),
        ('"bounces@watch.example"', '"bounces-to-us@watch.example"', "mail.bounces"),
        ("port = 25", "port = 0", "mail.port"),
        ("port = 25", 'port = 25\nsecurity = "maybe"', "mail.security"),
        ("port = 25", 'port = 25\nuser = "u"', "mail.user"),
        ("port = 25", 'port = 25\nuser = "u"\npassword_file = "p"', "mail.security"),
        ("port = 25", 'port = 25\nsender_name = "a\\nb"', "mail.sender_name"),
        ("per_domain_a_minute = 30", "per_domain_a_minute = 0", "mail.per_domain_a_minute"),
        ("port = 25", "port = 25\nper_domain_a_day = 0", "mail.per_domain_a_day"),
    ],
)
def test_what_is_wrong_is_named(of: str, to: str, field: str) -> None:
    assert of in GOOD
    with pytest.raises(SettingsError) as refused:
        parse_settings(GOOD.replace(of, to, 1))
    assert refused.value.field == field


def test_secrets_do_not_lie_beside_the_database(tmp_path: Path) -> None:
    (tmp_path / "campaigns.toml").write_text('secrets = "db/secrets"\n' + GOOD, "utf-8")
    with pytest.raises(SettingsError) as refused:
        read_settings(tmp_path)
    assert refused.value.field == "secrets"
    with pytest.raises(SettingsError):
        read_settings(tmp_path / "elsewhere")


def test_an_instances_own_list_of_throwaways(tmp_path: Path) -> None:
    (tmp_path / "campaigns.toml").write_text('disposable = "more.txt"\n' + GOOD, "utf-8")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path)
    (tmp_path / "more.txt").write_text("# ours\nwegwerf.example\n\n", "utf-8")
    assert "wegwerf.example" in read_settings(tmp_path).domains.disposable
    (tmp_path / "more.txt").write_text("no domain\n", "utf-8")
    with pytest.raises(SettingsError, match="is no domain"):
        read_settings(tmp_path)


@given(st.text(max_size=200))
def test_any_text_is_settings_or_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse_settings(text)


def test_a_wall_has_somebody_who_is_responsible_for_it() -> None:
    assert parse_settings(GOOD).wall is None
    found = parse_settings(GOOD + WALL).wall
    assert found is not None
    assert found.contact == "data@example.org"
    for of, to, field in (
        ('"Association of the Line"', '" "', "wall.name"),
        ('contact = "data@example.org"', "", "file"),
        ('contact = "data@example.org"', 'contact = ""', "wall.contact"),
    ):
        with pytest.raises(SettingsError) as refused:
            parse_settings(GOOD + WALL.replace(of, to))
        assert refused.value.field == field
