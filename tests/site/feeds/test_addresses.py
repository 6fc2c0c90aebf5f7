import pytest

from voipwatch.site.feeds.addresses import Addresses


@pytest.mark.parametrize(
    ("file", "path", "link"),
    [
        ("feeds/en.atom", "feeds/en.atom", "en.atom"),
        ("feeds/en.atom", "en/", "../en/"),
        ("en/index.html", "feeds/en.atom", "../feeds/en.atom"),
        ("index.html", "en/", "en/"),
        ("feeds/en.atom", "bundle/a b%20", "../bundle/a%20b%2520"),
    ],
)
def test_relative_to_the_file(file: str, path: str, link: str) -> None:
    assert Addresses(file, "")(path) == link


def test_absolute_where_the_base_is_known() -> None:
    for base in ("https://voip.example", "https://voip.example/"):
        assert Addresses("feeds/en.atom", base)("en/") == "https://voip.example/en/"
