"""A captured SIP message as a template: method, order of headers and codecs stay, who and where go.

Users, hosts, tags, Call-IDs, credentials and free text are replaced by placeholders of the codec `sip`;
headers that are not known here are left out. The size stays the captured one where the text fits it.
"""

import re
from typing import Final

from voipwatch.apps.codecs.sip import SipSpec
from voipwatch.apps.codecs.use import UnfitError, Use
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.apps.imported.tables import SIZE_MAX, Table
from voipwatch.model.vocabulary import Direction

_METHOD: Final = re.compile(r"([A-Z]{3,10}) \S+ SIP/2\.0")
_STATUS: Final = re.compile(r"SIP/2\.0 ([1-6][0-9]{2}) ?(.*)")
_WORDS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9, ./-]{0,199}")
_NUMBER: Final = re.compile(r"[0-9]{1,6}")
_REASONS: Final = re.compile(r"[A-Za-z][A-Za-z ]{0,40}")
_MEDIA: Final = re.compile(r"m=(audio|video) [0-9]+ (RTP/S?AVPF?) ([0-9]{1,3}(?: [0-9]{1,3}){0,31})")
_RTPMAP: Final = re.compile(
    r"a=(?:rtpmap:[0-9]{1,3} [A-Za-z0-9.-]{1,20}/[0-9]{1,6}(?:/[0-9])?|ptime:[0-9]{1,3}|maxptime:[0-9]{1,3}"
    r"|fmtp:[0-9]{1,3} (?:[0-9,-]{1,12}|mode=[0-9]{1,2}|annexb=(?:yes|no))"
    r"|sendrecv|sendonly|recvonly|inactive)"
)
_COMPACT: Final = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
}
_LISTS: Final = {
    "allow": "Allow",
    "supported": "Supported",
    "accept": "Accept",
    "allow-events": "Allow-Events",
}
_NUMBERS: Final = {"max-forwards": "Max-Forwards", "expires": "Expires", "min-se": "Min-SE"}
_AUTHORIZATION: Final = (
    'Digest username="{user}", realm="voip", nonce="{const:32:nonce}", uri="sip:{host}", '
    'response="{rand:32}", algorithm=MD5'
)
_CHALLENGE: Final = 'Digest realm="voip", nonce="{const:32:nonce}", algorithm=MD5'


def sip_key(data: bytes) -> tuple[str, str] | None:
    """(method, status) of a SIP message, one of them empty; None if it is none."""
    line = data.split(b"\n", 1)[0].decode("latin-1").strip()
    if found := _METHOD.fullmatch(line):
        return found[1], ""
    return ("", found[1]) if (found := _STATUS.fullmatch(line)) else None


def sip_table(data: bytes, scrub: Scrub, *, up: bool) -> Table | None:
    """The template of one message; None where the language has none: a response of the near end."""
    text = data.decode("latin-1").replace("\r\n", "\n")
    head, _, body = text.partition("\n\n")
    lines = head.split("\n")
    key = sip_key(data)
    if key is None or bool(key[0]) is not up:
        return None
    method, status = key
    out = [_start(lines[0], method, status)]
    sdp = _sdp(body, scrub) if body.startswith("v=0") else ""
    padded = False
    seen: set[str] = set()
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        name = _COMPACT.get(name, name)
        if not colon or (name in seen and name in {"via", "from", "to"}):
            continue
        seen.add(name)
        made = _header(name, value.strip(), scrub, method=method, status=status)
        if name in {"user-agent", "server"}:
            scrub.took("text")
            made, padded = (
                (f"{'User-Agent' if up else 'Server'}: {{pad}}", True) if not padded else ("", True)
            )
        if made:
            out.append(made)
    if not padded:
        out.append("User-Agent: {pad}" if up else "Server: {pad}")
    if sdp:
        out.append("Content-Type: application/sdp")
    out.append("Content-Length: {length}")
    template = "\n".join(out) + "\n\n" + sdp
    size = _size(template, len(data), up=up)
    if size is None:
        return None
    return Table(('codec = "sip"', f"size = {size}", f"text = '''\n{template}'''"), size)


def _start(line: str, method: str, status: str) -> str:
    if method:
        return f"{method} sip:{'' if method == 'REGISTER' else '{peer}@'}{{host}} SIP/2.0"
    found = _STATUS.fullmatch(line.strip())
    reason = found[2] if found and _REASONS.fullmatch(found[2]) else "Answer"
    return f"SIP/2.0 {status} {reason}"


def _header(name: str, value: str, scrub: Scrub, *, method: str, status: str) -> str:  # noqa: C901 -- a case a header
    up = bool(method)
    if name in _LISTS:
        return f"{_LISTS[name]}: {value}" if _WORDS.fullmatch(value) else ""
    if name in _NUMBERS:
        return f"{_NUMBERS[name]}: {value}" if _NUMBER.fullmatch(value) else ""
    if name in {"content-length", "content-type", "content-encoding"}:
        return ""
    scrub.took("sip")
    if name == "via":
        return "Via: SIP/2.0/UDP {client}:5060;branch=z9hG4bK{branch};rport" if up else "Via: {via}"
    if name == "from":
        return "From: <sip:{user}@{host}>;tag={const:10:from}" if up else "From: {from}"
    if name == "to":
        if up:
            return f"To: <sip:{{{'user' if method == 'REGISTER' else 'peer'}}}@{{host}}>"
        return "To: {to}" if status == "100" else "To: {to};tag={totag}"
    if name == "call-id":
        return (
            f"Call-ID: {{const:32:{'register' if method == 'REGISTER' else 'call'}}}"
            if up
            else "Call-ID: {callid}"
        )
    if name == "cseq":
        number = _NUMBER.match(value)
        return f"CSeq: {number[0] if number else 1} {method}" if up else "CSeq: {cseq}"
    if name == "contact":
        return "Contact: <sip:{user}@{client}:5060>" if up else "Contact: <sip:{peer}@{host}:5060>"
    if name in {"authorization", "proxy-authorization"} and up:
        return f"{name.title()}: {_AUTHORIZATION}"
    if name in {"www-authenticate", "proxy-authenticate"} and not up:
        return f"{'WWW-Authenticate' if name.startswith('w') else 'Proxy-Authenticate'}: {_CHALLENGE}"
    return ""


def _sdp(body: str, scrub: Scrub) -> str:
    scrub.took("address")
    lines = ["v=0", "o=- 3724394400 3724394400 IN IP4 {client}", "s=call", "c=IN IP4 {client}", "t=0 0"]
    for line in body.split("\n"):
        if media := _MEDIA.fullmatch(line.strip()):
            lines.append(f"m={media[1]} 16384 {media[2]} {media[3]}")
        elif _RTPMAP.fullmatch(line.strip()):
            lines.append(line.strip())
    return "\n".join(lines) + "\n"


def _size(template: str, captured: int, *, up: bool) -> int | None:
    """The captured size, or the least larger one that the longest host name leaves room for."""
    use = Use(Direction.UP) if up else Use(Direction.DOWN, reply=True)
    for size in range(max(100, min(captured, SIZE_MAX)), SIZE_MAX + 1, 20):
        try:
            SipSpec("sip", template, size).compile(use, _no_other)
        except UnfitError as error:
            if "the text makes" not in str(error):
                return None
        else:
            return size
    return None


def _no_other(name: str) -> SipSpec:
    raise KeyError(name)
