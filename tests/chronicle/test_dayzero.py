"""Which claim may be day zero of which incident, and which days it names."""

from datetime import date

import msgspec
import pytest

from voipwatch.chronicle.claims_file import all_packaged_claims
from voipwatch.chronicle.dayzero import (
    ClaimedDays,
    ZeroRefusal,
    claimed_days,
    of_operator,
    source_of,
    zero_refusal,
)
from voipwatch.model.claims import Claim, ClaimSays, ClaimType, Scope, Source
from voipwatch.model.incidents import Incident, IncidentStatus, SeriesName, Spread

AS_OF = "2016-03-01T06:00:00Z"


def claim(date: str = "2016-01-05", *, says: ClaimSays = ClaimSays.ONSET, **scope: object) -> Claim:
    return Claim(
        id="x/y",
        type=ClaimType.PRESS,
        says=says,
        date=date,
        as_published="",
        text="",
        scope=msgspec.convert({"country": "MA"} | scope, Scope),
        source=Source("A newspaper", "A text"),
    )


def incident(ended_latest: str | None = None) -> Incident:
    row = Spread(SeriesName("A", "4g", "whatsapp"), None, "2016-01-06T00:00:00Z", 1)
    return Incident(
        id="MA-2016-01-a",
        revision=1,
        country="MA",
        status=IncidentStatus.DETECTED,
        as_of=AS_OF,
        phases=(),
        spread=(msgspec.structs.replace(row, ended_latest=ended_latest),),
    )


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2016-01-05", ClaimedDays(date(2016, 1, 5), date(2016, 1, 5))),
        ("2015-12-31/2016-01-05", ClaimedDays(date(2015, 12, 31), date(2016, 1, 5))),
        ("../2016-01-05", ClaimedDays(None, date(2016, 1, 5))),
        ("2016-01", ClaimedDays(date(2016, 1, 1), date(2016, 1, 31))),
        ("2016-01-05~", ClaimedDays(date(2016, 1, 2), date(2016, 1, 8))),
        ("2016-02-30", None),
        ("2016-01-05/..", None),
    ],
)
def test_the_days_that_a_claim_names(text: str, days: ClaimedDays | None) -> None:
    assert claimed_days(claim(text)) == days


@pytest.mark.parametrize(
    ("told", "refusal"),
    [
        (claim(), None),
        (claim(apps=["viber", "whatsapp"]), None),
        (claim("2015-12-31/2016-01-05"), None),
        (claim("2016-02-06"), None),
        (claim("2016-02-07"), ZeroRefusal.FAR),
        (claim("2016-02-29"), ZeroRefusal.FAR),
        (claim("2015-01-05"), None),
        (claim("2015-01-04"), ZeroRefusal.FAR),
        (claim("1990"), ZeroRefusal.FAR),
        (claim("0001-01-01"), ZeroRefusal.FAR),
        (claim("1000/2016-01-05"), ZeroRefusal.FAR),
        (claim("../2016-01-05"), None),
        (claim("-0500"), ZeroRefusal.DAY),
        (claim("no date"), ZeroRefusal.DAY),
        (claim(operators=["B"]), ZeroRefusal.SCOPE),
        (claim(operators=["A", "B"]), None),
        (claim(accesses=["adsl"]), ZeroRefusal.SCOPE),
        (claim(accesses=["3g", "4g"]), None),
        (claim(country="TN"), ZeroRefusal.COUNTRY),
        (claim(apps=["skype"]), ZeroRefusal.APPS),
        (claim(says=ClaimSays.BLOCKED), ZeroRefusal.SAYS),
        (claim(says=ClaimSays.END), ZeroRefusal.SAYS),
        (claim("2016-02-30"), ZeroRefusal.DAY),
        (claim("2016-01-05/.."), ZeroRefusal.DAY),
        (claim("2016-03-01"), ZeroRefusal.LATER),
        (claim("2016-01/2016-04"), ZeroRefusal.LATER),
    ],
)
def test_what_may_be_day_zero(told: Claim, refusal: ZeroRefusal | None) -> None:
    assert zero_refusal(told, incident(), as_of=AS_OF) is refusal


def test_the_scope_is_that_of_one_series() -> None:
    """4G of one operator and fixed lines of another are not 4G of the other."""
    one = incident().spread[0]
    other = msgspec.structs.replace(one, series=SeriesName("B", "adsl", "whatsapp"))
    both = msgspec.structs.replace(incident(), spread=(one, other))
    assert zero_refusal(claim(operators=["B"], accesses=["adsl"]), both, as_of=AS_OF) is None
    told = claim(operators=["B"], accesses=["4g"])
    assert zero_refusal(told, both, as_of=AS_OF) is ZeroRefusal.SCOPE


def test_a_measured_onset_bounds_it_nearer() -> None:
    row = msgspec.structs.replace(incident().spread[0], earliest="2016-01-04T00:00:00Z")
    later = msgspec.structs.replace(row, earliest=None, latest="2016-02-20T00:00:00Z")
    seen = msgspec.structs.replace(incident(), spread=(later, row))
    assert zero_refusal(claim("2015-12-04"), seen, as_of=AS_OF) is None
    assert zero_refusal(claim("2015-12-03"), seen, as_of=AS_OF) is ZeroRefusal.FAR
    assert zero_refusal(claim("2012-03"), seen, as_of=AS_OF) is ZeroRefusal.FAR


def test_what_was_measured_contradicts_it() -> None:
    found = zero_refusal(claim(), incident(), as_of=AS_OF, contradicted={"x/y"})
    assert found is ZeroRefusal.CONTRADICTED
    assert zero_refusal(claim(), incident(), as_of=AS_OF, contradicted={"x/z"}) is None


@pytest.mark.parametrize(
    ("publisher", "type_", "told"),
    [
        ("A newspaper", ClaimType.PRESS, False),
        ("A newspaper", ClaimType.OPERATOR_STATEMENT, True),
        ("Operator X", ClaimType.PRESS, True),
        ("Press office of OPERATOR X, Rabat", ClaimType.PRESS, True),
        ("Operator Xylophone", ClaimType.PRESS, False),
        ("IA", ClaimType.PRESS, True),
        ("A text by IA", ClaimType.PRESS, False),
    ],
)
def test_what_an_operator_told(publisher: str, type_: ClaimType, told: bool) -> None:
    one = msgspec.structs.replace(claim(), type=type_, source=Source(publisher, "A text"))
    assert of_operator(one, ["Operator X", "IA"]) is told


def test_day_zero_is_before_the_end() -> None:
    over = incident("2016-01-21T00:00:00Z")
    assert zero_refusal(claim("2016-01-20"), over, as_of=AS_OF) is None
    assert zero_refusal(claim("2016-01-21"), over, as_of=AS_OF) is ZeroRefusal.LATER


def test_who_told_it() -> None:
    assert source_of(claim()) == "A newspaper"
    assert source_of(msgspec.structs.replace(claim(), source=Source("", "A text"))) == "A text"
    assert all(source_of(each) for each in all_packaged_claims())
