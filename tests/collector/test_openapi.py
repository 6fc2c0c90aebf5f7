from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.collector.asking import House
from tests.collector.submissions import Maker
from voipwatch.collector.openapi import openapi_document


def validator(document: dict[str, object], schema: object) -> Draft202012Validator:
    """Of one schema of the document, which refers to the others."""
    whole = msgspec.json.decode(msgspec.json.encode({**document, "allOf": [schema]}))
    return Draft202012Validator({"components": whole["components"], "allOf": whole["allOf"]})


def test_the_document_is_openapi() -> None:
    document = msgspec.json.decode(msgspec.json.encode(openapi_document()))
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_what_is_sent_and_answered_is_what_it_says(tmp_path: Path, maker: Maker) -> None:
    house = House(tmp_path / "data")
    document = house("GET", "/api/v1/openapi.json").document
    post = document["paths"]["/api/v1/reports"]["post"]
    asked = validator(document, post["requestBody"]["content"]["application/json"]["schema"])
    asked.validate(maker.document(1))
    asked.validate([maker.document(1), maker.document(2)])
    wrongs: tuple[object, ...] = ({}, [], [{}], {"schema": "voipwatch.submission/2"})
    for wrong in wrongs:
        assert not asked.is_valid(wrong)
    for body, headers, status in (
        (maker.body(1), {}, 200),
        (b"{}", {}, 422),
        (b"x", {}, 400),
        (b"x", {"content-encoding": "br"}, 415),
        (b"x", {"content-length": "999999999"}, 413),
    ):
        answer = house.submit(body, headers=headers)
        assert answer.status == status
        said = post["responses"][str(status)]["content"]["application/json"]["schema"]
        validator(document, said).validate(answer.document)


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/openapi.json"])
def test_every_get_answers_as_it_says(tmp_path: Path, path: str) -> None:
    house = House(tmp_path / "data")
    answer = house("GET", path)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
