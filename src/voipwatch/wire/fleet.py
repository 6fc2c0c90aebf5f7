"""The fleet list: which reflectors there are, signed, and the chain of keys that may sign the next list.

JSON, signed as `wire.receipt` says (Ed25519, RFC 8032). Its field `key` is the public key that signed it,
`next_keys` those that may sign a later one: a list is believed by a key that was pinned, or that an earlier
believed list names. That is the rotation of root keys of TUF (The Update Framework 1.0, section 5.3) in the
small, and its serial numbers keep an old list from coming back.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voipwatch.wire.receipt import sign_document, signed_bytes, verify_document

FLEET_SCHEMA: Final = "voipwatch.fleet/1"
FLEET_BYTES_MAX: Final = 1 << 20
REFLECTORS_MAX: Final = 1_000
NEXT_KEYS_MAX: Final = 4
CALLS_MAX: Final = 1_000_000
SERIAL_MAX: Final = 1 << 53
"""What every reader of JSON holds exactly (RFC 8259 section 6)."""
DAYS_MAX: Final = 400
"""A list that holds longer could be replayed for years to a probe that never saw another."""
AHEAD_S: Final = 86_400.0
"""A list of tomorrow is refused: clocks differ by less, and a wrong clock is worth a word."""
_HEX_KEY: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{128}", re.ASCII)
_HOST: Final = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}", re.ASCII)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


SHAPES: Final = {
    "key": " [0-9a-f]{64}",
    "pin": " [0-9a-f]{64}",
    "name": f" {_NAME.pattern}",
    "calls": f" 1-{CALLS_MAX}",
    "port": " 1-65535",
    "country": " [A-Z]{2}",
}
"""What may stand in a field, as it is told to who wrote something else."""


class ReflectorState(StrEnum):
    """Whether new checks go to a reflector."""

    SERVING = "serving"
    DRAINING = "draining"
    """It ends what it has begun; nobody begins there."""


class FleetReflector(msgspec.Struct, frozen=True):
    """One reflector of the list."""

    name: str
    """Its own for ever: letters, digits, dots, hyphens. Probes choose by it."""
    host: str
    """Name (ASCII) or address literal of its control channel, no brackets; tickets name the call ports."""
    key: str
    """Ed25519 public key of its logs, hex."""
    calls: int
    """Calls that it says it carries at once, 1 to `CALLS_MAX`: its weight."""
    port: int = 8443
    pin: str = ""
    """SHA-256 of its certificate, hex; empty: an authority vouches for it."""
    country: str = ""
    """ISO 3166-1 alpha-2 of where it is hosted; empty: not known."""
    network: str = ""
    """Who hosts it; empty: not known."""
    state: ReflectorState = ReflectorState.SERVING


class Fleet(msgspec.Struct, frozen=True):
    """A list as it was signed."""

    serial: int
    issued: str
    """UTC, ISO 8601 with Z, whole seconds."""
    expires: str
    key: str
    """Ed25519 public key, hex: it signed this."""
    reflectors: list[FleetReflector]
    next_keys: list[str] = []
    """May sign later lists too, hex."""
    signature: str = ""
    schema: str = FLEET_SCHEMA


class FleetProblem(StrEnum):
    """Why a list is not believed."""

    UNREADABLE = "unreadable"
    UNSIGNED = "unsigned"
    """A draft: nobody signed it yet."""
    FIELD = "field"
    SIGNATURE = "signature"
    STRANGER = "stranger"
    ROLLBACK = "rollback"
    TWO_FACED = "two-faced"
    EXPIRED = "expired"
    FUTURE = "future"


class FleetError(Exception):
    """A list that is not believed: `problem` of the closed list, `detail` a field or number."""

    def __init__(self, problem: FleetProblem, detail: str) -> None:
        super().__init__(f"{problem}: {detail}")
        self.problem = problem
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Known:
    """What a reader remembers of the lists that it believed."""

    keys: frozenset[str]
    """That may sign the next one, hex."""
    serial: int = 0
    """Of the newest; 0: none yet."""
    digest: str = ""
    """SHA-256 of what was signed of it, hex."""


def decode_fleet(content: bytes) -> Fleet:
    """The list in these bytes, whole, in range, and signed by the key that it names; whether that key is to
    be believed, and whether the list holds today, says `accept`.

    Raises FleetError (unreadable, unsigned, field, signature) and nothing else.
    """
    document = _document(content)
    if "key" not in document and "signature" not in document:
        raise FleetError(FleetProblem.UNSIGNED, "signature")
    fleet = _checked(document)
    try:
        good = bool(_SIGNATURE.fullmatch(fleet.signature)) and verify_document(document, fleet.key)
    except RecursionError:  # of a depth that can be read, and not written a few calls deeper
        good = False
    if not good:
        raise FleetError(FleetProblem.SIGNATURE, fleet.key[:16])
    return fleet


def accept(content: bytes, known: Known, now_s: float) -> tuple[Fleet, Known]:
    """The list if it is to be believed at Unix time `now_s`, and what to remember then.

    From then on the key that signed it and its next keys may sign: one that it leaves out no longer.
    Raises FleetError.
    """
    fleet = decode_fleet(content)
    if fleet.key not in known.keys:
        raise FleetError(FleetProblem.STRANGER, fleet.key)
    digest = sha256(signed_bytes(_document(content))).hexdigest()
    if fleet.serial < known.serial:
        raise FleetError(FleetProblem.ROLLBACK, f"{fleet.serial} < {known.serial}")
    if fleet.serial == known.serial and digest != known.digest:
        raise FleetError(FleetProblem.TWO_FACED, str(fleet.serial))
    if now_s >= unix_s(fleet.expires):
        raise FleetError(FleetProblem.EXPIRED, fleet.expires)
    if now_s < unix_s(fleet.issued) - AHEAD_S:
        raise FleetError(FleetProblem.FUTURE, fleet.issued)
    return fleet, Known(frozenset({fleet.key, *fleet.next_keys}), fleet.serial, digest)


def sign_fleet(draft: bytes, private_key: bytes) -> bytes:
    """The signed list of a draft: the same JSON without `key` and `signature`, which are put in.

    Args:
        draft: UTF-8 JSON.
        private_key: Ed25519, 32 raw bytes.

    Raises:
        FleetError: the draft is no list (unreadable, field).
        ValueError: the key has another length.
    """
    private = Ed25519PrivateKey.from_private_bytes(private_key)
    document = _document(draft)
    document.setdefault("schema", FLEET_SCHEMA)
    document["key"] = private.public_key().public_bytes_raw().hex()
    _checked({**document, "signature": ""})
    document["signature"] = sign_document(document, private)
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def unix_s(instant: str) -> float:
    """Unix seconds of `2026-11-23T12:00:00Z`. Raises ValueError for anything else."""
    if not _TIME.fullmatch(instant):
        raise ValueError("not an instant in UTC")
    return datetime.strptime(instant, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()


def _document(content: bytes) -> dict[str, Any]:
    if len(content) > FLEET_BYTES_MAX:
        raise FleetError(FleetProblem.UNREADABLE, f"> {FLEET_BYTES_MAX} B")
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FleetError(FleetProblem.UNREADABLE, str(error)[:120]) from None


def _checked(document: dict[str, Any]) -> Fleet:
    try:
        fleet = msgspec.convert(document, Fleet)
    except (msgspec.ValidationError, RecursionError) as error:
        raise FleetError(FleetProblem.FIELD, str(error)[:120]) from None
    wrong = _wrong_field(fleet)
    if wrong:
        raise FleetError(FleetProblem.FIELD, wrong)
    return fleet


def _wrong_field(fleet: Fleet) -> str:
    """The first field that is out of range; empty: none is."""
    if fleet.schema != FLEET_SCHEMA:
        return "schema"
    if not 1 <= fleet.serial <= SERIAL_MAX:
        return "serial"
    try:
        issued_s, expires_s = unix_s(fleet.issued), unix_s(fleet.expires)
    except ValueError:
        return "issued, expires"
    if not 0 < expires_s - issued_s <= DAYS_MAX * 86_400:
        return "expires"
    if not _HEX_KEY.fullmatch(fleet.key):
        return "key"
    if len(fleet.next_keys) > NEXT_KEYS_MAX or not all(map(_HEX_KEY.fullmatch, fleet.next_keys)):
        return "next_keys"
    if not 1 <= len(fleet.reflectors) <= REFLECTORS_MAX:
        return "reflectors"
    for number, each in enumerate(fleet.reflectors):
        if wrong := _wrong_of(each):
            return f"reflectors[{number}].{wrong}{SHAPES.get(wrong, '')}"
    for field in ("name", "key"):
        if len({getattr(each, field) for each in fleet.reflectors}) < len(fleet.reflectors):
            return f"reflectors: {field} twice"
    return ""


def _wrong_of(each: FleetReflector) -> str:
    fine = {
        "name": bool(_NAME.fullmatch(each.name)),
        "host": bool(_HOST.fullmatch(each.host)),
        "key": bool(_HEX_KEY.fullmatch(each.key)),
        "calls": 1 <= each.calls <= CALLS_MAX,
        "port": 1 <= each.port <= 65_535,
        "pin": each.pin == "" or bool(_HEX_KEY.fullmatch(each.pin)),
        "country": each.country == "" or bool(re.fullmatch(r"[A-Z]{2}", each.country, re.ASCII)),
        "network": len(each.network) <= 100 and (each.network == "" or each.network.isprintable()),
    }
    return next((name for name, good in fine.items() if not good), "")
