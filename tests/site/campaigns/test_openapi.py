"""The OpenAPI document of campaigns, and the real application behind the site against it: requests that
schemathesis makes, forms and their links too.

`VOIPWATCH_SEED` draws others.
"""

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.core.transport import Response

from tests.site.asked import write_site
from tests.site.campaigns.calling import Answered, call
from tests.site.campaigns.instance import NOW, ask, confirm_token, folder_of, opened, sign
from tests.site.campaigns.pledging.campaign import BEGINS, ENDS, keep, link, pledge, report
from tests.site.test_schemathesis import CHECKS
from voipwatch.civic.keyed import TokenUse, address_hash, token
from voipwatch.site.app import SiteApp
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.countsfile import PetitionCounts
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.links import MOUNT
from voipwatch.site.campaigns.mounting import sections_of
from voipwatch.site.campaigns.office import Office
from voipwatch.site.campaigns.openapi import OPERATIONS, WALLED, openapi_document
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.figures import PledgeFigures
from voipwatch.site.campaigns.pledging.office import PledgeOffice
from voipwatch.site.memory import read_memory
from voipwatch.site.words import LANGUAGES

SEED = int(os.environ.get("VOIPWATCH_SEED") or "2016")
DOCUMENT = msgspec.json.decode(msgspec.json.encode(openapi_document("https://watch.example", walled=True)))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
FOUND: dict[str, Any] = {
    each.ok().label: each.ok()  # type: ignore[union-attr]  # or it raises
    for each in SCHEMA.get_all_operations()
}
TIMES = {"pledging": NOW, "running": BEGINS, "reporting": ENDS + 3600}


FILLED = {
    "email": "somebody@example.org", "consent": "yes", "website": "", "token": link(200), "kept": "yes",
    "page": "https://supporter.example/about", "name": "Amina", "public": "yes",
}  # fmt: skip


class Instance:
    """Of campaigns, mounted in a site; its clock stands."""

    def __init__(self, desk: Desk, app: SiteApp, tokens: list[str], times: list[float]) -> None:
        self.desk, self.app, self.tokens, self._times = desk, app, tokens, times

    def at(self, now_s: float) -> None:
        self._times[0] = now_s


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    place = tmp_path_factory.mktemp("mounted")
    desk = opened(folder_of(place / "campaigns", wall=True))
    pledges = PledgeDesk(desk)
    keep(pledges)
    for number in range(12):
        sign(desk, f"a{number}@example.org")
    ask(desk, "late@example.org")
    pledge(pledges, range(30))
    for now_s in (NOW, BEGINS, ENDS + 3600):
        report(pledges, range(12 if now_s > ENDS else 0), kept=True)
        Office(desk, "tests").turn(now_s)
        PledgeOffice(pledges, "tests").turn(now_s)
    pepper = desk.peppers.of("calls")
    assert pepper is not None
    own = address_hash(pepper, "calls", "a1@example.org")
    tokens = [link(1), link(99), token(pepper, "calls", TokenUse.REVOKE, own)]
    times = [float(NOW)]
    campaigns = CampaignsApp(desk, lambda: times[0], sections_of(desk))
    ask(desk, "new@example.org")
    tokens.append(confirm_token(desk, "new@example.org"))
    folder = write_site(place / "site", {"index.html": b"<!doctype html>"})
    yield Instance(desk, SiteApp(read_memory(folder), folder, mounts={MOUNT: campaigns}), tokens, times)
    desk.close()


def answered(app: SiteApp, case: Any) -> Response:
    """As a browser would have been."""
    wanted = case.as_transport_kwargs(base_url="https://watch.example/campaigns")
    names = ("method", "url", "headers", "params", "data", "json", "cookies", "files")
    request = requests.Request(**{name: wanted[name] for name in names if name in wanted}).prepare()
    assert request.method is not None
    assert request.url is not None
    parts = urlsplit(request.url)
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    headers = {name.lower().replace("-", "_"): str(value) for name, value in request.headers.items()}
    more: dict[str, Any] = {"content_type": ""} | headers
    found = call(
        app, request.method, unquote(parts.path), body=body, query=parts.query, **more
    )  # fmt: skip
    lines = {name: [value] for name, value in found.headers.items()}
    return Response(found.status, lines, found.body, request, 0.0, verify=False)


