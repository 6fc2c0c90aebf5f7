"""One-time codes of a keeper's telephone: TOTP (RFC 6238) over HOTP (RFC 4226), six digits of SHA-1, 30 s,
which is what every authenticator has.

RFC 6238, section 5.2: a verifier takes no code a second time, and at most one step of delay. Here one step
to either side is looked at, because telephones' clocks are off both ways, and always all three, in constant
time.
"""

import base64
import hmac
from typing import Final

from pyotp import HOTP, TOTP

SECRET_BYTES: Final = 20
"""RFC 4226, section 4, R6: 160 bits."""
STEP_S: Final = 30
DIGITS: Final = 6
DRIFT_STEPS: Final = 1
ISSUER: Final = "voipwatch"


def code_at(secret: bytes, counter: int) -> str:
    """The code of one step.

    Args:
        secret: `SECRET_BYTES`; RFC 6238's vectors have as many.
        counter: whole steps of 30 s since 1970.
    """
    return HOTP(_base32(secret), digits=DIGITS).at(counter)


def matching_counter(secret: bytes, typed: str, now_s: float, *, last: int) -> int | None:
    """The step whose code was typed; None where it is of none that is taken now.

    Args:
        secret: of the account.
        typed: spaces do not matter; anything may stand in it.
        now_s: Unix seconds.
        last: the newest step that was taken before; only later ones are.
    """
    digits = "".join(typed.split())
    if len(digits) != DIGITS or not digits.isascii() or not digits.isdigit():
        return None
    now = int(now_s) // STEP_S
    found = None
    for counter in range(max(0, now - DRIFT_STEPS), now + DRIFT_STEPS + 1):
        same = hmac.compare_digest(code_at(secret, counter), digits)
        if same and counter > last and found is None:
            found = counter
    return found


def enrolment_uri(secret: bytes, account: str, host: str) -> str:
    """What an authenticator reads: `otpauth://totp/...`.

    Args:
        secret: of the account.
        account: its name.
        host: of the site, so that keepers of two instances tell them apart.
    """
    uri = TOTP(_base32(secret)).provisioning_uri(name=f"{account}@{host}", issuer_name=ISSUER)
    return str(uri)


def _base32(secret: bytes) -> str:
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a secret has {SECRET_BYTES} bytes")
    return base64.b32encode(secret).decode()
