"""Addresses: no name leaves its folder, no two share one, relative links lead back."""

from posixpath import normpath

from hypothesis import assume, given
from hypothesis import strategies as st

from voipwatch.site import links
from voipwatch.site.links import Here, part_of

NAMES = st.text(min_size=0, max_size=20)


def test_plain_names_are_readable() -> None:
    assert links.operator("MA", "Operator A") == "countries/MA/operators/Operator_A/"
    assert links.app("MA", "whatsapp") == "countries/MA/apps/whatsapp/"
    assert links.series("MA", "AS36925", "4g", "imo") == "countries/MA/series/AS36925/4g/imo/"
    assert links.month("a/", "2016-01") == "a/2016-01/"
    assert links.claim("morocco-2016/start") == "claims/morocco-2016/start/"
    assert links.revision("MA-2016-01-a", 3) == "incidents/MA-2016-01-a/r3/"


@given(NAMES)
def test_no_name_leaves_its_folder(name: str) -> None:
    part = part_of(name)
    assert part
    assert not set(part) & set("/\\%?#:<>\"' ")
    assert part not in {".", ".."}
    assert part.isascii()


@given(NAMES, NAMES)
def test_no_two_names_share_one(first: str, second: str) -> None:
    assume(first != second)
    assert part_of(first) != part_of(second)


def test_a_name_that_looks_like_a_digest_is_not_taken_for_one() -> None:
    assert part_of("a_b") != part_of("a b")
    assert part_of(part_of("<b>")) != part_of("<b>")


@given(st.lists(NAMES, min_size=4, max_size=4), st.sampled_from(["en", "ar"]))
def test_a_relative_link_leads_to_its_page(names: list[str], lang: str) -> None:
    here = Here("fr", links.series(*names))
    target = links.claim("/".join(names))
    link = here.page(target, lang=lang, anchor="x")
    assert link.endswith("/#x")
    found = normpath(f"/{here.file.removesuffix('index.html')}{link.removesuffix('#x')}")
    assert found == normpath(f"/{lang}/{target}")


def test_a_page_leads_to_itself_and_to_the_root() -> None:
    assert Here("en", "").page("") == "./"
    assert Here("en", "timeline/").page("timeline/", lang="fr") == "../../fr/timeline/"
    assert Here("en", "timeline/").file_at("") == "../../"
    assert Here("en", "timeline/").file_at("assets/x.css") == "../../assets/x.css"