def test_every_operation_is_there_and_named_once() -> None:
    every = {**OPERATIONS, **WALLED}
    assert sorted(FOUND) == sorted(
        f"{method.upper()} {path}" for path, item in every.items() for method in item
    )
    names = [each.name for item in every.values() for each in item.values()]
    assert len(set(names)) == len(names)
    assert not [path for path in openapi_document("", walled=False)["paths"] if "wall" in path]


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
@pytest.mark.parametrize("label", sorted(FOUND))
def test_whatever_is_asked_is_answered_as_the_document_says(
    instance: Instance, label: str, mode: schemathesis.GenerationMode
) -> None:
    print(f"VOIPWATCH_SEED={SEED}")  # noqa: T201 -- pytest shows it on a failure
    operation = FOUND[label]

    @seed(SEED)
    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        case=operation.as_strategy(generation_mode=mode),
        known=st.booleans(),
        filled=st.booleans(),
        link=st.sampled_from(instance.tokens),
        now_s=st.sampled_from(sorted(TIMES.values())),
    )
    def ask(case: Any, known: bool, filled: bool, link: str, now_s: float) -> None:
        instance.at(now_s)
        if known:  # else every path that is drawn leads nowhere
            there = {"id": "silence" if "pledge" in label else "calls", "token": link, "lang": LANGUAGES[0]}
            path = case.path_parameters or {}
            case.path_parameters = {name: there[name] for name in path}
        if filled and isinstance(case.body, dict):  # else few forms are whole
            case.body = {name: FILLED.get(name, value) for name, value in case.body.items()}
        case.validate_response(answered(instance.app, case), checks=CHECKS)

    ask()


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/api/calls/counts.json", PetitionCounts), ("/api/pledge/silence.json", PledgeFigures)],
)
@pytest.mark.parametrize("now_s", TIMES.values())
def test_schemas_are_exact(instance: Instance, path: str, kind: type[Any], now_s: float) -> None:
    """What is written has every field of the schema and no other, at every stage."""
    instance.at(now_s)
    document = msgspec.json.decode(call(instance.app, "GET", f"/campaigns{path}").body)
    whole = {"$ref": f"#/components/schemas/{kind.__name__}", "components": {"schemas": _closed()}}
    Draft202012Validator(whole).validate(document)
    if now_s == TIMES["reporting"] and kind is PledgeFigures:
        assert document["turnout"]["declared"]["count"] == 30


def _closed() -> dict[str, Any]:
    """Schemas of objects take no field that they do not name."""
    schemas: dict[str, Any] = DOCUMENT["components"]["schemas"]
    return {
        name: each | ({"additionalProperties": False} if "properties" in each else {})
        for name, each in schemas.items()
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/campaigns/api/none/counts.json", 404),
        ("GET", "/campaigns/api/pledge/none.json", 404),
        ("GET", "/campaigns/api", 404),
        ("GET", "/campaigns/api/", 404),
        ("GET", "/campaigns/api/openapi.json/more", 404),
        ("POST", "/campaigns/api/calls/counts.json", 405),
        ("POST", "/campaigns/api/pledge/silence.json", 405),
    ],
)
def test_errors_of_documents_are_problems(instance: Instance, method: str, path: str, status: int) -> None:
    found = call(instance.app, method, path)
    assert_problem(found, status)
    assert (status == 405) == ("allow" in found.headers)


def test_a_database_that_is_gone_is_a_problem_too(desk: Desk) -> None:
    app = CampaignsApp(desk, lambda: float(NOW), sections_of(desk))
    desk.engine.dispose()
    (desk.campaigns.folder / "db" / "civic.sqlite").write_bytes(b"no database" * 400)
    for path in ("calls/counts.json", "pledge/silence.json"):
        found = call(app, "GET", f"/campaigns/api/{path}")
        assert_problem(found, 503)
        assert found.headers["retry-after"] == "60"


def assert_problem(found: Answered, status: int) -> None:
    assert (found.status, found.headers["content-type"]) == (status, "application/problem+json")
    assert found.headers["access-control-allow-origin"] == "*"
    told = msgspec.json.decode(found.body)
    assert (told["type"], told["status"]) == ("about:blank", status)
    assert told["detail"]


def test_the_document_is_served(instance: Instance) -> None:
    found = call(instance.app, "GET", "/campaigns/api/openapi.json")
    assert (found.status, found.headers["content-type"]) == (200, "application/json")
    assert msgspec.json.decode(found.body) == DOCUMENT
