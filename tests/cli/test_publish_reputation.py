"""`voipwatch publish --reputation`: what is taken, what is refused, and that the site has it."""

import json
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from tests.site.bundles import published
from tests.support.followers import DONORS, EVENT, PAGE, troubled, walks
from voipwatch.civic.observations import encode_csv
from voipwatch.cli.errors import Misuse
from voipwatch.cli.publish_reputation import ReputationOptions, watch_of_options

HERE = Path("site")


@pytest.fixture
def counts(tmp_path: Path) -> Path:
    place = tmp_path / "counts.csv"
    place.write_text(encode_csv(walks(donors=2)))
    return place


def test_nothing_asked_is_nothing() -> None:
    assert watch_of_options(ReputationOptions(), site=None) is None


def test_a_file_an_event_and_donors(counts: Path) -> None:
    found = watch_of_options(ReputationOptions(str(counts), EVENT, f"{DONORS[0]}, {DONORS[1]},"), site=HERE)
    assert found is not None
    assert (found.pages, found.event, found.donors) == ((PAGE,), EVENT, frozenset(DONORS[:2]))


@pytest.mark.parametrize(
    ("event", "donors", "key"),
    [
        ("soon", "", "reputation.date"),
        ("", "facebook:nobody", "reputation.page_unknown"),
        ("", ",".join((PAGE, *DONORS[:2])), "publish.reputation_donors_all"),
    ],
)
def test_what_is_refused(counts: Path, event: str, donors: str, key: str) -> None:
    with pytest.raises(Misuse) as caught:
        watch_of_options(ReputationOptions(str(counts), event, donors), site=HERE)
    assert caught.value.key == key


def test_a_file_is_needed_and_a_site(counts: Path, tmp_path: Path) -> None:
    for options, site, key in (
        (ReputationOptions(event=EVENT), HERE, "publish.reputation_alone"),
        (ReputationOptions(donors=PAGE), HERE, "publish.reputation_alone"),
        (ReputationOptions(str(counts)), None, "site.no_site"),
        (ReputationOptions(str(tmp_path / "none.csv")), HERE, "reputation.unreadable"),
    ):
        with pytest.raises(Misuse) as caught:
            watch_of_options(options, site=site)
        assert caught.value.key == key
    empty = tmp_path / "empty.csv"
    empty.write_text(encode_csv([]))
    with pytest.raises(Misuse) as caught:
        watch_of_options(ReputationOptions(str(empty)), site=HERE)
    assert caught.value.key == "reputation.empty"


def test_the_site_has_it_and_only_its_pages_change(tmp_path: Path) -> None:
    bundle = published(tmp_path / "made").resolve()
    line = ("publish", "--bundle", str(bundle), "--site", str(tmp_path / "site"), "--json")
    assert run_line(*line).status == 0
    counts = tmp_path / "counts.csv"
    counts.write_text(encode_csv(troubled()))
    for event, written in (("2026-03-12", 4), ("2026-03-12", 0), ("2026-03-13", 3)):
        ran = run_line(*line, "--reputation", str(counts), "--reputation-event", event)
        assert (ran.status, ran.err) == (0, "")
        assert json.loads(ran.out)["written"] == written
    shown = (tmp_path / "site/fr/reputation/index.html").read_text("utf-8")
    assert "operator" in shown
    assert "13 mars 2026" in shown
