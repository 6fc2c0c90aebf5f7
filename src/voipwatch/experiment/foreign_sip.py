"""SIP that came on a flow and is none of its script's: is it of the flow's own call, and would it end it?

Whoever sends it knows the call: it bears the Call-ID and the tag that this flow drew by itself and sent
(RFC 3261 section 12). A stray datagram of another call, or garbage, has neither. What it means is left to
the judge.
"""

import re
from collections.abc import Iterable
from typing import Final

from voipwatch.model.flows import ForeignSip

HEAD_BYTES: Final = 4096
"""As much of a datagram as is looked at."""
HANG_UPS: Final = frozenset({"BYE", "CANCEL"})

_STATUS: Final = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2})[ \r]")
_REQUEST: Final = re.compile(rb"([A-Z]{3,10}) sips?:[^\r\n ]* SIP/2\.0\r\n")
_CALL_ID: Final = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_CSEQ: Final = re.compile(rb"^cseq[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_ENDS: Final = re.compile(rb"^(?:from|f|to|t)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_TAG: Final = re.compile(rb";[ \t]*tag[ \t]*=[ \t]*([^;,\s]+)", re.IGNORECASE)
_BRANCH: Final = re.compile(rb";[ \t]*branch[ \t]*=[ \t]*([^;,\s]+)", re.IGNORECASE)


def is_sip(data: bytes) -> bool:
    """Whether it begins as a request or an answer of SIP does."""
    return _REQUEST.match(data) is not None or _STATUS.match(data) is not None


def foreign_sip(
    data: bytes, *, requests: Iterable[bytes], answers: Iterable[bytes], t_us: int
) -> ForeignSip | None:
    """What such a datagram is. Cannot fail, whatever the bytes.

    Args:
        data: a datagram that no message of the flow's script matches.
        requests: the SIP requests that the flow has sent.
        answers: the script's answers that it has got.
        t_us: when it came, microseconds since the start of the check.

    Returns:
        None for what is no SIP, or not of this flow's call. An answer has to repeat branch, CSeq, Call-ID and
        tag of a request that was sent; a BYE or CANCEL the Call-ID and both tags of the dialog, as a
        telephone asks of it (RFC 3261 sections 17.1.3 and 12.2.2).
    """
    status, request = _STATUS.match(data), _REQUEST.match(data)
    if status is not None:
        asked = [r for r in requests if _same_transaction(r, data)]
        if not asked:
            return None
        after = any(_final(a) and _same_transaction(a, data) for a in answers)
        return ForeignSip(status[1].decode("ascii"), t_us, after_final=after)
    if request is None or request[1].decode("ascii") not in HANG_UPS:
        return None
    own = [r for r in requests if _value(_CALL_ID, r) == _value(_CALL_ID, data) and _tags(r) & _tags(data)]
    if not own:
        return None
    called = [a for a in answers if _final(a) and _value(_CALL_ID, a) == _value(_CALL_ID, data)]
    after = any(len(_tags(a)) >= 2 and _tags(a) <= _tags(data) for a in called)
    return ForeignSip(request[1].decode("ascii"), t_us, after_final=after)


def _same_transaction(mine: bytes, data: bytes) -> bool:
    """Whether both have one branch, CSeq and Call-ID, and a tag in common."""
    alike = all(_value(p, mine) and _value(p, mine) == _value(p, data) for p in (_BRANCH, _CSEQ, _CALL_ID))
    return alike and bool(_tags(mine) & _tags(data))


def _final(answer: bytes) -> bool:
    found = _STATUS.match(answer)
    return found is not None and found[1] >= b"200"


def _value(pattern: re.Pattern[bytes], data: bytes) -> bytes:
    found = pattern.search(data, 0, HEAD_BYTES)
    return found[1].strip() if found else b""


def _tags(data: bytes) -> frozenset[bytes]:
    """The tags of From and To."""
    ends = _ENDS.finditer(data, 0, HEAD_BYTES)
    return frozenset(tag[1] for end in ends if (tag := _TAG.search(end[1])) is not None)
