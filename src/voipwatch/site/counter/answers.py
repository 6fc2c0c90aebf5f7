"""What a server answers when a counter is asked for: rendered once, kept until it changes.

No event loop, no framework, no log: a path and a time come in, an answer goes out, and nothing about who
asked is even a parameter. An answer is kept until its document's `next_change_at`; caches are told to keep it
as long, but never over an hour, so that a correction is seen the same hour. How much is kept is bounded by
the counters that there are: an address that is none of theirs leaves nothing behind.
"""

import gzip
import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from voipwatch.model.instants import seconds
from voipwatch.site.counter.document import CounterDocument, counter_document, encoded
from voipwatch.site.counter.frame import POLICY, frame
from voipwatch.site.counter.module import current_module, modules
from voipwatch.site.counter.oembed import OembedError, asked, description, oembed_url
from voipwatch.site.counter.petitions import CountedPetition
from voipwatch.site.counter.selfhost import archive
from voipwatch.site.counter.subjects import CounterSubject
from voipwatch.site.counter.svg import badge
from voipwatch.site.words import LANGUAGES

CACHE_MAX_S: Final = 3600
OUTDATED_CACHE_S: Final = 300
"""Of what time alone does not change: a new bundle may come at any minute."""
_FOR_EVER: Final = "public, max-age=31536000, immutable"  # a year, the most that RFC 2616 advised
_GZIP_LEAST_BYTES: Final = 512
_ETAGS_MAX_CHARS: Final = 1024
_WITH_PETITION: Final = re.compile(
    r"/counter/(?P<lang>[a-z]+)/(?P<id>[A-Za-z0-9-]+)/petition/(?P<petition>[a-z0-9-]+)(?P<ending>\.svg|\.zip|/)",
    re.ASCII,
)

Headers = tuple[tuple[str, str], ...]
COMMON: Final[Headers] = (
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "date"),
    ("cross-origin-resource-policy", "cross-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
)
_NOTHING: Final = "default-src 'none'; frame-ancestors *"
_TYPES: Final = {
    "json": "application/json; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
    "frame": "text/html; charset=utf-8",
    "zip": "application/zip",
    "module": "text/javascript; charset=utf-8",
}


class Answer(NamedTuple):
    """What goes out. Names of headers are lower case; the server adds date and content-length."""

    status: int
    headers: Headers
    body: bytes


class _Route(NamedTuple):
    kind: str
    id: str
    lang: str
    petition: str = ""


class _Kept:
    """One rendered answer, with and without gzip."""

    __slots__ = ("body", "etag", "expires_s", "from_s", "headers", "packed", "second", "spoken", "until_s")

    def __init__(
        self, body: bytes, headers: Headers, *, from_s: float, until_s: float, expires_s: float | None
    ) -> None:
        self.body = body
        packed = gzip.compress(body, 9, mtime=0) if len(body) >= _GZIP_LEAST_BYTES else body
        self.packed = packed if len(packed) < len(body) else None
        self.etag = f'"{sha256(body).hexdigest()[:24]}"'
        self.headers = headers
        self.from_s = from_s
        self.until_s = until_s
        self.expires_s = expires_s
        """When caches must let go of it; None: never."""
        self.second = -1
        self.spoken: dict[bool, Headers] = {}
        """Headers of this second, with and without gzip."""

    def headers_at(self, now_s: float, packed: bool) -> Headers:
        """All headers; their age limit counts down, once a second."""
        second = int(now_s)
        if second != self.second:
            self.second = second
            self.spoken = {}
        found = self.spoken.get(packed)
        if found is None:
            found = self.spoken[packed] = self._headers(now_s, packed)
        return found

    def tag(self, packed: bool) -> str:
        """Strong: the bytes under it are the same (RFC 9110, section 8.8.1), so each coding has its own."""
        return f'{self.etag[:-1]}-gz"' if packed else self.etag

    def _headers(self, now_s: float, packed: bool) -> Headers:
        age = _FOR_EVER
        if self.expires_s is not None:
            left_s = max(0, min(CACHE_MAX_S, int(self.expires_s - now_s)))
            age = f"public, max-age={left_s}"
        coding = (("content-encoding", "gzip"),) if packed else ()
        vary = (("vary", "accept-encoding"),) if self.packed is not None else ()
        return (*self.headers, ("cache-control", age), ("etag", self.tag(packed)), *coding, *vary)


