"""The interface as an OpenAPI 3.1 document, its schemas made from the very structs that decode."""

from typing import Any, Final

import msgspec

from voipwatch.collector.schema import Incoming
from voipwatch.model.submission import Enrolment, EnrolmentRequest, ReportsAnswer

_REF: Final = "#/components/schemas/{name}"
RETRY: Final = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
}


def openapi_document() -> dict[str, Any]:
    """The document."""
    types = [Incoming, ReportsAnswer, EnrolmentRequest, Enrolment]
    (submission, answer, asked, enrolment), schemas = msgspec.json.schema_components(types, ref_template=_REF)
    error = _content(answer, "The request as a whole was not taken; `error` says why.")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "voipwatch collector",
            "version": "1",
            "description": "Takes reports of line checks and acknowledges them once they are on disk.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/api/v1/reports": {"post": _submit(submission, answer, error)},
            "/api/v1/reports/{report_id}": {"delete": _delete(error)},
            "/api/v1/enrolments": {"post": _enrol(asked, enrolment, error)},
            "/api/v1/health": {"get": _get("health", "Whether it takes reports, and its key.")},
            "/api/v1/openapi.json": {"get": _get("openapi", "This document.")},
        },
        "components": {"schemas": schemas},
    }


def _content(schema: dict[str, Any], words: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"description": words, "content": {"application/json": {"schema": schema}}}
    return found if headers is None else {**found, "headers": headers}


def _submit(submission: dict[str, Any], answer: dict[str, Any], error: dict[str, Any]) -> dict[str, Any]:
    later = {**error, "headers": RETRY}
    several = {"type": "array", "items": submission, "minItems": 1}
    lines = {"type": "string", "description": "One submission a line, which its line feed belongs to."}
    return {
        "operationId": "submitReports",
        "summary": "Hand in one report, or several as an array or as lines.",
        "parameters": [
            {
                "name": "via",
                "in": "query",
                "description": "`explicit`: the user said of this report that its run through a tunnel "
                "or proxy may be submitted.",
                "schema": {"type": "string", "enum": ["explicit"]},
            },
            {
                "name": "Content-Encoding",
                "in": "header",
                "schema": {"type": "string", "enum": ["identity", "gzip", "zstd"]},
            },
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"oneOf": [submission, several]}},
                "application/x-ndjson": {"schema": lines},
            },
        },
        "responses": {
            "200": _content(answer, "One result a report, in order; accepted ones are on disk."),
            "400": error,
            "408": error,
            "413": error,
            "415": error,
            "422": _content(answer, "The one report was refused; its result says which field and why."),
            "429": later,
            "503": later,
            "507": later,
        },
    }


def _delete(error: dict[str, Any]) -> dict[str, Any]:
    later = {**error, "headers": RETRY}
    key = {"type": "string", "pattern": "^([0-9a-f]{2}){16,64}$"}
    body = {"type": "object", "properties": {"deletion_key": key}, "required": ["deletion_key"]}
    done = {
        "type": "object",
        "properties": {"report_id": {"type": "string"}, "deleted": {"type": "boolean"}},
        "required": ["report_id", "deleted"],
    }
    return {
        "operationId": "deleteReport",
        "summary": "Delete a report by its key; its bytes are gone from the spool when this answers.",
        "parameters": [
            {
                "name": "report_id",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            }
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": _content(done, "Deleted."),
            "400": error,
            "403": error,
            "404": error,
            "408": error,
            "413": error,
            "429": later,
            "503": later,
        },
    }


def _enrol(asked: dict[str, Any], given: dict[str, Any], error: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": "enrol",
        "summary": "A token for one pseudonym and its month.",
        "requestBody": {"required": True, "content": {"application/json": {"schema": asked}}},
        "responses": {
            "200": _content(given, "The token."),
            "408": error,
            "413": error,
            "422": error,
            "429": {**error, "headers": RETRY},
            "503": {**error, "headers": RETRY},
        },
    }


def _get(name: str, words: str) -> dict[str, Any]:
    return {"operationId": name, "summary": words, "responses": {"200": _content({"type": "object"}, words)}}
