from hashlib import sha256

import pytest

from voipwatch.wire.reportid import report_id, session_id

KEY = "ab" * 32


def test_a_session_is_named_by_reflector_and_ticket() -> None:
    by_hand = sha256(b"voipwatch.session/1\0" + KEY.encode() + b"\0" + b"0f").hexdigest()[:32]
    assert session_id(KEY, "0f") == by_hand
    assert session_id(KEY.upper(), "0f") == by_hand
    assert len({by_hand, session_id("cd" * 32, "0f"), session_id(KEY, "0e")}) == 3


def test_a_report_is_named_by_its_sessions_however_they_are_given() -> None:
    one, two = session_id(KEY, "1"), session_id(KEY, "2")
    low, high = sorted((one, two))
    by_hand = sha256(b"voipwatch.report-id/1\0" + f"{low}\0{high}".encode()).hexdigest()[:32]
    assert report_id([one, two]) == report_id([two, one, two]) == by_hand
    assert len({report_id([one]), report_id([two]), by_hand}) == 3


def test_no_session_no_name() -> None:
    with pytest.raises(ValueError, match="without a session"):
        report_id([])
