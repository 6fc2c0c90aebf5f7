import copy
import itertools
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.collector.submissions import (
    ABOUT,
    ENROLMENTS,
    INSTANCE,
    NOW,
    REFLECTOR,
    REFLECTOR_KEY,
    RULES,
    Maker,
    poisonous,
)
from voipwatch.collector import intake
from voipwatch.collector.intake import (
    AGE_MOST_S,
    AHEAD_MOST_S,
    CLOCK_MOST_S,
    Accepted,
    Refused,
    Rules,
    Submitted,
    take,
    take_all,
)
from voipwatch.lab.resign import public_key, resign
from voipwatch.model.instants import iso
from voipwatch.model.measurement import SignedLog, ViaRun
from voipwatch.model.submission import RunKind, Submission
from voipwatch.wire.farlog import decode_farlog, encode_farlog, sign_farlog
from voipwatch.wire.reportid import report_id, session_id


def accepted(body: bytes, **about: Any) -> Accepted:
    taken = take(Submitted(body, replace(ABOUT, **about), NOW), RULES)
    assert isinstance(taken, Accepted), taken
    return taken


def refused(body: bytes, *, now_s: float = NOW, rules: Rules = RULES, **about: Any) -> Refused:
    taken = take(Submitted(body, replace(ABOUT, **about), now_s), rules)
    assert isinstance(taken, Refused), taken
    return taken


def spoilt(document: dict[str, Any], path: str, value: object) -> bytes:
    """The document's JSON with one value replaced; a value of `...` removes it."""
    document = copy.deepcopy(document)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = document
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return msgspec.json.encode(document)


def test_a_good_report_becomes_a_record(maker: Maker) -> None:
    body = maker.body(1)
    taken = accepted(body)
    record = taken.intake
    made = maker.submission(1)
    (facts,) = made.report.measurement.reflectors
    assert facts.log is not None
    session = session_id(facts.key or "", decode_farlog(facts.log.payload).ticket_id)
    assert record.sessions == [session]
    assert record.report_id == report_id([session])
    assert zstandard.ZstdDecompressor().decompress(record.body) == body
    assert (record.country, record.asn, record.geo_version) == ("MA", 64500, "test 1")
    assert (record.received_at_s, record.enrolled, record.disagreements) == (NOW, False, [])
    assert taken.deletion_hash.hex() == made.probe.deletion_hash
    assert taken.pseudonym == made.probe.pseudonym


def test_unknown_fields_are_kept(maker: Maker) -> None:
    body = spoilt(maker.document(1), "probe.later", {"x": 1})
    assert zstandard.ZstdDecompressor().decompress(accepted(body).intake.body) == body


