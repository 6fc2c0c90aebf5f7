"""The collector's interface against its own document: requests that schemathesis makes of it.

Every answer has a status, a content type, headers and a body that the document promises, and none is a
failure of ours. Two of schemathesis's checks are left out: a document that fits the schema is still
refused where nobody signed it (422), and a batch with refused reports is answered (200), each report by
itself. `VOIPWATCH_SEED` draws others.
"""

import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

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

from tests.collector.asking import House
from voipwatch.collector.openapi import openapi_document

SEED = int(os.environ.get("VOIPWATCH_SEED") or "2016")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FEW, MANY = 6, 40
"""Examples: a whole submission takes schemathesis a second to make."""
MODES = {"fits": schemathesis.GenerationMode.POSITIVE, "does not fit": schemathesis.GenerationMode.NEGATIVE}


@cache
def operations() -> dict[str, Any]:
    document = msgspec.json.decode(msgspec.json.encode(openapi_document()))
    schema = schemathesis.openapi.from_dict(document)
    found: list[Any] = [each.ok() for each in schema.get_all_operations()]  # type: ignore[union-attr]  # or it raises
    return {each.label: each for each in found}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "data", options={"reports_burst": 1e9, "enrolments_a_day": 1e9})
    yield made
    made.close()


def asked(house: House, case: Any) -> Response:
    """Through the application, as a client of the library `requests` would have sent it."""
    wanted = case.as_transport_kwargs(base_url="http://127.0.0.1")
    names = ("method", "url", "headers", "params", "data", "json", "cookies", "files")
    request = requests.Request(**{name: wanted[name] for name in names if name in wanted}).prepare()
    assert request.method is not None
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else body
    assert isinstance(content, bytes)
    answer = house(request.method, request.path_url, content, headers=dict(request.headers))
    headers = {name: [value] for name, value in answer.headers.items()}
    return Response(answer.status, headers, answer.content, request, 0.0, verify=False)


def test_the_document_names_every_operation() -> None:
    assert sorted(operations()) == [
        "DELETE /api/v1/reports/{report_id}",
        "GET /api/v1/health",
        "GET /api/v1/openapi.json",
        "POST /api/v1/enrolments",
        "POST /api/v1/reports",
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "label", ["POST /api/v1/reports", "DELETE /api/v1/reports/{report_id}", "POST /api/v1/enrolments"]
)
def test_whatever_is_asked_is_answered_as_the_document_says(house: House, label: str, mode: str) -> None:
    print(f"VOIPWATCH_SEED={SEED}")  # noqa: T201 -- pytest shows it on a failure
    told: Counter[int] = Counter()

    @seed(SEED)
    @settings(
        max_examples=FEW if label.startswith("POST /api/v1/reports") else MANY,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),  # a schema of this size is slow to fill, whatever it is of
    )
    @given(case=operations()[label].as_strategy(generation_mode=MODES[mode]))
    def ask(case: Any) -> None:
        answer = asked(house, case)
        told[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    ask()
    assert told.total() >= FEW
    assert all(status < 500 for status in told)


@pytest.mark.parametrize("label", ["GET /api/v1/health", "GET /api/v1/openapi.json"])
def test_every_get_answers_as_the_document_says(house: House, label: str) -> None:
    case = operations()[label].Case()
    case.validate_response(asked(house, case), checks=CHECKS)
