"""The same number for whoever renders or serves: day zero and zone are those of the signed bundle."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.site.asked import write_site
from tests.site.bundles import NAME, SERIES, altered, published
from tests.site.bundles import incident as bundle_incident
from tests.site.made import ended, page, state, write_bundle
from tests.site.made import incident as made_incident
from voipwatch.civic.daycount import COUNTING, CountState
from voipwatch.model.bundle import COUNTING_FILE
from voipwatch.model.incidents import Incident, IncidentStatus, SeriesName
from voipwatch.model.instants import seconds
from voipwatch.pipeline.publishing.counting import Choices
from voipwatch.site.bundle import BadBundleError, Bundle, read_bundle
from voipwatch.site.counted import counters_in, home_counter
from voipwatch.site.counter.document import counter_document
from voipwatch.site.feeds.status import status_files
from voipwatch.site.live import counters_of
from voipwatch.site.names import BAD, app_name
from voipwatch.site.pages.home import home
from voipwatch.site.pages.site import Site
from voipwatch.site.parts import PARTS
from voipwatch.site.render import plan
from voipwatch.site.words import words

CLAIM = "morocco-2016/start-5-january"
BRACKET = "morocco-2016/start-early-january"


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    choices = Choices({NAME: CLAIM}, {"MA": "Asia/Tokyo"})
    return published(tmp_path_factory.mktemp("chosen"), choices=choices).resolve()


def test_without_a_choice_it_is_the_measured_onset(made: Path) -> None:
    assert {(each.zero, each.zone) for each in counters_in(read_bundle(made))} == {(None, "")}


def test_a_bundle_of_before_has_no_choice(made: Path, tmp_path: Path) -> None:
    old = read_bundle(altered(made, tmp_path / "old", {COUNTING_FILE: None}))
    assert {(each.zero, each.zone) for each in counters_in(old)} == {(None, "")}


def test_rendered_and_served_say_the_same_day_zero_and_whose_it_is(chosen: Path, tmp_path: Path) -> None:
    bundle = read_bundle(chosen)
    planned = {each.path: each for each in plan(bundle, base="https://a.example", parts=PARTS)}
    file = json.loads(planned["counter/MA.json"].make())
    write_site(tmp_path, {"index.html": b"x"})
    (tmp_path / "bundle").symlink_to(chosen)
    live = counters_of(tmp_path, "https://a.example")
    assert live is not None
    answer = live.answer("/counter/MA.json", datetime(2016, 1, 18, 3, tzinfo=UTC).timestamp())
    assert answer is not None
    served = json.loads(answer.body)
    began = {
        "earliest": "2016-01-05",
        "latest": "2016-01-05",
        "source": {
            "kind": "claim",
            "title": "Code and description of the counter that webmasters embedded",
            "url": "https://voipdown.com",
            "by": "VoIPDown",
            "claim": CLAIM,
        },
    }
    assert file["began"] == served["began"] == began
    assert file["zone"] == served["zone"] == "Asia/Tokyo"
    assert served["day"] == {"low": 13, "high": 13}
    en, fr, ar = (served["texts"][lang] for lang in ("en", "fr", "ar"))
    assert "since 5 January 2016 (by claim of VoIPDown)" in en["dated"]
    assert en["start"].startswith("From 5 January 2016 (by claim of VoIPDown) on")
    assert en["source"].startswith("Day zero as told by VoIPDown; measured by voipwatch")
    assert "(d’après VoIPDown)" in fr["dated"]
    assert "VoIPDown" in ar["dated"]
    badge = planned["counter/en/MA.svg"].make().decode()
    assert "VoIPDown" in badge


def test_a_claim_of_a_bracket_is_a_range_of_days(tmp_path: Path) -> None:
    bundle = read_bundle(published(tmp_path, choices=Choices({NAME: BRACKET})))
    planned = {each.path: each for each in plan(bundle, parts=PARTS)}
    told = json.loads(planned[f"counter/{NAME}.json"].make())
    assert (told["began"]["earliest"], told["began"]["latest"]) == ("2016-01-01", "2016-01-06")


@pytest.mark.parametrize(
    "choice",
    [
        {"zeros": [{"incident": "MA-1999-01-a", "claim": CLAIM}]},
        {"zeros": [{"incident": NAME, "claim": "morocco-2016/none"}]},
        {"zeros": [{"incident": NAME, "claim": "morocco-2016/end-4-november"}]},
        {"zeros": [{"incident": NAME, "claim": "morocco-2016/counter-day-zero-5-february"}]},
        {"zeros": [{"incident": NAME}]},
        {"zones": [{"country": "MA", "zone": "Mars/Olympus"}]},
        {"zones": 1},
    ],
)
def test_a_choice_that_the_bundle_does_not_bear_out_is_not_understood(
    made: Path, tmp_path: Path, choice: dict[str, object]
) -> None:
    bundle = read_bundle(altered(made, tmp_path / "b", {COUNTING_FILE: json.dumps(choice).encode()}))
    with pytest.raises(BadBundleError) as raised:
        counters_in(bundle)
    assert (raised.value.path, raised.value.why) == (COUNTING_FILE, "form")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("date", "no date"),
        ("date", "1990"),
        ("state", "contradicted"),
        ("operators", ["AS1"]),
        ("accesses", ["adsl"]),
    ],
)
def test_a_signed_claim_that_can_be_no_day_zero_is_none(
    chosen: Path, tmp_path: Path, field: str, value: object
) -> None:
    counters_in(read_bundle(chosen))
    changed = with_claim(chosen, tmp_path / "b", field, value)
    with pytest.raises(BadBundleError) as raised:
        counters_in(changed)
    assert (raised.value.path, raised.value.why) == (COUNTING_FILE, "form")


@pytest.mark.parametrize(
    ("field", "value"),
    [("type", "operator-statement"), ("publisher", "as36925"), ("publisher", "AS36925, press office")],
)
def test_what_an_operator_told_is_told_without_its_name(
    chosen: Path, tmp_path: Path, field: str, value: object
) -> None:
    found = counters_in(with_claim(chosen, tmp_path / "b", field, value))
    for subject in found:
        document = counter_document(subject, seconds(subject.as_of) + 3600)
        assert document.began is not None
        source = document.began.source
        assert (source.kind, source.by) == ("claim", "operator-statement")
        assert (source.title, source.url) == ("", "")
        assert "since 5 January 2016 (by an operator’s statement)" in document.texts["en"].dated
        assert document.texts["en"].source.startswith("Day zero by an operator’s statement; measured")
        said = msgspec.json.encode(document.texts).decode().casefold()
        assert "voipdown" not in said
        assert "as36925" not in said


def with_claim(bundle: Path, folder: Path, field: str, value: object) -> Bundle:
    """The bundle with another claim under the id that was chosen."""
    document = json.loads((bundle / "claims.json").read_bytes())
    [told] = [each for each in document["claims"] if each["claim"]["id"] == CLAIM]
    claim = told["claim"]
    places = {"state": told["check"], "publisher": claim["source"]}
    places |= dict.fromkeys(("operators", "accesses"), claim["scope"])
    places.get(field, claim)[field] = value
    return read_bundle(altered(bundle, folder, {"claims.json": json.dumps(document).encode()}))


def test_the_home_page_stands_for_the_newest_incident_that_stands(made: Path, tmp_path: Path) -> None:
    assert home_counter(read_bundle(made)) == "MA"
    one, other = made_incident(), made_incident(id="TN-2016-02-a", country="TN")
    write_bundle(tmp_path / "two", [page((one,)), page((ended(other),))], [one, other], states=[state()])
    assert home_counter(read_bundle(tmp_path / "two")) == "MA"


def test_without_an_incident_it_is_the_only_country(tmp_path: Path) -> None:
    write_bundle(tmp_path / "one", [], [], states=[state()])
    assert home_counter(read_bundle(tmp_path / "one")) == "MA"
    write_bundle(tmp_path / "two", [], [], states=[state(), state(country="TN")])
    assert home_counter(read_bundle(tmp_path / "two")) is None


def held(case: str) -> list[Incident]:
    """Incidents of the two series of `made`."""
    one = bundle_incident()
    other = SeriesName(SERIES.operator, SERIES.access, "viber")
    phases = tuple(msgspec.structs.replace(each, series=(other,)) for each in one.phases)
    rows = tuple(
        msgspec.structs.replace(row, series=other, latest="2016-01-13T00:00:00Z") for row in one.spread
    )
    second = bundle_incident(id="MA-2016-01-b", phases=phases, spread=rows)
    over = tuple(
        msgspec.structs.replace(
            row, ended_earliest="2016-01-12T00:00:00Z", ended_latest="2016-01-13T00:00:00Z"
        )
        for row in one.spread
    )
    return {
        "none": [],
        "withdrawn": [msgspec.structs.replace(one, status=IncidentStatus.WITHDRAWN)],
        "open": [one],
        "two": [one, second],
        "ended": [msgspec.structs.replace(one, spread=over)],
    }[case]


@pytest.mark.parametrize("case", ["none", "withdrawn", "open", "two", "ended"])
@pytest.mark.parametrize("viber", ["ok", "blocked", "throttled", "unmeasured"])
@pytest.mark.parametrize("whatsapp", ["ok", "blocked", "intermittent", "unmeasured"])
def test_counter_home_and_badge_agree(
    made: Path, tmp_path: Path, case: str, viber: str, whatsapp: str
) -> None:
    wanted = {"viber": viber, "whatsapp": whatsapp}
    states = json.loads((made / "states.json").read_bytes())
    for each in states["series"]:
        each["state"] = wanted[each["app"]]
        if each["state"] == "unmeasured":
            each["state"], each["measured"] = "insufficient", False
        elif each["row"] is not None:  # a series' state is that of its newest row that decides
            each["row"] = each["row"] | {"state": each["state"]}
    incidents = held(case)
    files: dict[str, bytes | None] = {"states.json": json.dumps(states).encode()}
    index = json.loads((made / "incidents/index.json").read_bytes())
    files["incidents/index.json"] = json.dumps(
        index | {"incidents": [{"id": e.id} for e in incidents]}
    ).encode()
    told = json.loads((made / f"incidents/{NAME}.json").read_bytes())
    for one in incidents:
        files[f"incidents/{one.id}.json"] = msgspec.json.encode(told | {"incident": one})
        files[f"incidents/{one.id}/r1.json"] = msgspec.json.encode({"incident": one})
    bundle = read_bundle(altered(made, tmp_path / "b", files))

    [home_now] = home(Site(bundle), words("en")).countries
    headline = home_now.headline.striptags()
    badge = json.loads(dict(status_files(bundle, ["en"]))["status.json"])
    now_s = seconds(bundle.manifest.as_of) + 3600
    documents = {each.id: counter_document(each, now_s) for each in counters_in(bundle)}
    of_country = documents["MA"]
    said = of_country.texts["en"].headline or ""
    bad = [app for app, of in wanted.items() if of in BAD]

    assert (badge["color"] in {"red", "orange"}) is home_now.blocked is bool(bad)
    if bad:
        assert of_country.state in COUNTING | {CountState.UNESTABLISHED}, said
        assert of_country.day is not None or headline in said
    else:
        assert of_country.state not in COUNTING | {CountState.UNESTABLISHED, CountState.AGAIN}, said
        assert "have been stopped" not in said
    if of_country.state in COUNTING:
        assert "are stopped" in headline
        assert any(app_name(app) in said for app in bad)
    if of_country.state in {CountState.PASSING, CountState.NONE}:
        assert headline == "Nothing that is measured is blocked"
        assert badge["color"] in {"green", "yellowgreen"}
    if set(wanted.values()) == {"unmeasured"}:
        assert headline == "Nobody measures here"
        assert badge["isError"]
        assert of_country.state in {CountState.UNMEASURED, CountState.ENDED}
    for one in incidents:
        own = {row.series.app for row in one.spread} & set(bad)
        state = documents[one.id].state
        if one.status is not IncidentStatus.WITHDRAWN:
            assert (state in COUNTING | {CountState.AGAIN}) is bool(own)
