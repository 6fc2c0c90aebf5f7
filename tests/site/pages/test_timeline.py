"""The timeline: phases and claims in one order; dates that cannot be stand apart."""

from pathlib import Path

from tests.site.bundles import claim, with_claims
from voipwatch.site.bundle import read_bundle
from voipwatch.site.pages.site import Site
from voipwatch.site.pages.timeline import timeline
from voipwatch.site.words import words


def test_one_order(made: Path, tmp_path: Path) -> None:
    bundle = with_claims(
        made, tmp_path / "b", claim("a/late", date="2016-02"), claim("a/no", date="2016-02-30"),
        claim("a/early", date="2015-12-31"), claim("a/open", date="../2016-01-20"),
    )  # fmt: skip
    page = timeline(Site(read_bundle(bundle)), words("en"))
    told = [(name, [entry.datetime for entry in entries]) for name, entries in page.months]
    assert told == [
        ("December 2015", ["2015-12-31"]),
        ("January 2016", ["2016-01-11", "2016-01-21"]),
        ("February 2016", ["2016-02-01"]),
    ]
    assert [claim.id for claim in page.undated] == ["a/no"]
