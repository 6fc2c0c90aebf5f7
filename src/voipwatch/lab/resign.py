"""Many reports out of one simulated check: its far log signed anew under another ticket, as a reflector does.

For load and for calendars: a real check takes a second even in virtual time. What comes out is emulated, and
whoever hands it in says so (`ProbeWord.instance`).
"""

from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voipwatch.model.measurement import Measurement, SignedLog
from voipwatch.model.results import Report
from voipwatch.model.submission import ProbeWord, RunKind, Submission
from voipwatch.wire.farlog import decode_farlog, encode_farlog, sign_farlog


def public_key(private_key: bytes) -> str:
    """Hex, of 32 raw bytes of Ed25519."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw().hex()


def resign(report: Report, private_key: bytes, *, ticket_id: str, started_at: str) -> Report:
    """A copy whose logs are of another session of the reflector with this key (32 raw bytes).

    `started_at`: when the session began, UTC, ISO 8601 with Z; the measurement's own times are moved with it.
    """
    key = public_key(private_key)
    measurement = report.measurement
    reflectors = []
    for number, facts in enumerate(measurement.reflectors):
        log = facts.log
        if log is not None:
            far = decode_farlog(log.payload)
            name = ticket_id if number == 0 else f"{ticket_id}.{number}"
            payload = encode_farlog(
                msgspec.structs.replace(far, reflector=key, ticket_id=name, started_at=started_at)
            )
            log = SignedLog(payload, sign_farlog(payload, private_key))
        reflectors.append(msgspec.structs.replace(facts, key=key, log=log))
    again: Measurement = msgspec.structs.replace(
        measurement, reflectors=reflectors, started_at=started_at, ended_at=started_at
    )
    return msgspec.structs.replace(report, measurement=again)


def emulated_word(number: int, at: str, *, instance: str = "lab") -> ProbeWord:
    """What an emulated probe says of itself: all its names come from its number."""
    name = sha256(f"emulated {number}".encode()).digest()
    return ProbeWord(
        kind=RunKind.SCHEDULED,
        pseudonym=name[:16].hex(),
        month=at[:7],
        deletion_hash=sha256(name).hexdigest(),
        queued_at=at,
        sent_at=at,
        instance=instance,
    )


def deletion_key(number: int) -> bytes:
    """What deletes a report of `emulated_word(number)`."""
    return sha256(f"emulated {number}".encode()).digest()


def emulated_submission(report: Report, private_key: bytes, number: int, at: str) -> Submission:
    """One report of the emulated probe `number`, which began at the instant `at`."""
    ticket_id = sha256(f"ticket {number}".encode()).hexdigest()[:16]
    again = resign(report, private_key, ticket_id=ticket_id, started_at=at)
    return Submission(emulated_word(number, at), again)
