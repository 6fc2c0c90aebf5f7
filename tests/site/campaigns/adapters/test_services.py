"""Which service a page is of."""

import pytest

from voipwatch.site.campaigns.adapters.services import SERVICES, service_of


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("facebook:maroctelecom", "maroctelecom"), ("x:inwi", "inwi"), ("youtube:@inwi", "@inwi"),
        ("mastodon:a@b.example", "a@b.example"),
    ],
)  # fmt: skip
def test_a_page_has_its_service_before_the_colon(page: str, name: str) -> None:
    found = service_of(page)
    assert found is not None
    assert (found[0], found[1]) == (SERVICES[page.partition(":")[0]], name)


@pytest.mark.parametrize("page", ["", "inwi", "myspace:tom", "x:", "x:a/b", "mastodon:a@localhost", "X:inwi"])
def test_what_is_no_page_of_a_service(page: str) -> None:
    assert service_of(page) is None
