"""The E-model: what a conversation over measured delay and loss sounds like, as R and MOS.

ITU-T G.107 (06/2015), narrow-band, every formula of its clause 7 and every default value; loss
enters by the effective equipment impairment (clause 7.5), the score by annex B. Both directions are scored
apart and never averaged. An input that was not measured gives no score: a guess would read as a measurement.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from voipwatch.stats import _checks


@dataclass(frozen=True, slots=True)
class Codec:
    """How a codec suffers: its row of ITU-T G.113 appendix I, or our approximation of one."""

    name: str
    """Key in `CODECS`."""
    ie: float
    """Equipment impairment factor without loss, 0..95."""
    bpl: float
    """Packet-loss robustness factor, above 0: the loss percentage that eats half of what is left."""
    approximate: bool
    """True where no recommendation gives the row on the narrow-band scale."""
    source: str
    """Where the row comes from."""


_G113 = "ITU-T G.113 appendix I"

CODECS: Final[Mapping[str, Codec]] = MappingProxyType(
    {
        codec.name: codec
        for codec in (
            Codec("g711-plc", 0.0, 25.1, False, f"{_G113}, G.711 with concealment by its own appendix I"),
            Codec("g711", 0.0, 4.3, False, f"{_G113}, G.711 without concealment"),
            Codec("g729a", 11.0, 19.0, False, f"{_G113}, G.729A with voice activity detection"),
            Codec(
                "g723.1", 15.0, 16.1, False, f"{_G113}, G.723.1 at 6.3 kbit/s with voice activity detection"
            ),
            Codec("gsm-efr", 5.0, 10.0, False, f"{_G113}, GSM EFR"),
            # Wide-band codecs have no place on a scale that ends at narrow-band telephony. Held to it, a good
            # one scores like G.711, so Ie is 0; the robustness is our reading of published listening tests.
            Codec(
                "opus", 0.0, 20.0, True, "approximation: 20 ms frames with in-band FEC, held to the NB scale"
            ),
            Codec("amr-wb", 0.0, 13.0, True, "approximation: 12.65 kbit/s and up, held to the NB scale"),
        )
    }
)

# The default values of G.107, by the recommendation's own names: dB, dBm0p, dB(A).
_SLR, _RLR, _STMR, _LSTR, _DS, _DR = 8.0, 2.0, 15.0, 18.0, 3.0, 3.0
_TELR, _WEPL, _QDU = 65.0, 110.0, 1.0
_NC, _NFOR, _PS, _PR = -70.0, -64.0, 35.0, 35.0
_OLR = _SLR + _RLR


@dataclass(frozen=True, slots=True)
class EModelScore:
    """One direction's conversational quality, with what went in."""

    r: float
    """Transmission rating, at most 100; below 0 where loss destroys speech."""
    mos: float
    """Estimated conversational mean opinion score, 1..4.5 (annex B)."""
    codec: Codec
    """The row used; look at `codec.approximate` before quoting."""
    delay_ms: float
    """One-way mouth-to-ear delay that went in."""
    loss_ratio: float
    """Packet loss that went in."""
    burst_ratio: float
    """Burst ratio that went in; 1 is random loss."""
    n: int
    """Packets sent that the loss was counted over."""


def e_model(
    delay_ms: float | None,
    loss_ratio: float | None,
    *,
    n: int,
    burst_ratio: float | None = 1.0,
    codec: str = "g711-plc",
) -> EModelScore | None:
    """R and MOS of one direction, or None where an input is unmeasured.

    Args:
        delay_ms: one-way delay from mouth to ear, at least 0. It stands for T and Ta, its double for Tr: the
            echo impairments of clause 7.4 are in, at the default echo loss.
        loss_ratio: lost / sent, 0..1. The recommendation is tested up to 0.2; beyond it the formula is
            extrapolated.
        n: packets sent, at least 1.
        burst_ratio: from `burst_ratio`, above 0. May be None if nothing was lost.
        codec: key of `CODECS`.

    Raises:
        ValueError: an argument outside its domain, an unknown codec.

    Source: ITU-T G.107 (06/2015) clause 7 and annex B.
    """
    if codec not in CODECS:
        raise ValueError(f"codec must be one of {', '.join(CODECS)}, got {codec!r}")
    n = _checks.count("n", n, at_least=1)
    if delay_ms is not None and _checks.finite("delay_ms", delay_ms) < 0.0:
        raise ValueError(
            f"delay_ms must not be negative, got {delay_ms}: a relative delay is no one-way delay"
        )
    if loss_ratio is not None:
        _checks.ratio("loss_ratio", loss_ratio)
    if burst_ratio is not None and _checks.finite("burst_ratio", burst_ratio) <= 0.0:
        raise ValueError(f"burst_ratio must be above 0, got {burst_ratio}")
    if delay_ms is None or loss_ratio is None:
        return None
    if burst_ratio is None:
        if loss_ratio > 0.0:
            return None
        burst_ratio = 1.0  # without loss the ratio has no effect
    row = CODECS[codec]
    r = rating(delay_ms, ie_eff=effective_impairment(loss_ratio, burst_ratio=burst_ratio, codec=row))
    return EModelScore(
        r=r,
        mos=mos_from_rating(r),
        codec=row,
        delay_ms=delay_ms,
        loss_ratio=loss_ratio,
        burst_ratio=burst_ratio,
        n=n,
    )


