import asyncio
import errno
import gzip
import os
import subprocess
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from tests.collector.asking import CLIENT, House
from tests.collector.submissions import ENROLMENTS, NOW, REFLECTOR_KEY, Maker, poisonous
from tests.collector.test_desk import on_disk
from voipwatch.collector import intake
from voipwatch.collector.body import Limits
from voipwatch.collector.prefixes import read_declared
from voipwatch.collector.spool import Stored, list_segments, read_segment
from voipwatch.collector.stopword import say_stop
from voipwatch.lab.resign import deletion_key, resign
from voipwatch.model.instants import iso
from voipwatch.model.measurement import ViaRun
from voipwatch.model.submission import Intake, PrefixKind, RunKind
from voipwatch.wire.receipt import verify_document


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "data")


def records(house: House) -> list[Intake]:
    return [
        item.record
        for segment in list_segments(house.folder / "spool")
        for item in read_segment(segment.path)
        if isinstance(item, Stored) and isinstance(item.record, Intake)
    ]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [(None, bytes), ("gzip", gzip.compress), ("zstd", zstandard.compress), ("ZSTD", zstandard.compress)],
)
def test_one_report_is_acknowledged_and_on_disk(
    house: House, maker: Maker, encoding: str | None, pack: Any
) -> None:
    headers = {} if encoding is None else {"content-encoding": encoding}
    answer = house.submit(pack(maker.body(1)), headers=headers)
    (result,) = answer.results
    assert (answer.status, result["status"]) == (200, "accepted")
    assert verify_document(result["receipt"], house.collector.public_key)
    (record,) = records(house)
    assert record.report_id == result["report_id"] == result["receipt"]["report_id"]
    assert (record.country, record.asn, record.geo_version) == ("MA", 64500, "test 1")
    assert answer.document["schema"] == "voipwatch.reports-answer/1"


def test_a_batch_is_answered_per_item_in_order(house: House, maker: Maker) -> None:
    items = [maker.body(1), b'{"schema":1}', maker.body(2), maker.body(1), b"7"]
    answer = house.submit(b"[" + b",".join(items) + b"]")
    assert answer.status == 200
    assert [result["status"] for result in answer.results] == [
        "accepted", "refused", "accepted", "accepted", "refused",
    ]  # fmt: skip
    assert answer.results[0]["report_id"] == answer.results[3]["report_id"]
    assert answer.results[1]["field"] == "schema"
    assert len(on_disk(house.folder)) == 2
    assert house.collector.metrics.value("reports_total", "refused") == 2
    assert house.collector.metrics.value("refused_total", "schema") == 2


def test_lines_are_a_batch_and_their_frames_are_what_is_kept(house: House, maker: Maker) -> None:
    bodies = [maker.body(number) + b"\n" for number in (1, 2, 3)]
    first, others = (
        zstandard.compress(bodies[0]),
        zstandard.compress(bodies[1] + b'{"schema":1}\n' + bodies[2]),
    )
    headers = {"content-encoding": "zstd", "content-type": "application/x-ndjson; charset=utf-8"}
    answer = house.submit(first + others, headers=headers)
    assert [result["status"] for result in answer.results] == ["accepted", "accepted", "refused", "accepted"]
    kept = [answer.results[place]["receipt"] for place in (0, 1, 3)]
    assert all(verify_document(receipt, house.collector.public_key) for receipt in kept)
    assert [receipt["body_sha256"] for receipt in kept] == [sha256(body).hexdigest() for body in bodies]
    assert [zstandard.decompress(record.body) for record in records(house)] == bodies
    assert records(house)[0].body == first
    again = house.submit(bodies[0], headers={"content-type": "application/x-ndjson"})
    assert [result["status"] for result in again.results] == ["accepted"]
    for wrong in (first + b"x", b""):
        answer = house.submit(wrong, headers=headers)
        assert (answer.status, answer.document["error"]["code"]) == (400, "encoding")


