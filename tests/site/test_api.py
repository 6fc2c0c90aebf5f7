from pathlib import Path
from typing import Any

import msgspec
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from tests.site.feeds.test_jsonld import judged
from tests.site.made import AS_OF, VALID_UNTIL, bundle_of, incident, reviewed, state
from voipwatch.site.api import ROOT, TYPES, api_files
from voipwatch.site.bundle import Bundle
from voipwatch.site.openapi import EXAMPLES, SUMMARIES

CHANGES = (
    "c1,MA,AS64500,4g,whatsapp,onset,votes,,2016-01-06T00:00:00Z,2016-01-06T00:00:00Z,,90,\n"
    "c2,MA,AS64500,4g,whatsapp,end,rows,2016-02-01T00:00:00Z,2016-02-03T00:00:00Z,2016-02-03T00:00:00Z,90,5,4\n"
)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    first = incident()
    return bundle_of(
        tmp_path,
        first,
        reviewed(first),
        states=[state(), state(country="FR", measured=False, rows=False)],
        claims=[judged()],
        corrections=[{"at": AS_OF, "line": 4, "kind": "correction", "body": {"incident": first.id}}],
        changes=CHANGES,
    )


def documents(bundle: Bundle, base: str = "") -> dict[str, Any]:
    found = dict(api_files(bundle, base))
    assert all(path.startswith(ROOT) for path in found)
    return {path.removeprefix(ROOT): msgspec.json.decode(content) for path, content in found.items()}


def template_of(path: str) -> str:
    """The path of the document in which `path` is one of."""
    parts = path.split("/")
    if parts[0] == "countries":
        return "/countries/{country}/states.json"
    if parts[0] == "incidents" and len(parts) > 1:
        if len(parts) == 2:
            return "/incidents/{id}.json"
        return (
            "/incidents/{id}/revisions.json"
            if len(parts) == 3
            else "/incidents/{id}/revisions/{revision}.json"
        )
    return f"/{path}"


def test_every_document_is_what_the_openapi_document_says(bundle: Bundle) -> None:
    found = documents(bundle)
    description = found.pop("openapi.json")
    validate(description)
    assert set(description["paths"]) == set(TYPES) == set(SUMMARIES) == {template_of(path) for path in found}
    for path, document in found.items():
        answer = description["paths"][template_of(path)]["get"]["responses"]["200"]
        reference = answer["content"]["application/json"]["schema"]
        schema = {**reference, "components": description["components"]}
        OAS31Validator(schema).validate(document)
        assert {"as_of", "valid_until", "synthetic", "instance", "bundle"} <= set(document)


def test_examples_are_what_they_are_examples_of() -> None:
    for path, example in EXAMPLES.items():
        msgspec.convert(example, TYPES[path], strict=True)


def test_an_incident_and_its_revisions(bundle: Bundle) -> None:
    found = documents(bundle)
    summary = found["incidents.json"]["incidents"][0]
    assert summary["named"] == ["AS64500"]
    assert summary["onset"] == {"earliest": "2016-01-04T00:00:00Z", "latest": "2016-01-06T00:00:00Z"}
    assert summary["page"]["ar"] == "ar/incidents/MA-2016-01-a/"
    assert set(summary["title"]) == {"en", "fr", "ar"}
    document = found[summary["path"]]
    assert document["summary"] == summary
    assert document["incident"]["revision"] == 2
    assert (document["as_of"], document["valid_until"]) == (AS_OF, VALID_UNTIL)
    revisions = found[document["revisions"]]["revisions"]
    assert [each["status"] for each in revisions] == ["detected", "reviewed"]
    first = found[revisions[0]["path"]]
    assert (first["as_of"], first["valid_until"], first["bundle"]) == ("2016-01-08T00:00:00Z", None, "")
    assert "AS64500" not in first["title"]["en"]
    assert "AS64500" in found[revisions[1]["path"]]["title"]["en"]


def test_a_revision_never_changes(tmp_path: Path) -> None:
    first = incident()
    one = dict(api_files(bundle_of(tmp_path / "1", first)))
    two = dict(api_files(bundle_of(tmp_path / "2", first, reviewed(first), as_of="2016-09-01T00:00:00Z")))
    path = f"{ROOT}incidents/MA-2016-01-a/revisions/1.json"
    assert one[path] == two[path]
    assert one[f"{ROOT}incidents.json"] != two[f"{ROOT}incidents.json"]


def test_a_revision_that_is_held_is_not_listed(tmp_path: Path) -> None:
    found = documents(bundle_of(tmp_path, incident(), incident(revision=3)))
    assert [each["revision"] for each in found["incidents/MA-2016-01-a/revisions.json"]["revisions"]] == [
        1,
        3,
    ]


def test_countries_and_changes(bundle: Bundle) -> None:
    found = documents(bundle)
    fr, ma = found["countries.json"]["countries"]
    assert (fr["country"], fr["measured"], fr["incidents"]) == ("FR", 0, [])
    assert (ma["name"]["fr"], ma["measured"], ma["incidents"]) == ("Maroc", 1, ["MA-2016-01-a"])
    assert [each["country"] for each in found[ma["states"]]["series"]] == ["MA"]
    onset, end = found["changes.json"]["changes"]
    assert (onset["earliest"], onset["level_before"], onset["level_after"]) == (None, None, 90)
    assert (end["earliest"], end["probes_both_sides"]) == ("2016-02-01T00:00:00Z", 4)
    assert found["corrections.json"]["corrections"][0]["kind"] == "correction"
    assert found["claims.json"]["claims"][0]["check"]["state"] == "contradicted"


def test_the_index_leads_everywhere(bundle: Bundle) -> None:
    found = documents(bundle)
    assert set(found["index.json"]["documents"].values()) < set(found)


def test_an_empty_bundle_has_an_api_all_the_same(tmp_path: Path) -> None:
    found = documents(bundle_of(tmp_path))
    assert found["incidents.json"]["incidents"] == []
    assert found["countries.json"]["countries"] == []


def test_the_server_is_where_the_document_lies_or_at_the_base(bundle: Bundle) -> None:
    assert documents(bundle)["openapi.json"]["servers"] == [{"url": "."}]
    assert documents(bundle, "https://a.example/")["openapi.json"]["servers"] == [
        {"url": "https://a.example/api/v1"}
    ]