class CounterAnswers:
    """The counters of one bundle, as a server gives them. A new bundle is a new object."""

    def __init__(
        self,
        subjects: Iterable[CounterSubject],
        *,
        base: str = "",
        petitions: Callable[[], Sequence[CountedPetition]] = tuple,
    ) -> None:
        """Nothing is rendered before it is asked for.

        Args:
            subjects: of the bundle.
            base: address of the site, `https://voip.example`, without a slash at its end. Without it there is
                no oEmbed, and links are relative.
            petitions: what is known of their counts; the same object until it changes, and never waited for.
        """
        self._petitions = petitions
        self._counted: Sequence[CountedPetition] = petitions()
        self._base = base
        self._subjects = {each.id: each for each in subjects}
        self._documents: dict[str, tuple[float, float, CounterDocument]] = {}
        self._kept: dict[str, _Kept] = {}
        self._routes: dict[str, _Route] = {}
        for name in self._subjects:
            self._routes[f"/counter/{name}.json"] = _Route("json", name, "")
            for lang in LANGUAGES:
                place = f"/counter/{lang}/{name}"
                self._routes[f"{place}.svg"] = _Route("svg", name, lang)
                self._routes[f"{place}.zip"] = _Route("zip", name, lang)
                self._routes[f"{place}/"] = _Route("frame", name, lang)
        for module in modules():
            self._routes[f"/{module.name}"] = _Route("module", module.name, "")

    def document(self, name: str, now_s: float | None) -> CounterDocument:
        """A counter's document, now or (None) as a mirror has it. Raises KeyError for no counter of ours."""
        if now_s is None:
            return counter_document(self._subjects[name], None, base=self._base, petitions=self._counted)
        return self._document(name, now_s)[2]

    def answer(
        self, path: str, now_s: float, *, query: str = "", accept_encoding: str = "", if_none_match: str = ""
    ) -> Answer | None:
        """The answer to a GET; of a HEAD, without its body. None: that path is not a counter's.

        Args:
            path: percent-decoded, as ASGI has it.
            now_s: Unix seconds.
            query: without the question mark; only `/oembed` reads it.
            accept_encoding: the header's value, or empty.
            if_none_match: the header's value, or empty.
        """
        counted = self._petitions()
        if counted is not self._counted:
            self._counted = counted
            self._documents.clear()
            self._kept.clear()
        kept = self._kept.get(path)
        if kept is None or not kept.from_s <= now_s < kept.until_s:
            route = self._routes.get(path) or self._beside(path)
            if route is None:
                return self._other(path, now_s, query)
            kept = self._kept[path] = self._rendered(route, now_s)
        packed = kept.packed is not None and "gzip" in accept_encoding and "gzip;q=0" not in accept_encoding
        headers = kept.headers_at(now_s, packed)
        if if_none_match and _matches(if_none_match, kept.tag(packed)):
            return Answer(304, headers, b"")
        return Answer(200, headers, kept.packed if packed and kept.packed is not None else kept.body)

    def _beside(self, path: str) -> _Route | None:
        """`/counter/LANG/ID/petition/ID.svg` and its kin: a counter with the count of a petition."""
        found = _WITH_PETITION.fullmatch(path)
        if found is None or not any(each.id == found["petition"] for each in self._counted):
            return None
        route = self._routes.get(f"/counter/{found['lang']}/{found['id']}/")
        kind = {".svg": "svg", ".zip": "zip", "/": "frame"}[found["ending"]]
        return None if route is None else route._replace(kind=kind, petition=found["petition"])

    def _other(self, path: str, now_s: float, query: str) -> Answer | None:
        if path == "/oembed":
            return self._oembed(query, now_s)
        if path.startswith("/counter/"):
            return _refused(404, "there is no such counter")
        return None

    def _oembed(self, query: str, now_s: float) -> Answer:
        if not self._base:
            return _refused(404, "this server does not know its own address")
        try:
            question = asked(query, base=self._base, known=self._subjects)
        except OembedError as error:
            return _refused(error.status, str(error))
        body = description(self.document(question.id, now_s), question, base=self._base)
        age = ("cache-control", f"public, max-age={CACHE_MAX_S}")
        return Answer(200, (*COMMON, ("content-type", _TYPES["json"]), age), body)

    def _document(self, name: str, now_s: float) -> tuple[float, float, CounterDocument]:
        """From when, until when, what."""
        known = self._documents.get(name)
        if known is not None and known[0] <= now_s < known[1]:
            return known
        subject = self._subjects[name]
        document = counter_document(subject, now_s, base=self._base, petitions=self._counted)
        as_of_s = seconds(subject.as_of)
        if document.next_change_at is not None:
            from_s, until_s = now_s, seconds(document.next_change_at)
        elif now_s < as_of_s:  # a clock that is behind: until it is right
            from_s, until_s = float("-inf"), as_of_s
        else:
            from_s, until_s = now_s, float("inf")
        # A clock that is set back is asked again, too.
        found = self._documents[name] = (from_s, until_s, document)
        return found

    def _rendered(self, route: _Route, now_s: float) -> _Kept:
        kind, name, lang, _ = route
        headers: list[tuple[str, str]] = [*COMMON, ("content-type", _TYPES[kind])]
        if kind == "module":
            body = next(each.body for each in modules() if each.name == name)
            return _Kept(body, tuple(headers), from_s=float("-inf"), until_s=float("inf"), expires_s=None)
        from_s, until_s, document = self._document(name, now_s)
        petition = document.petition(route.petition)
        if kind == "json":
            body = encoded(document)
        elif kind == "svg":
            body = badge(document, lang, petition)
        elif kind == "frame":
            # A description is of the counter alone.
            oembed = oembed_url(document.id, lang, self._base) if petition is None else ""
            body = frame(document, lang, oembed=oembed, petition=petition)
        else:
            body = archive(
                self.document(name, None), lang, base=self._base, module=current_module(), petition=petition
            )
            headers.append(("content-disposition", f'attachment; filename="voipwatch-counter-{name}.zip"'))
        headers.append(("content-security-policy", POLICY if kind == "frame" else _NOTHING))
        if lang:
            headers.append(("content-language", lang))
        if document.synthetic:
            headers.append(("x-robots-tag", "noindex"))
        steady = until_s == float("inf") or now_s < seconds(document.as_of)
        return _Kept(
            body,
            tuple(headers),
            from_s=from_s,
            until_s=min(until_s, now_s + OUTDATED_CACHE_S) if steady else until_s,
            expires_s=now_s + OUTDATED_CACHE_S if steady else until_s,
        )


def _matches(if_none_match: str, etag: str) -> bool:
    """RFC 9110, section 13.1.2: weak comparison with any of the list."""
    if if_none_match == etag:
        return True
    given = if_none_match[:_ETAGS_MAX_CHARS].split(",")
    return any(each.strip().removeprefix("W/") in {etag, "*"} for each in given)


def _refused(status: int, why: str) -> Answer:
    headers = (*COMMON, ("content-type", _TYPES["json"]), ("cache-control", "public, max-age=60"))
    return Answer(status, headers, msgspec.json.encode({"error": why}))
