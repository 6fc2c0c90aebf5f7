"""OONI's measurements: what each test said, which alarms are known to be false, what is no measurement."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.wire.errors import WireError
from voipwatch.wire.ooni import (
    CONFOUNDERS,
    SIZE_MAX,
    TESTS,
    NotOursError,
    OoniMeasurement,
    Part,
    decode_ooni,
)


def measurement(test: str = "whatsapp", keys: dict[str, Any] | None = None, **changes: Any) -> bytes:
    document: dict[str, Any] = {
        "test_name": test,
        "test_version": "0.9.0",
        "measurement_start_time": "2021-05-06 07:08:09",
        "probe_cc": "ma",
        "probe_asn": "AS36903",
        "probe_ip": "127.0.0.1",
        "report_id": "20210506T070809Z_x",
        "data_format_version": "0.2.0",
        "software_name": "miniooni",
        "software_version": "3.10.0",
        "test_keys": keys or {},
    }
    return json.dumps(document | changes).encode()


def said(data: bytes) -> dict[str, tuple[str, str]]:
    return {part.part: (part.said, part.confounder) for part in decode_ooni(data).parts}


def test_the_circumstances_of_a_measurement() -> None:
    # 2021-05-06T07:08:09Z: `date -u -d '2021-05-06 07:08:09' +%s`
    assert decode_ooni(measurement("stunreachability", {"failure": None}, input="stun://a.example:3478")) == (
        OoniMeasurement(
            report_id="20210506T070809Z_x",
            test="stunreachability",
            test_version="0.9.0",
            country="MA",
            asn=36903,
            started_at_s=1620284889,
            target="stun://a.example:3478",
            engine="3.10.0",
            parts=(Part("binding", "ok"),),
        )
    )


@pytest.mark.parametrize(
    ("test", "keys", "expected"),
    [
        (
            "whatsapp",
            {
                "registration_server_status": "ok",
                "whatsapp_endpoints_status": "blocked",
                "whatsapp_web_status": None,
            },
            {"registration": "ok", "endpoints": "anomaly", "web": "failed"},
        ),
        (
            "telegram",
            {"telegram_http_blocking": True, "telegram_tcp_blocking": False, "telegram_web_status": "ok"},
            {"http": "anomaly", "tcp": "ok", "web": "ok"},
        ),
        (
            "facebook_messenger",
            {"facebook_dns_blocking": None, "facebook_tcp_blocking": True},
            {"dns": "failed", "tcp": "anomaly"},
        ),
        ("signal", {"signal_backend_status": "blocked"}, {"backend": "anomaly"}),
        ("stun_reachability", {"failure": "generic_timeout_error"}, {"binding": "anomaly"}),
        ("stun_reachability", {}, {"binding": "failed"}),
    ],
)
def test_what_each_part_of_each_test_said(test: str, keys: dict[str, Any], expected: dict[str, str]) -> None:
    assert {part: word for part, (word, _) in said(measurement(test, keys)).items()} == expected


@pytest.mark.parametrize(
    ("day", "engine", "applies"),
    [
        ("2022-10-18 23:59:59", "3.16.0", ""),
        ("2022-10-19 00:00:00", "3.16.4", "signal-ca-2022"),
        ("2022-10-19 00:00:00", "3.16.5", ""),
        ("2023-05-07 00:00:00", "3.17.1", "signal-directory-2023"),
        ("2023-11-07 12:00:00", "3.19.1", "signal-service-2023"),
        ("2023-11-07 12:00:00", "3.20.0-alpha", ""),
        ("2023-11-07 12:00:00", "", "signal-ca-2022"),
    ],
)
def test_alarms_that_a_change_at_the_provider_explains(day: str, engine: str, applies: str) -> None:
    annotations = {"engine_version": engine}
    for status, expected in (("blocked", applies), ("ok", "")):
        data = measurement(
            "signal",
            {"signal_backend_status": status},
            measurement_start_time=day,
            annotations=annotations,
            software_name="ooniprobe-android",
        )
        assert said(data)["backend"][1] == expected


def test_every_confounder_is_of_a_part_that_its_test_has() -> None:
    for each in CONFOUNDERS:
        assert each.part in said(measurement(each.test))
        assert each.source.startswith("ooni/")
    assert len({each.id for each in CONFOUNDERS}) == len(CONFOUNDERS)


def test_what_may_hold_an_address_is_cut() -> None:
    failure = "unknown_failure: dial tcp 192.0.2.7:443: i/o"
    data = measurement("signal", {"signal_backend_status": "blocked", "signal_backend_failure": failure})
    assert decode_ooni(data).parts[0].failure == "unknown_failure"
    assert b"192.0.2.7" not in msgspec.json.encode(decode_ooni(data))


def test_countries_and_networks_that_ooni_did_not_know() -> None:
    odd = decode_ooni(measurement(probe_cc="", probe_asn="AS0"))
    assert (odd.country, odd.asn) == ("ZZ", 0)
    assert decode_ooni(measurement(probe_asn="ASfoo")).asn == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "measurement"),
        (b"{", "measurement"),
        (b"[]", "measurement"),
        (b"\xff\xfe", "measurement"),
        (b"[" * 100_000, "measurement"),
        (measurement(test_version=None), "test_version"),
        (measurement(keys={"telegram_tcp_blocking": "no"}), "telegram_tcp_blocking"),
        (measurement(measurement_start_time="yesterday"), "measurement_start_time"),
        (measurement(data_format_version="0.3.0"), "data_format_version"),
    ],
    ids=["empty", "cut", "array", "binary", "deep", "null", "type", "time", "version"],
)
def test_what_is_no_measurement_is_told_with_its_field(data: bytes, words: str) -> None:
    with pytest.raises(WireError, match=words):
        decode_ooni(data)


def test_a_measurement_of_impossible_size_is_not_read() -> None:
    with pytest.raises(WireError, match="at most"):
        decode_ooni(bytes(SIZE_MAX + 1))


def test_other_tests_are_told_apart_from_damage() -> None:
    with pytest.raises(NotOursError, match="web_connectivity"):
        decode_ooni(measurement("web_connectivity", {"failure": {"not": "a string"}}))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(WireError, NotOursError):
        assert decode_ooni(data).test in TESTS


@given(st.data())
def test_a_measurement_cut_anywhere_is_refused(data: st.DataObject) -> None:
    whole = measurement("signal", {"signal_backend_status": "ok"})
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(WireError):
        decode_ooni(whole[:cut])


def test_the_specifications_examples(shared_dir: Path) -> None:
    files = sorted((shared_dir / "ooni").glob("*.json"))
    assert len(files) == 5
    read = [decode_ooni(file.read_bytes()) for file in files]
    assert {each.test for each in read} == set(TESTS)
    assert {(each.country, each.asn) for each in read} == {("IT", 30722)}
    assert all(part.said == "ok" for each in read for part in each.parts)


def test_a_measurement_without_an_id_gets_one_of_its_content() -> None:
    first, again, other = (
        decode_ooni(measurement("signal", report_id="", probe_cc=country)).report_id
        for country in ("MA", "MA", "TN")
    )
    assert first == again != other
    assert len(first) == len("sha256-") + 32


@pytest.mark.parametrize("started", ["2011-12-31 23:59:59", "2100-01-01 00:00:00", "0001-01-01 00:00:00"])
def test_a_time_that_cannot_have_been_is_refused(started: str) -> None:
    with pytest.raises(WireError, match="cannot have been"):
        decode_ooni(measurement("signal", measurement_start_time=started))