def test_a_batch_is_paid_for_by_the_report_however_it_comes(tmp_path: Path, maker: Maker) -> None:
    house = House(tmp_path / "data", options={"reports_burst": 3, "reports_a_second": 0.1})
    assert house.submit(maker.body(1)).status == 200
    lines = maker.body(2) + b"\n" + maker.body(3) + b"\n" + maker.body(4) + b"\n"
    for body, headers in (
        (lines, {"content-type": "application/x-ndjson"}),
        (b"[" + lines.rstrip().replace(b"\n", b",") + b"]", {}),
    ):
        answer = house.submit(body, headers=headers)
        assert (answer.status, answer.document["error"]["code"]) == (429, "rate")
        assert int(answer.headers["retry-after"]) > 0
        house.clock.now_s += 10.0
    assert len(on_disk(house.folder)) == 1


def test_a_duplicate_is_refused_and_counted(house: House, maker: Maker) -> None:
    house.submit(maker.body(1))
    answer = house.submit(maker.body(1, deletion_hash="ab" * 32))
    assert (answer.status, answer.results[0]["code"]) == (422, "duplicate")
    assert house.collector.metrics.value("refused_total", "duplicate") == 1


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", {}, 400, "json"),
        (b"[]", {}, 400, "items"),
        (b"[" * 200_000, {}, 400, "json"),
        (b"{}", {}, 422, "schema"),
        (b"x", {"content-encoding": "br"}, 415, "encoding"),
        (b"x", {"content-encoding": "gzip"}, 400, "encoding"),
        (b"x", {"content-encoding": "zstd"}, 400, "encoding"),
        (b"x", {"content-length": "100000000"}, 413, "large"),
        (gzip.compress(bytes(40 << 20), mtime=0), {"content-encoding": "gzip"}, 413, "large"),
        (zstandard.compress(bytes(40 << 20)), {"content-encoding": "zstd"}, 413, "large"),
        (b"[" + b",".join([b"1"] * 257) + b"]", {}, 400, "items"),
        (b'{"x":"' + b"y" * (8 << 20) + b'"}', {}, 413, "large"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_hostile_requests_have_a_clear_answer(
    house: House, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = house.submit(body, headers=headers)
    found = answer.document["error"] or answer.results[0]
    assert (answer.status, found["code"]) == (status, code)
    assert found["reason"]
    assert on_disk(house.folder) == []
    assert house.parts.room.held == 0


def test_one_report_of_a_batch_may_be_too_large(tmp_path: Path, maker: Maker) -> None:
    house = House(tmp_path / "data", options={"limits": Limits(item_bytes=len(maker.body(1)) + 10)})
    answer = house.submit(b"[" + maker.body(1) + b',{"x":"' + bytes(48 for _ in range(60_000)) + b'"}]')
    assert [result.get("code") for result in answer.results] == [None, "large"]


def test_a_full_disk_keeps_nothing_says_so_and_recovers(
    house: House, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def full(handle: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    answer = house.submit(b"[" + maker.body(1) + b"," + maker.body(2) + b"]")
    assert (answer.status, answer.results, answer.document["error"]["code"]) == (507, [], "disk")
    assert int(answer.headers["retry-after"]) > 0
    monkeypatch.setattr(os, "write", real)
    assert on_disk(house.folder) == []
    assert house.submit(maker.body(1)).status == 200
    assert len(on_disk(house.folder)) == 1


def test_a_prefix_that_brings_too_much_waits(tmp_path: Path, maker: Maker) -> None:
    house = House(tmp_path / "data", options={"reports_burst": 2, "reports_a_second": 0.1})
    batch = b"[" + maker.body(1) + b"," + maker.body(2) + b"]"
    assert house.submit(batch).status == 200
    answer = house.submit(maker.body(3), client=("192.0.2.200", 1))  # the same /24
    assert (answer.status, answer.document["error"]["code"]) == (429, "rate")
    assert answer.headers["retry-after"] == "10"
    assert house.submit(maker.body(3), client=("198.51.100.1", 1)).status == 200
    house.clock.now_s += 10
    assert house.submit(maker.body(4, at_s=house.clock.now_s)).status == 200


def test_more_than_waits_for_the_disk_is_shed(tmp_path: Path, maker: Maker) -> None:
    house = House(tmp_path / "data", options={"limits": Limits(waiting_max=1)})

    async def main() -> list[int]:
        many = [house.ask("POST", "/api/v1/reports", maker.body(number)) for number in range(4)]
        answers = await asyncio.gather(*many)
        for answer in answers:
            if answer.status == 503:
                assert int(answer.headers["retry-after"]) > 0
        return [answer.status for answer in answers]

    statuses = house.run(main())
    assert set(statuses) == {200, 503}
    assert len(on_disk(house.folder)) == statuses.count(200)


def test_a_stop_word_is_in_every_answer(house: House, maker: Maker) -> None:
    say_stop(house.folder, NOW + 3600, "enough")
    for answer in (
        house.submit(maker.body(1)),
        house.submit(b"x"),
        house.submit(b"x", headers={"content-encoding": "br"}),
        house("GET", "/api/v1/health"),
    ):
        stop = answer.document["stop"]
        assert (stop["reason"], stop["until"]) == ("enough", iso(NOW + 3600))
        assert verify_document(stop, house.collector.public_key)


def test_enrolment_makes_the_next_report_count(house: House, maker: Maker) -> None:
    word = maker.submission(1).probe
    asked = {"schema": "voipwatch.enrolment/1", "pseudonym": word.pseudonym, "month": word.month}
    answer = house("POST", "/api/v1/enrolments", msgspec.json.encode(asked))
    assert (answer.status, answer.document["collector"]) == (200, house.collector.public_key)
    house.submit(maker.body(1, enrolment=answer.document["token"]))
    house.submit(maker.body(2))
    assert [record.enrolled for record in records(house)] == [True, False]
    foreign = house.submit(maker.body(3, enrolment=ENROLMENTS.token("cd" * 16, "2026-11")))
    assert foreign.results[0]["field"] == "probe.enrolment"
    wrong = house("POST", "/api/v1/enrolments", msgspec.json.encode({**asked, "month": "2025-01"}))
    assert (wrong.status, wrong.document["error"]["reason"][:5]) == (422, "month")


def test_enrolments_are_few_a_prefix(tmp_path: Path) -> None:
    house = House(tmp_path / "data", options={"enrolments_a_day": 2})

    def enrol(number: int, client: str) -> int:
        asked = {"schema": "voipwatch.enrolment/1", "pseudonym": f"{number:032x}", "month": "2026-11"}
        return house("POST", "/api/v1/enrolments", msgspec.json.encode(asked), client=(client, 1)).status

    assert [enrol(number, CLIENT) for number in range(3)] == [200, 200, 429]
    assert enrol(3, "198.51.100.1") == 200


def test_who_has_the_key_deletes(house: House, maker: Maker) -> None:
    name = house.submit(maker.body(1)).results[0]["report_id"]

    def delete(key: bytes, report_id: str = name) -> tuple[int, Any]:
        body = msgspec.json.encode({"deletion_key": key.hex()})
        answer = house("DELETE", f"/api/v1/reports/{report_id}", body)
        return answer.status, answer.document

    assert delete(deletion_key(2))[0] == 403
    assert delete(deletion_key(1), "ab" * 16)[0] == 404
    assert delete(deletion_key(1), "x")[0] == 400
    assert delete(b"1")[0] == 400
    assert delete(deletion_key(1)) == (200, {"report_id": name, "deleted": True})
    assert on_disk(house.folder) == []
    assert house.submit(maker.body(1)).results[0]["code"] == "deleted"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/reports", 405),
        ("GET", "/api/v1/reports/" + "ab" * 16, 405),
        ("GET", "/api/v1/enrolments", 405),
        ("POST", "/api/v1/health", 405),
        ("PUT", "/api/v1/openapi.json", 405),
        ("GET", "/", 404),
        ("GET", "/metrics", 404),
        ("GET", "/api/v1/openapi.json", 200),
        ("GET", "/api/v1/health", 200),
    ],
)
def test_routes(house: House, method: str, path: str, status: int) -> None:
    answer = house(method, path)
    assert answer.status == status
    allowed = "GET" if path.endswith(("health", "json")) else "DELETE" if path.endswith("ab") else "POST"
    assert answer.headers.get("allow") == (allowed if status == 405 else None), "RFC 9110 section 15.5.6"


def test_health_says_what_it_is(house: House) -> None:
    document = house("GET", "/api/v1/health").document
    assert document["collector"] == house.collector.public_key
    assert (document["status"], document["geo"], document["stop"]) == ("ok", "test 1", None)


@pytest.mark.parametrize(
    ("client", "forwarded", "country"),
    [
        (CLIENT, "198.51.100.9", "MA"),  # not from a proxy: not believed
        ("203.0.113.1", "198.51.100.9", "TN"),
        ("203.0.113.1", f"{CLIENT}, 198.51.100.9", "TN"),  # what the sender wrote himself stands in front
        ("203.0.113.1", "198.51.100.9, 203.0.113.2", "TN"),  # through two of our proxies
        ("203.0.113.1", "[2001:db8::1]", "MA"),
        ("203.0.113.1", "", None),
    ],
)
def test_a_forwarded_address_is_believed_from_declared_proxies_only(
    tmp_path: Path, maker: Maker, client: str, forwarded: str, country: str | None
) -> None:
    house = House(tmp_path / "data", options={"proxies": (ip_network("203.0.113.0/24"),)})
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    assert house.submit(maker.body(1), client=(client, 1), headers=headers).status == 200
    assert records(house)[0].country == country


def test_a_proxy_that_forwards_no_address_is_told(tmp_path: Path, maker: Maker) -> None:
    house = House(tmp_path / "data", options={"proxies": (ip_network("203.0.113.0/24"),)})
    answer = house.submit(maker.body(1), client=("203.0.113.1", 1), headers={"x-forwarded-for": "unknown"})
    assert (answer.status, answer.document["error"]["code"]) == (400, "address")


def test_the_prefix_is_hashed_and_its_kind_told(tmp_path: Path, maker: Maker) -> None:
    house = House(tmp_path / "data", options={"declared": read_declared("192.0.2.0/24 carrier")})
    for number, client in enumerate((CLIENT, "192.0.2.9", "198.51.100.1")):
        house.submit(maker.body(number), client=(client, 1))
    first, second, other = records(house)
    assert first.prefix == second.prefix != other.prefix
    assert [first.prefix_kind, other.prefix_kind] == [PrefixKind.CARRIER, PrefixKind.UNKNOWN]
    assert first.prefix_day == "2026-11-22"


def test_a_run_through_a_tunnel_is_taken_where_the_request_says_so(house: House, maker: Maker) -> None:
    made = maker.submission(1, kind=RunKind.MANUAL)
    again = resign(made.report, REFLECTOR_KEY, ticket_id="through", started_at=iso(NOW)).measurement
    made.report.via = ViaRun("tunnel", again)
    body = msgspec.json.encode(made)
    assert house.submit(body).results[0]["code"] == "via"
    assert house("POST", "/api/v1/reports?via=explicit", body).status == 200


def test_no_address_of_a_sender_is_in_any_file(house: House, maker: Maker) -> None:
    """Written as text, packed, or in hexadecimal: not in the data folder after all that can happen."""
    for number, client in enumerate((CLIENT, "198.51.100.23", "2001:db8:77::5")):
        body = maker.body(number)
        house.submit(body, client=(client, 40_000))
        house.submit(body[:-5], client=(client, 40_000))
        asked = {"schema": "voipwatch.enrolment/1", "pseudonym": f"{number:032x}", "month": "2026-11"}
        house("POST", "/api/v1/enrolments", msgspec.json.encode(asked), client=(client, 1))
    key = msgspec.json.encode({"deletion_key": deletion_key(0).hex()})
    name = records(house)[0].report_id
    house("DELETE", f"/api/v1/reports/{name}", key, client=(CLIENT, 1))
    house.close()
    held = {path: path.read_bytes() for path in house.folder.rglob("*") if path.is_file()}
    assert len(held) >= 4
    segments = [path for path in held if path.suffix == ".seg"]
    assert segments
    for path in segments:  # unpacked: four bytes of an address may stand in what is packed by chance
        for item in read_segment(path):
            if isinstance(item, Stored) and isinstance(item.record, Intake):
                packed = item.record.body
                assert packed in held[path]
                plain = zstandard.ZstdDecompressor().decompress(packed)
                held[path] = held[path].replace(packed, b"") + plain
    needles = [
        CLIENT.encode(), bytes([192, 0, 2, 77]), b"c000024d", b"192.0.2", b"198.51.100",
        bytes([198, 51, 100, 23]), b"2001:db8:77", bytes.fromhex("20010db80077"),
    ]  # fmt: skip
    for path, content in held.items():
        for needle in needles:
            assert needle not in content, (path.name, needle)
    grep = subprocess.run(
        ["grep", "-rF", "-e", "192.0.2.", "-e", "198.51.100.", "-e", "2001:db8", str(house.folder)],
        capture_output=True,
        check=False,
    )
    assert grep.returncode == 1


def test_an_address_in_a_report_is_refused_before_anything_is_kept(house: House, maker: Maker) -> None:
    document = maker.document(1)
    document["report"]["software"] = f"on {CLIENT}"
    answer = house.submit(msgspec.json.encode(document))
    assert (answer.results[0]["code"], answer.results[0]["field"]) == ("address", "report.software")
    assert on_disk(house.folder) == []


@pytest.mark.parametrize("workers", [0, 2])
def test_poison_in_unknown_fields_stops_nothing(tmp_path: Path, maker: Maker, workers: int) -> None:
    house = House(tmp_path / "data", options={"workers": workers})

    async def asking() -> list[tuple[int, str]]:
        await house.parts.judges.start()
        try:
            bodies = [*poisonous(maker.body(1)).values(), *poisonous(maker.body(1)).values(), maker.body(2)]
            answers = [
                await asyncio.wait_for(house.ask("POST", "/api/v1/reports", body), 30) for body in bodies
            ]
        finally:
            await house.parts.judges.stop()
        return [(answer.status, answer.results[0].get("code", "")) for answer in answers]

    *refused, good = house.run(asking())
    assert set(refused) == {(400, "json")}
    assert good[0] == 200
    assert house.parts.metrics.value("refused_total", "json") == len(refused)
    assert house.parts.metrics.value("judge_faults_total") == 0
    house.close()


def test_a_report_that_breaks_the_judge_waits_and_is_told(
    tmp_path: Path, maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    house = House(tmp_path / "data", options={"workers": 0, "say": said.append})

    def breaking(_body: bytes) -> None:
        raise KeyError

    with monkeypatch.context() as patch:
        patch.setattr(intake, "_check_redaction", breaking)
        alone = house.submit(maker.body(1))
        batch = house.submit(b"[" + maker.body(1) + b",{}]")
    assert (alone.status, alone.document["error"]["code"]) == (503, "internal")
    assert int(alone.headers["retry-after"]) > 0  # a probe does not give it up
    assert (batch.status, [result["code"] for result in batch.results]) == (200, ["internal", "schema"])
    assert house.parts.metrics.value("judge_faults_total") == len(said) == 2
    assert house.submit(maker.body(1)).status == 200
    house.close()
