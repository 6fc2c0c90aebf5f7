"""What a page says of itself to machines, as JSON-LD (schema.org): the data set, findings on claims.

A claim is rated "contradicted by measurement" or "supported by measurement" with n and the interval, never
true or false; only on a page of an incident that a person signed, and never of emulated measurements: those
say nothing of what a real source claimed.
"""

import re
from typing import Any, Final

import msgspec

from voipwatch.model.bundle import Manifest
from voipwatch.model.claims import ClaimState
from voipwatch.model.incidents import Incident, IncidentStatus
from voipwatch.model.instants import iso, seconds
from voipwatch.site import links
from voipwatch.site.bundle import Bundle, IncidentPage, Judged
from voipwatch.site.feeds.addresses import Addresses
from voipwatch.site.words import Words

LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
NEAR_S: Final = 7 * 86_400
"""A claim is about an incident where a row behind its check lies in the incident's time, or a week beside it:
what is said of an onset is checked on the days around it."""
_MONTH: Final = re.compile(r"tables/cells/(\d{4}-\d{2})\.csv")
_TYPES: Final = {".csv": "text/csv", ".sqlite": "application/vnd.sqlite3", ".json": "application/json"}


def dataset(bundle: Bundle, words: Words, file: str, base_url: str = "") -> dict[str, Any]:
    """The bundle as a data set, said on the page `file` (its path from the site's root)."""
    url = Addresses(file, base_url)
    manifest = bundle.manifest
    countries = sorted({state.country for state in bundle.states})
    months = sorted(match[1] for path in bundle.paths if (match := _MONTH.fullmatch(path)))
    described = words.plain(
        "feeds.described",
        countries=words.plain_list(words.country(code) for code in countries),
        moment=words.moment(manifest.as_of),
    )
    if manifest.is_unmeasured:
        described = words.plain("foot.nothing")
    emulated = f"[{words.plain('feeds.emulated')}] " if manifest.synthetic else ""
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": f"{emulated}voipwatch",
        "description": f"{emulated}{described}",
        "identifier": f"sha256:{bundle.digest}",
        **_times(manifest),
        "inLanguage": words.html_lang,
        "isAccessibleForFree": True,
        "license": LICENCE,
        "creator": {"@type": "Organization", "name": "voipwatch"},
        "spatialCoverage": [{"@type": "Country", "name": words.country(code)} for code in countries],
        "distribution": [
            {
                "@type": "DataDownload",
                "contentUrl": url(f"bundle/{path}"),
                "encodingFormat": kind,
                "sha256": bundle.sha256(path),
            }
            for path in bundle.paths
            if "/" not in path or path.startswith("tables/")
            for suffix, kind in _TYPES.items()
            if path.endswith(suffix)
        ],
    }
    if months:
        found["temporalCoverage"] = f"{months[0]}/{months[-1]}"
    if base_url:
        found["url"] = url(f"{words.lang}/data/")
    return found


def claim_reviews(
    bundle: Bundle, page: IncidentPage, words: Words, file: str, base_url: str = ""
) -> list[dict[str, Any]]:
    """What the rows say to claims about an incident; empty unless it is reviewed and real."""
    incident = page.incident
    if incident.synthetic or incident.status is not IncidentStatus.REVIEWED:
        return []
    url = Addresses(file, base_url)
    return [
        _review(judged, page, words, url)
        for judged in bundle.claims
        if judged.check.state is not ClaimState.NOT_MEASURABLE and is_about(judged, incident)
    ]


def names_nobody_else(judged: Judged, incident: Incident) -> bool:
    """Whether a claim names no operator that the incident does not name: it may stand beside it."""
    return set(judged.claim.scope.operators) <= set(incident.named)


def is_about(judged: Judged, incident: Incident) -> bool:
    """Whether a row behind a claim's check is one of the incident's series, at its time. A claim that names
    an operator which the incident does not name is not repeated beside it.
    """
    claim = judged.claim
    if claim.scope.country != incident.country or not incident.spread:
        return False
    if not names_nobody_else(judged, incident):
        return False
    reached = {(row.series.operator, row.series.access, row.series.app) for row in incident.spread}
    first, last = incident.spread[0], [row.ended_latest for row in incident.spread]
    since = iso(seconds(first.earliest or first.latest) - NEAR_S)
    until = iso(seconds(max(each or "" for each in last)) + NEAR_S) if incident.ended else "9999"
    return any(
        (row.operator, row.access, row.app) in reached and since <= row.start <= until
        for row in judged.check.rows
    )


def rating_text(judged: Judged, words: Words) -> str:
    """`contradicted by measurement: n = 18, 0 % agree, interval 0 % to 13 %`."""
    check = judged.check
    return words.plain(
        f"feeds.rating.{check.state.value}",
        count=check.units,
        share=words.percent(check.share or 0.0),
        low=words.percent(check.share_low or 0.0),
        high=words.percent(1.0 if check.share_high is None else check.share_high),
    )


def _review(judged: Judged, page: IncidentPage, words: Words, url: Addresses) -> dict[str, Any]:
    claim, source = judged.claim, judged.claim.source
    appearance: dict[str, Any] = {"@type": "CreativeWork", "name": source.title}
    if source.url:
        appearance["url"] = source.url
    if source.publisher:
        appearance["author"] = {"@type": "Organization", "name": source.publisher}
    claimed: dict[str, Any] = {"@type": "Claim", "appearance": appearance}
    return {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "url": url(f"{words.lang}/{links.incident(page.incident.id)}"),
        "datePublished": page.reviews[-1].at if page.reviews else page.revised_at[-1],
        "inLanguage": words.html_lang,
        "author": {"@type": "Organization", "name": "voipwatch"},
        "claimReviewed": text_in(claim.text, claim.translations, words.lang),
        "itemReviewed": claimed,
        "reviewRating": {"@type": "Rating", "alternateName": rating_text(judged, words)},
    }


def text_in(english: str, translations: "tuple[Any, ...]", lang: str) -> str:
    """Our own words in that language where there are any, else in English."""
    return next((str(each.text) for each in translations if each.lang == lang), english)


def encode_json_ld(documents: "list[dict[str, Any]] | dict[str, Any]") -> str:
    """For `<script type="application/ld+json">`: nothing in it ends the element. Empty for nothing."""
    if not documents:
        return ""
    text = msgspec.json.encode(documents).decode()
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _times(manifest: Manifest) -> dict[str, str]:
    """When the data set was made and until when it holds; nothing of one in which nothing was measured."""
    if manifest.is_unmeasured:
        return {}
    return {"version": manifest.as_of, "dateModified": manifest.as_of, "expires": manifest.valid_until}
