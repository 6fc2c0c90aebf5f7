import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.site.made import bundle_of, ended, incident, reviewed, state
from voipwatch.model.claims import ClaimState
from voipwatch.model.incidents import Incident
from voipwatch.site.bundle import Judged
from voipwatch.site.feeds.jsonld import claim_reviews, dataset, encode_json_ld, is_about, rating_text, text_in
from voipwatch.site.words import LANGUAGES, words


def judged(
    verdict: str = "contradicted",
    *,
    start: str = "2016-01-05T00:00:00Z",
    operators: tuple[str, ...] = (),
    **scope: Any,
) -> dict[str, Any]:
    row = {
        "country": "MA", "operator": "AS64500", "access": "4g", "app": "whatsapp", "start": start,
        "level": "day",
    }  # fmt: skip
    return {
        "claim": {
            "id": "ma/claim",
            "type": "press",
            "says": "open",
            "date": "2016-01-05",
            "as_published": "5 janvier",
            "text": "Calls work.",
            "scope": {"country": "MA", "operators": operators} | scope,
            "source": {"publisher": "Paper", "title": "A text", "url": "https://paper.example/1"},
            "translations": [{"lang": "fr", "text": "Les appels passent."}],
        },
        "check": {
            "claim": "ma/claim", "state": verdict, "why": "disagrees", "units": 18, "share": 0.0,
            "share_low": 0.0, "share_high": 0.1307, "rows": [row],
        },
    }  # fmt: skip


def reviews(folder: Path, *revisions: Incident, lang: str = "en", **claim: Any) -> list[dict[str, Any]]:
    bundle = bundle_of(folder, *revisions, claims=[judged(**claim)])
    return claim_reviews(
        bundle, bundle.incidents[0], words(lang), f"{lang}/incidents/x/index.html", "https://a.example"
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_claim_is_contradicted_by_measurement_and_never_false(tmp_path: Path, lang: str) -> None:
    first = incident()
    (review,) = reviews(tmp_path, first, reviewed(first), lang=lang)
    assert review["@type"] == "ClaimReview"
    rating = review["reviewRating"]
    assert set(rating) == {"@type", "alternateName"}
    assert "n = 18" in rating["alternateName"]
    assert "13" in rating["alternateName"]
    assert not re.search(
        r"false|faux|mensonge|lie|خطأ|كذب", msgspec.json.encode(review).decode(), re.IGNORECASE
    )
    assert review["url"] == f"https://a.example/{lang}/incidents/MA-2016-01-a/"
    assert review["itemReviewed"]["appearance"]["url"] == "https://paper.example/1"


def test_the_words_of_the_rating(tmp_path: Path) -> None:
    first = incident()
    (review,) = reviews(tmp_path, first, reviewed(first))
    text = review["reviewRating"]["alternateName"]
    assert text == "contradicted by measurement: n = 18, 0% agree, interval 0% to 13%"
    assert review["claimReviewed"] == "Calls work."


def test_nothing_unreviewed_emulated_or_unmeasurable_is_rated(tmp_path: Path) -> None:
    first = incident()
    assert reviews(tmp_path / "1", first) == []
    lab = incident(instance="lab")
    assert reviews(tmp_path / "2", lab, reviewed(lab)) == []
    assert reviews(tmp_path / "3", first, reviewed(first), verdict="not-measurable") == []


@pytest.mark.parametrize(
    ("claim", "about"),
    [
        ({}, True),
        ({"start": "2015-12-29T00:00:00Z"}, True),
        ({"start": "2015-12-27T00:00:00Z"}, False),
        ({"start": "2016-02-09T00:00:00Z"}, True),
        ({"start": "2016-02-11T00:00:00Z"}, False),
        ({"operators": ("AS64500",)}, True),
        ({"operators": ("AS64501",)}, False),
        ({"country": "FR"}, False),
    ],
)
def test_which_claims_are_about_an_incident(claim: dict[str, Any], about: bool) -> None:
    over = reviewed(ended(incident()))
    assert is_about(msgspec.convert(judged(**claim), Judged), over) is about
    assert not is_about(msgspec.convert(judged(**claim), Judged), incident(spread=()))


def test_what_stands_has_no_last_day() -> None:
    late = msgspec.convert(judged(start="2019-01-01T00:00:00Z"), Judged)
    assert is_about(late, incident())


def test_a_share_that_is_not_known_is_the_whole_interval() -> None:
    found = msgspec.convert(judged(), Judged)
    check = msgspec.structs.replace(
        found.check, share=None, share_low=None, share_high=None, state=ClaimState.SUPPORTED
    )
    text = rating_text(msgspec.structs.replace(found, check=check), words("en"))
    assert text == "supported by measurement: n = 18, 0% agree, interval 0% to 100%"


def test_the_data_set(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, states=[state(), state(country="FR")], instance="lab")
    found = dataset(bundle, words("fr"), "fr/index.html", "https://a.example")
    assert found["@type"] == "Dataset"
    assert found["identifier"] == f"sha256:{bundle.digest}"
    assert found["temporalCoverage"] == "2016-01/2016-02"
    assert found["name"].startswith("[émulé]")
    assert [each["name"] for each in found["spatialCoverage"]] == ["France", "Maroc"]
    parts = {each["contentUrl"]: each for each in found["distribution"]}
    cells = parts["https://a.example/bundle/tables/cells/2016-01.csv"]
    assert cells["sha256"] == bundle.sha256("tables/cells/2016-01.csv")
    assert "url" not in dataset(bundle, words("fr"), "fr/index.html")


def test_nothing_in_it_ends_its_element() -> None:
    text = encode_json_ld({"name": "</script><!--\u2028&"})
    assert not set(text) & set("<>&\u2028")
    assert msgspec.json.decode(text) == {"name": "</script><!--\u2028&"}
    assert encode_json_ld([]) == ""


def test_our_words_in_a_language_or_in_english() -> None:
    claim = msgspec.convert(judged(), Judged).claim
    assert text_in(claim.text, claim.translations, "fr") == "Les appels passent."
    assert text_in(claim.text, claim.translations, "ar") == "Calls work."
