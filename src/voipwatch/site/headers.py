"""What every answer of the site says beside its content: types, who may embed or read it, for how long.

Sources: Content Security Policy 3, Fetch (CORS, CORP), RFC 9111 (caching). One table by path, so that a
review of the policy is a review of this file.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from voipwatch.site.counter.frame import POLICY as FRAME_POLICY

Headers = tuple[tuple[bytes, bytes], ...]
POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"font-src 'none'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
)
PAGE_POLICY: Final = POLICY + b"frame-ancestors 'none'"
COUNTER_POLICY: Final = FRAME_POLICY.encode()
"""Its sheet is inside of it, and told by its digest."""
NOTHING_POLICY: Final = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""Of what is no page: opened by itself, an SVG or an XML runs nothing. A picture may style itself."""
PERMISSIONS: Final = (
    b"accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), "
    b"geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
)
OPEN: Final = (
    "/api/",
    "/feeds/",
    "/counter/",
    "/counter-",
    "/status/",
    "/status.json",
    "/bundle/",
    "/timeline/",
)
"""Anybody's page may read these."""
SHOWN_ELSEWHERE: Final = ("/cards/",)
"""Anybody's page may show these."""
IMMUTABLE: Final = ("/assets/", "/counter-")
"""The name changes with the content."""
YEAR_S: Final = 31_536_000
PAGE_S: Final = 60
"""Readers see a correction within a minute of its publishing; a crowd is served from caches all the same."""
TYPES: Final[Mapping[str, bytes]] = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json",
    ".jsonl": b"application/jsonl",
    ".atom": b"application/atom+xml; charset=utf-8",
    ".ics": b"text/calendar; charset=utf-8",
    ".svg": b"image/svg+xml; charset=utf-8",
    ".png": b"image/png",
    ".ico": b"image/x-icon",
    ".txt": b"text/plain; charset=utf-8",
    ".sig": b"text/plain; charset=utf-8",
    ".csv": b"text/csv; charset=utf-8",
    ".parquet": b"application/vnd.apache.parquet",
    ".sqlite": b"application/vnd.sqlite3",
    ".zip": b"application/zip",
    ".cff": b"application/yaml",
    ".webmanifest": b"application/manifest+json",
    ".xml": b"application/xml; charset=utf-8",
    "": b"text/plain; charset=utf-8",
}
UNKNOWN_TYPE: Final = b"application/octet-stream"
TEXTS: Final = frozenset({".html", ".css", ".js", ".json", ".jsonl", ".atom", ".ics", ".svg", ".csv", ".txt"})
PACKED: Final = frozenset({".png", ".ico", ".parquet", ".zip"})
"""Compressed already."""


def suffix_of(path: str) -> str:
    """`.json`, in lower case."""
    return PurePosixPath(path).suffix.lower()


def type_of(path: str) -> bytes:
    """The media type of a file by its path from the root, which begins with a slash."""
    if path.startswith("/feeds/") and path.endswith(".json"):
        return b"application/feed+json"
    return TYPES.get(suffix_of(path), UNKNOWN_TYPE)


def is_open(path: str) -> bool:
    """Whether pages of other origins may read it."""
    return path.startswith(OPEN)


def headers_of(path: str) -> Headers:
    """All but length, tag, coding and range."""
    kind = type_of(path)
    is_page = kind.startswith(b"text/html")
    found = [
        (b"content-type", kind),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"permissions-policy", PERMISSIONS),
        (b"cache-control", _cache(path)),
    ]
    if kind.startswith(b"text/javascript"):
        policy = PAGE_POLICY  # a worker lives under the policy of its own file
    elif not is_page:
        policy = NOTHING_POLICY
    elif path.startswith("/counter/"):
        policy = COUNTER_POLICY
    else:
        policy = PAGE_POLICY
        found.append((b"cross-origin-opener-policy", b"same-origin"))
    found.append((b"content-security-policy", policy))
    if is_open(path):
        found.append((b"access-control-allow-origin", b"*"))
        found.append((b"access-control-expose-headers", b"etag, date"))
    shared = is_open(path) or path.startswith(SHOWN_ELSEWHERE)
    found.append((b"cross-origin-resource-policy", b"cross-origin" if shared else b"same-origin"))
    return tuple(found)


def _cache(path: str) -> bytes:
    if path.startswith(IMMUTABLE):
        return b"public, max-age=%d, immutable" % YEAR_S
    return b"public, max-age=%d" % PAGE_S