def mos_from_rating(r: float) -> float:
    """MOS of a transmission rating, clamped to 1..4.5.

    The cubic dips below 1 for 0 < R < 6.5; a mean opinion score cannot, so it is held at 1.

    Source: ITU-T G.107 annex B.
    """
    r = _checks.finite("r", r)
    if r <= 0.0:
        return 1.0
    if r >= 100.0:
        return 4.5
    return max(1.0, 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6)


def effective_impairment(loss_ratio: float, *, burst_ratio: float, codec: Codec) -> float:
    """Ie-eff: what codec and loss cost, on the scale of R. Source: ITU-T G.107 clause 7.5."""
    loss_percent = 100.0 * loss_ratio
    return codec.ie + (95.0 - codec.ie) * loss_percent / (loss_percent / burst_ratio + codec.bpl)


def rating(delay_ms: float, *, ie_eff: float = 0.0) -> float:
    """R = Ro - Is - Id - Ie-eff + A with A = 0, all else at the default values.

    Args:
        delay_ms: T = Ta, at least 0; Tr is its double.
        ie_eff: from `effective_impairment`.

    Source: ITU-T G.107 clause 7.1.
    """
    no = _noise()
    ro = 15.0 - 1.5 * (_SLR + no)
    ist = _sidetone(delay_ms)
    simultaneous = _loudness(no) + ist + _quantizing(ro)
    delay = _talker_echo(delay_ms, no) + _listener_echo(2.0 * delay_ms, ro) + _absolute_delay(delay_ms)
    return ro - simultaneous - delay - ie_eff


def _noise() -> float:
    """No, the power sum of all noise sources, dBm0p. Clause 7.2."""
    sending = _PS - _SLR - _DS - 100.0 + 0.004 * (_PS - _OLR - _DS - 14.0) ** 2
    effective_room = _PR + 10.0 * math.log10(1.0 + 10.0 ** ((10.0 - _LSTR) / 10.0))
    receiving = _RLR - 121.0 + effective_room + 0.008 * (effective_room - 35.0) ** 2
    floor = _NFOR + _RLR
    return 10.0 * math.log10(sum(10.0 ** (level / 10.0) for level in (_NC, sending, receiving, floor)))


def _loudness(no: float) -> float:
    """Iolr, too low an overall loudness. Clause 7.3."""
    x = _OLR + 0.2 * (64.0 + no - _RLR)
    return 20.0 * (math.pow(1.0 + (x / 8.0) ** 8, 1 / 8) - x / 8.0)


def _sidetone(delay_ms: float) -> float:
    """Ist, non-optimum sidetone. Clause 7.3."""
    stmr = -10.0 * math.log10(10.0 ** (-_STMR / 10.0) + math.exp(-delay_ms / 4.0) * 10.0 ** (-_TELR / 10.0))
    return (
        12.0 * math.pow(1.0 + ((stmr - 13.0) / 6.0) ** 8, 1 / 8)
        - 28.0 * math.pow(1.0 + ((stmr + 1.0) / 19.4) ** 35, 1 / 35)
        - 13.0 * math.pow(1.0 + ((stmr - 3.0) / 33.0) ** 13, 1 / 13)
        + 29.0
    )


def _quantizing(ro: float) -> float:
    """Iq, quantizing distortion. Clause 7.3."""
    q = 37.0 - 15.0 * math.log10(_QDU)
    g = 1.07 + 0.258 * q + 0.0602 * q * q
    y = (ro - 100.0) / 15.0 + 46.0 / 8.4 - g / 9.0
    z = 46.0 / 30.0 - g / 40.0
    return 15.0 * math.log10(1.0 + 10.0**y + 10.0**z)


def _talker_echo(delay_ms: float, no: float) -> float:
    """Idte, hearing oneself late. Clause 7.4; its sidetone corrections do not apply at STMR 15."""
    masked = _TELR - 40.0 * math.log10((1.0 + delay_ms / 10.0) / (1.0 + delay_ms / 150.0))
    masked += 6.0 * math.exp(-0.3 * delay_ms * delay_ms)
    roe = -1.5 * (no - _RLR)
    re = 80.0 + 2.5 * (masked - 14.0)
    half = (roe - re) / 2.0
    return (half + math.sqrt(half * half + 100.0) - 1.0) * (1.0 - math.exp(-delay_ms))


def _listener_echo(round_trip_ms: float, ro: float) -> float:
    """Idle, hearing the other twice. Clause 7.4."""
    rle = 10.5 * (_WEPL + 7.0) * math.pow(round_trip_ms + 1.0, -1 / 4)
    half = (ro - rle) / 2.0
    return half + math.sqrt(half * half + 169.0)


def _absolute_delay(delay_ms: float) -> float:
    """Idd, waiting for the other even without echo, at the default delay sensitivity sT = 1, mT = 100 ms.
    Clause 7.4.
    """
    if delay_ms <= 100.0:
        return 0.0
    x = math.log2(delay_ms / 100.0)
    return 25.0 * (math.pow(1.0 + x**6, 1 / 6) - 3.0 * math.pow(1.0 + (x / 3.0) ** 6, 1 / 6) + 2.0)
