"""Files, columns, routes and the method's words."""

import pytest

from voipwatch.site.pages.papers import STATES_TOLD, api, corrections, data, method, size
from voipwatch.site.pages.site import Site
from voipwatch.site.words import LANGUAGES, words

EN = words("en")


def test_every_file_of_the_bundle_is_listed(site: Site) -> None:
    page = data(site, EN)
    listed = {file.path for _, files in page.groups for file in files}
    assert listed == {"manifest.json", "manifest.sig", *site.bundle.paths}
    assert dict(page.tables)["cells"][0].name == "synthetic"
    assert page.digest == site.bundle.digest


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_method_has_words_for_every_state(site: Site, lang: str) -> None:
    page = method(site, words(lang))
    assert len(page.states) == len(STATES_TOLD)
    assert all(paragraphs for _, _, paragraphs in page.sections)


def test_routes(site: Site) -> None:
    page = api(site, EN, (("status.json", True, "api.path"), ("counter/ID.json", False, "api.path")))
    assert [(route.path, route.href) for route in page.routes[-2:]] == [
        ("/status.json", "../../status.json"), ("/counter/ID.json", ""),
    ]  # fmt: skip
    assert corrections(site, EN).corrections == ()


@pytest.mark.parametrize(
    ("count", "said"),
    [(999, "999 B"), (1500, "1.5 kB"), (1_234_567, "1.2 MB"), (5_678_900_000, "5.7 GB"), (123_456, "123 kB")],
)
def test_sizes(count: int, said: str) -> None:
    assert size(EN, count) == said
