import pytest

from voipwatch.site.headers import COUNTER_POLICY, PAGE_POLICY, headers_of, is_open, type_of


def of(path: str) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers_of(path)}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/en/index.html", "text/html; charset=utf-8"),
        ("/feeds/en.json", "application/feed+json"),
        ("/feeds/en.atom", "application/atom+xml; charset=utf-8"),
        ("/feeds/en.ics", "text/calendar; charset=utf-8"),
        ("/api/v1/index.json", "application/json"),
        ("/bundle/tables/cells/2016-01.parquet", "application/vnd.apache.parquet"),
        ("/bundle/LICENCE", "text/plain; charset=utf-8"),
        ("/bundle/x.weird", "application/octet-stream"),
        ("/assets/a.JS", "text/javascript; charset=utf-8"),
    ],
)
def test_types(path: str, kind: str) -> None:
    assert type_of(path).decode() == kind


def test_pages_may_be_framed_by_nobody_and_counters_by_anybody() -> None:
    page, counter = of("/en/index.html"), of("/counter/en/MA/index.html")
    assert page["content-security-policy"] == PAGE_POLICY.decode()
    assert "frame-ancestors 'none'" in page["content-security-policy"]
    assert counter["content-security-policy"] == COUNTER_POLICY.decode()
    assert "frame-ancestors *" in counter["content-security-policy"]
    for policy in (page["content-security-policy"], counter["content-security-policy"]):
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy


@pytest.mark.parametrize(
    "path", ["/en/", "/feeds/en.atom", "/assets/a.css", "/bundle/x.sqlite", "/cards/en/x.png"]
)
def test_every_answer_is_safe(path: str) -> None:
    found = of(path)
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "no-referrer"
    assert "camera=()" in found["permissions-policy"]
    assert "set-cookie" not in found


@pytest.mark.parametrize(
    ("path", "readable", "shown"),
    [
        ("/api/v1/index.json", True, True),
        ("/feeds/en.atom", True, True),
        ("/status.json", True, True),
        ("/status/MA.json", True, True),
        ("/counter-abc.js", True, True),
        ("/bundle/manifest.json", True, True),
        ("/cards/en/x.png", False, True),
        ("/en/index.html", False, False),
        ("/assets/style-1.css", False, False),
    ],
)
def test_who_may_read_and_show(path: str, readable: bool, shown: bool) -> None:
    found = of(path)
    assert (found.get("access-control-allow-origin") == "*") is readable is is_open(path)
    assert (found["cross-origin-resource-policy"] == "cross-origin") is shown


def test_only_hashed_names_are_immutable() -> None:
    assert "immutable" in of("/assets/style-1.css")["cache-control"]
    assert "immutable" in of("/counter-abc.js")["cache-control"]
    assert "immutable" not in of("/en/index.html")["cache-control"]
    assert "immutable" not in of("/counter/MA.json")["cache-control"]
