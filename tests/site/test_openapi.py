import msgspec

from voipwatch.site.api import TYPES
from voipwatch.site.openapi import PARAMETERS, openapi_document, problem


def test_a_problem_has_the_form_of_its_rfc() -> None:
    """RFC 9457, section 3.1."""
    assert msgspec.json.decode(problem(404, "Not Found", "why")) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "why",
    }


def test_every_place_in_a_path_is_described() -> None:
    document = openapi_document(TYPES)
    for path, item in document["paths"].items():
        named = [each["name"] for each in item["get"].get("parameters", [])]
        assert named == [name for name in PARAMETERS if f"{{{name}}}" in path]
        assert path.count("{") == len(named)
        assert set(item["get"]["responses"]) == {"200", "304", "404"}
    names = [item["get"]["operationId"] for item in document["paths"].values()]
    assert len(set(names)) == len(names)