SPOILT: dict[str, tuple[str, object, str, str]] = {
    "no word": ("probe", ..., "schema", "probe"),
    "no schema": ("schema", ..., "schema", "schema"),
    "a later version": ("schema", "voipwatch.submission/2", "version", "schema"),
    "a later report": ("report.schema", "voipwatch.report/9", "version", "report.schema"),
    "no report schema": ("report.schema", ..., "schema", "report.schema"),
    "a kind that is none": ("probe.kind", "guess", "schema", "probe.kind"),
    "a pseudonym too short": ("probe.pseudonym", "ab", "value", "probe.pseudonym"),
    "a pseudonym in capitals": ("probe.pseudonym", "AB" * 16, "value", "probe.pseudonym"),
    "a month that is none": ("probe.month", "2026-13", "value", "probe.month"),
    "no deletion hash": ("probe.deletion_hash", "", "value", "probe.deletion_hash"),
    "no Z": ("probe.queued_at", "2026-11-22T00:00:00", "value", "probe.queued_at"),
    "no time": ("probe.sent_at", "soon", "value", "probe.sent_at"),
    "access from a guess": ("probe.access_from", "guess", "value", "probe.access_from"),
    "a long instance": ("probe.instance", "x" * 65, "value", "probe.instance"),
    "a token of another": ("probe.enrolment", "ab" * 32, "enrolment", "probe.enrolment"),
    "a text for a number": (
        "report.measurement.flows.3.sent.seq.0", "1", "schema", "report.measurement.flows[3].sent.seq[0]",
    ),
    "a number too large": (
        "report.measurement.flows.3.sent.seq.0", 1 << 63, "value", "report.measurement.flows[3].sent.seq[0]",
    ),
    "a number above all": (
        "report.measurement.flows.3.sent.seq.0", (1 << 64) - 1, "value",
        "report.measurement.flows[3].sent.seq[0]",
    ),
    "a number above any": (
        "report.measurement.flows.2.sent.t_us.0", -(1 << 63) - 1, "value",
        "report.measurement.flows[2].sent.t_us[0]",
    ),
    "a column too short": (
        "report.measurement.flows.3.received.crc", [1], "value", "report.measurement.flows[3].received",
    ),
    "no log": ("report.measurement.reflectors.0.log", None, "unsigned", "report.measurement.reflectors"),
    "no reflectors": ("report.measurement.reflectors", [], "unsigned", "report.measurement.reflectors"),
    "another key": (
        "report.measurement.reflectors.0.key", "ab" * 32, "reflector", "report.measurement.reflectors[0].key",
    ),
    "another ticket": (
        "report.measurement.reflectors.0.ticket", 99, "log", "report.measurement.reflectors[0].log",
    ),
    "an address": (
        "report.measurement.reflectors.0.name", "198.51.100.7", "address",
        "report.measurement.reflectors[0].name",
    ),
    "an address in an unknown field": ("probe.later", ["x", "2001:db8::7"], "address", "probe.later[1]"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_what_is_wrong_is_named(maker: Maker, name: str) -> None:
    path, value, code, field = SPOILT[name]
    found = refused(spoilt(maker.document(1), path, value))
    assert (found.code, found.field) == (code, field)
    assert found.reason


def test_numbers_of_64_bits_are_taken(maker: Maker) -> None:
    for number in (-(1 << 63), (1 << 63) - 1, 0xCF80_0000):
        body = spoilt(maker.document(1), "report.measurement.flows.3.sent.t_us.0", number)
        kept = zstandard.ZstdDecompressor().decompress(accepted(body).intake.body)
        assert msgspec.json.decode(kept)["report"]["measurement"]["flows"][3]["sent"]["t_us"][0] == number


def test_an_address_behind_escapes_is_found(maker: Maker) -> None:
    body = maker.body(1).replace(b'"software":"test"', b'"software":"198.51\\u002e100.7"')
    assert refused(body).code == "address"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"[]", b"NaN", b'{"schema":NaN}', b"\xff", b'{"a":' * 100_000, b"[" * 100_000,
        b'{"probe":' + b"[" * 100_000, b'{"x":' * 3000 + b"1" + b"}" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_submission_at_all_is_refused(body: bytes) -> None:
    assert refused(body).code in {"json", "schema"}


def test_numbers_that_are_none_are_refused(maker: Maker) -> None:
    body = maker.body(1)
    for word in (b"NaN", b"Infinity", b"1e999", b"-1e999"):
        spoilt_body = body.replace(b'"media_s":0.0', b'"media_s":' + word, 1)
        assert spoilt_body != body
        assert refused(spoilt_body).code in {"json", "schema"}


def test_a_log_that_somebody_altered_is_refused(maker: Maker) -> None:
    made = maker.submission(1)
    (facts,) = made.report.measurement.reflectors
    assert facts.log is not None
    payload = bytearray(facts.log.payload)
    payload[len(payload) // 2] ^= 1
    facts.log = SignedLog(bytes(payload), facts.log.signature)
    found = refused(msgspec.json.encode(made))
    assert (found.code, found.field) == ("signature", "report.measurement.reflectors[0].log.signature")


def test_a_signed_log_that_names_an_address_is_refused(maker: Maker) -> None:
    made = maker.submission(1)
    (facts,) = made.report.measurement.reflectors
    assert facts.log is not None
    log = decode_farlog(facts.log.payload)
    payload = encode_farlog(msgspec.structs.replace(log, version="seen from 198.51.100.7"))
    facts.log = SignedLog(payload, sign_farlog(payload, REFLECTOR_KEY))
    found = refused(msgspec.json.encode(made))
    assert (found.code, found.field) == ("address", "report.measurement.reflectors[0].log.payload")


def test_a_reflector_that_is_not_trusted_is_said_in_a_word(maker: Maker) -> None:
    stranger = bytes(32)
    made = maker.submission(1)
    other = resign(made.report, stranger, ticket_id="1", started_at=iso(NOW))
    found = refused(msgspec.json.encode(Submission(made.probe, other)))
    assert found.code == "reflector"
    both = Rules(frozenset({public_key(stranger)}), ENROLMENTS, INSTANCE)
    body = msgspec.json.encode(Submission(made.probe, other))
    assert isinstance(take(Submitted(body, ABOUT, NOW), both), Accepted)


@pytest.mark.parametrize("mine", ["", "lab", "morocco-2016"])
@pytest.mark.parametrize("theirs", ["", "lab", "morocco-2016", "Lab", " "])
def test_emulated_and_real_reports_never_come_to_one_place(maker: Maker, mine: str, theirs: str) -> None:
    rules = Rules(frozenset({REFLECTOR}), ENROLMENTS, mine)
    found = take(Submitted(maker.body(1, instance=theirs), ABOUT, NOW), rules)
    if mine == theirs:
        assert isinstance(found, Accepted)
        return
    assert isinstance(found, Refused)
    assert (found.code, found.field) == ("instance", "probe.instance")
    assert ("takes real ones only" in found.reason) == (mine == "")
    assert mine in found.reason


def test_one_flow_twice_is_refused_and_the_same_number_at_two_reflectors_is_not(maker: Maker) -> None:
    made = maker.submission(1)
    flows = made.report.measurement.flows
    for index, wanted in ((flows[2].reflector, "value"), (flows[2].reflector + 1, "")):
        made.report.measurement.flows = [*flows, msgspec.structs.replace(flows[2], reflector=index)]
        found = take(Submitted(msgspec.json.encode(made), ABOUT, NOW), RULES)
        assert (found.code if isinstance(found, Refused) else "") == wanted
        if isinstance(found, Refused):
            assert found.field == "report.measurement.flows"


def test_the_same_session_twice_in_one_report_is_refused(maker: Maker) -> None:
    made = maker.submission(1)
    made.report.measurement.reflectors *= 2
    found = refused(msgspec.json.encode(made))
    assert (found.code, found.field) == ("session", "report.measurement.reflectors[1].log")


def test_a_tokens_pseudonym_is_enrolled(maker: Maker) -> None:
    word = maker.submission(1).probe
    token = ENROLMENTS.token(word.pseudonym, word.month)
    assert accepted(maker.body(1, enrolment=token)).intake.enrolled
    assert refused(maker.body(2, enrolment=token)).code == "enrolment"


@pytest.mark.parametrize(
    ("offset_s", "note"), [(0.0, []), (-299.0, []), (301.0, ["clock"]), (-CLOCK_MOST_S, ["clock"])]
)
def test_a_clock_that_is_a_little_off_is_noted(maker: Maker, offset_s: float, note: list[str]) -> None:
    body = maker.body(1, sent_at=iso(NOW + offset_s))
    assert accepted(body).intake.disagreements == note


@pytest.mark.parametrize("offset_s", [-366 * 86_400.0, 366 * 86_400.0, CLOCK_MOST_S + 60])
def test_a_clock_that_is_far_off_is_told_by_how_much(maker: Maker, offset_s: float) -> None:
    found = refused(maker.body(1, sent_at=iso(NOW + offset_s)))
    assert (found.code, found.field) == ("clock", "probe.sent_at")
    assert f"{offset_s:+.0f} s" in found.reason
    assert iso(NOW) in found.reason


def test_a_session_is_not_too_old_and_not_in_the_future(maker: Maker) -> None:
    for began_s, code in ((NOW - AGE_MOST_S - 60, "old"), (NOW + AHEAD_MOST_S + 60, "clock")):
        body = maker.body(1, at_s=began_s, sent_at=iso(NOW))
        assert refused(body).code == code
    for began_s in (NOW - AGE_MOST_S + 60, NOW + AHEAD_MOST_S - 60):
        accepted(maker.body(1, at_s=began_s, sent_at=iso(NOW)))


def test_what_was_declared_and_what_was_seen_may_differ(maker: Maker) -> None:
    document = maker.document(1)
    document["report"]["measurement"]["line"] |= {"country": "TN", "asn": 64501}
    body = msgspec.json.encode(document)
    assert accepted(body).intake.disagreements == ["country", "asn"]
    assert accepted(body, country=None, asn=None).intake.disagreements == []
    assert accepted(body, country="TN").intake.disagreements == ["asn"]


def test_a_run_through_a_tunnel_needs_the_users_word(maker: Maker) -> None:
    made = maker.submission(1)
    again = resign(made.report, REFLECTOR_KEY, ticket_id="through", started_at=iso(NOW)).measurement
    made.report.via = ViaRun("tunnel", again)
    scheduled = msgspec.json.encode(made)
    by_hand = msgspec.json.encode(
        Submission(msgspec.structs.replace(made.probe, kind=RunKind.MANUAL), made.report)
    )
    assert refused(scheduled, via_meant=True).field == "report.via"
    assert refused(by_hand).code == "via"
    both = accepted(by_hand, via_meant=True).intake
    assert len(both.sessions) == 2
    assert set(accepted(maker.body(1)).intake.sessions) < set(both.sessions)


@settings(max_examples=40)
@given(data=st.data())
def test_whatever_is_spoilt_there_is_an_answer(maker: Maker, data: st.DataObject) -> None:
    body = bytearray(maker.body(1))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        how = data.draw(st.sampled_from(["flip", "cut", "insert"]))
        if how == "flip":
            body[at] ^= data.draw(st.integers(1, 255))
        elif how == "cut":
            del body[at : at + data.draw(st.integers(1, 50))]
        else:
            body[at:at] = data.draw(st.binary(min_size=1, max_size=8))
        if not body:
            break
    assert isinstance(take(Submitted(bytes(body), ABOUT, NOW), RULES), Accepted | Refused)


def test_several_side_by_side_are_judged_as_each_alone(maker: Maker) -> None:
    bodies = [
        maker.body(1),
        b"{}",
        spoilt(maker.document(2), "probe.month", "x"),
        maker.body(3),
        maker.body(1),
        spoilt(maker.document(4), "report.measurement.reflectors.0.log.signature", "AAAA"),
        b"[",
    ]
    several = [Submitted(body, ABOUT, NOW) for body in bodies]
    found = take_all(several, RULES)
    assert found == [take(one, RULES) for one in several]
    assert [isinstance(one, Accepted) for one in found] == [True, False, False, True, True, False, False]
    assert take_all([], RULES) == []


def test_a_frame_that_came_with_it_is_what_is_kept(maker: Maker) -> None:
    taken = take(Submitted(maker.body(1), ABOUT, NOW, packed=b"frame"), RULES)
    assert isinstance(taken, Accepted)
    assert taken.intake.body == b"frame"


def test_what_a_typed_decoder_skips_is_refused_where_it_is_no_json(maker: Maker) -> None:
    for name, body in poisonous(maker.body(1)).items():
        found = take(Submitted(body, ABOUT, NOW), RULES)
        assert isinstance(found, Refused), name
        assert found.code == "json", name
        assert found.reason, name


@pytest.mark.parametrize(
    "check", ["_check_word", "_check_instance", "_check_via", "_check_columns", "_check_redaction"]
)
def test_a_fault_of_ours_with_one_report_is_its_answer_alone(
    maker: Maker, monkeypatch: pytest.MonkeyPatch, check: str
) -> None:
    several = [Submitted(maker.body(number), ABOUT, NOW) for number in range(3)]
    real, calls = getattr(intake, check), itertools.count()
    failures = iter([KeyError("x"), MemoryError()])

    def failing(*args: Any) -> Any:
        if next(calls) in (0, 1):
            raise next(failures)
        return real(*args)

    monkeypatch.setattr(intake, check, failing)
    first, second, third = take_all(several, RULES)
    assert isinstance(first, Refused)
    assert (first.code, first.reason) == ("internal", "the collector failed on it: KeyError")
    assert isinstance(second, Refused)
    assert second.code == "large"
    assert isinstance(third, Accepted)
