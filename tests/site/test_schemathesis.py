"""The public API as the server answers it against its own document: requests that schemathesis makes.

`VOIPWATCH_SEED` draws others.
"""

import asyncio
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.site.asked import asked, write_site
from tests.site.made import incident, page, reviewed, state, write_bundle
from voipwatch.site.api import TYPES, api_files
from voipwatch.site.app import SiteApp
from voipwatch.site.bundle import read_bundle
from voipwatch.site.memory import read_memory
from voipwatch.site.openapi import openapi_document

SEED = int(os.environ.get("VOIPWATCH_SEED") or "2016")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(msgspec.json.decode(msgspec.json.encode(openapi_document(TYPES))))
OPERATIONS: dict[str, Any] = {
    each.ok().label: each.ok()  # type: ignore[union-attr]  # or it raises
    for each in SCHEMA.get_all_operations()
}


@pytest.fixture
def app(tmp_path: Path) -> SiteApp:
    first = incident()
    revisions = (first, reviewed(first))
    bundle = read_bundle(write_bundle(tmp_path / "bundle", [page(revisions)], revisions, states=[state()]))
    site = write_site(tmp_path / "site", dict(api_files(bundle)))
    return SiteApp(read_memory(site), site)


def answered(app: SiteApp, case: Any) -> Response:
    """As a client of the library `requests` would have been."""
    wanted = case.as_transport_kwargs(base_url="http://127.0.0.1/api/v1")
    names = ("method", "url", "headers", "params", "data", "json", "cookies", "files")
    request = requests.Request(**{name: wanted[name] for name in names if name in wanted}).prepare()
    assert request.method is not None
    assert request.url is not None
    parts = urlsplit(request.url)
    packs = {"accept-encoding"}  # what is packed is told in tests/site/test_app.py
    headers = {name: str(value) for name, value in request.headers.items() if name.lower() not in packs}
    found = asyncio.run(asked(app, unquote(parts.path), request.method, headers, parts.query))
    lines = {name: [value] for name, value in found.headers.items()}
    return Response(found.status, lines, found.body, request, 0.0, verify=False)


ASKED = [
    (label, mode)
    for label in sorted(OPERATIONS)
    for mode in schemathesis.GenerationMode
    if "{" in label or mode is schemathesis.GenerationMode.POSITIVE  # else nothing of it can be wrong
]


def test_every_operation_is_there() -> None:
    assert sorted(OPERATIONS) == sorted(f"GET {path}" for path in TYPES)


@pytest.mark.parametrize(("label", "mode"), ASKED)
def test_whatever_is_asked_is_answered_as_the_document_says(
    app: SiteApp, label: str, mode: schemathesis.GenerationMode
) -> None:
    print(f"VOIPWATCH_SEED={SEED}")  # noqa: T201 -- pytest shows it on a failure
    operation = OPERATIONS[label]

    @seed(SEED)
    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.validate_response(answered(app, case), checks=CHECKS)

    ask()
