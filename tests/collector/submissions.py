"""Signed submissions for tests: one simulated check, re-signed as often as one likes."""

from typing import Any

import msgspec

from voipwatch.cli.machinery import judge
from voipwatch.collector.intake import Circumstances, Rules
from voipwatch.collector.keys import Enrolments
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.resign import emulated_submission, public_key
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.instants import iso
from voipwatch.model.results import Report
from voipwatch.model.submission import PrefixKind, Submission

NOW = 1_795_305_600.0
"""2026-11-22 00:00 UTC."""
REFLECTOR_KEY = bytes(range(32))
REFLECTOR = public_key(REFLECTOR_KEY)
ENROLMENTS = Enrolments(b"enrolment key of the tests" + bytes(6))
INSTANCE = "lab"
"""Of everything that `lab.resign` makes."""
RULES = Rules(frozenset({REFLECTOR}), ENROLMENTS, INSTANCE)
ABOUT = Circumstances(
    country="MA",
    asn=64500,
    geo_version="test 1",
    prefix="00" * 8,
    prefix_day="2026-11-22",
    prefix_kind=PrefixKind.UNKNOWN,
)


def simulated_report() -> Report:
    """A check of one app whose port is dropped; a tenth of its flows, so that it has about 20 kB."""
    measurement = run_simulated(load_worlds().get("port-drop"), apps=["whatsapp"], seed=1)
    report = Report(judge(measurement, lang="en"), measurement, "test")
    measurement.flows = measurement.flows[::8]
    return report


class Maker:
    """Numbered submissions: the same number is the same session, probe and deletion key."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def submission(self, number: int, *, at_s: float = NOW, **word: Any) -> Submission:
        """`word`: fields of the probe's word that are to be others."""
        made = emulated_submission(self.report, REFLECTOR_KEY, number, iso(at_s))
        return Submission(msgspec.structs.replace(made.probe, **word), made.report)

    def body(self, number: int, *, at_s: float = NOW, **word: Any) -> bytes:
        """Its JSON."""
        return msgspec.json.encode(self.submission(number, at_s=at_s, **word))

    def document(self, number: int, *, at_s: float = NOW) -> dict[str, Any]:
        """Its JSON, decoded, to be spoilt."""
        document = msgspec.json.decode(self.body(number, at_s=at_s))
        assert isinstance(document, dict)
        return document


def poisonous(good: bytes) -> dict[str, bytes]:
    """Submissions that are right but for what stands in an unknown field, which a typed decoder skips."""
    deep = 995
    cells = {
        "a number that is none": b'["\\u00e9",1e999]',
        "an integer of 5000 digits": b'["\\u00e9",' + b"1" * 5000 + b"]",
        "no UTF-8": b'["\\u00e9","\xff\xfe"]',
        "no UTF-8 in a key": b'{"\\u00e9":1,"a":{"\xff":2}}',
        "no UTF-8 and nothing else amiss": b'"\xe9t\xe9"',
        "no UTF-8 in a key and nothing else amiss": b'{"\xff":2}',
        "deep arrays": b"[" * deep + b'"\\u00e9"' + b"]" * deep,
        "deep objects": b'{"a":' * deep + b'"\\u00e9"' + b"}" * deep,
        "an address beside a number that is none": b'["192.0.2.1",1e999]',
    }
    return {name: good[:-1] + b',"later":' + cell + b"}" for name, cell in cells.items()}
