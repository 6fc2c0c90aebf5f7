"""Names that count as one owner's when looks are paced and places are bounded."""

import pytest

from voipwatch.civic.registrable import registrable_domain


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("example.org", "example.org"),
        ("a.b.c.example.org", "example.org"),
        ("example.ma", "example.ma"),
        ("blog.example.ma", "example.ma"),
        ("example.press.ma", "example.press.ma"),
        ("a.example.press.ma", "example.press.ma"),
        ("a.b.co.uk", "b.co.uk"),
        ("www.sante.gouv.fr", "sante.gouv.fr"),
        ("press.ma", "press.ma"),
        ("co.example", "co.example"),
        ("a.co.example", "co.example"),  # a last label of two letters alone is a country's
        ("a.com.org", "com.org"),
        ("blog.xn--4gbrim.xn--mgbc0a9azcg", "xn--4gbrim.xn--mgbc0a9azcg"),
    ],
)
def test_the_name_that_was_registered(host: str, wanted: str) -> None:
    assert registrable_domain(host) == wanted
    assert registrable_domain(wanted) == wanted
