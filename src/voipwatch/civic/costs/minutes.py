"""What a user pays: so many minutes by the operator's tariff, and the data of the same call by an app.

How much data a call takes comes from the app's own profile (`voipwatch.apps`): sizes and rhythm of its
packets as captures show them, both directions, and the headers that a data plan counts too. Set-up and
messages around a call are not counted.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from voipwatch.apps import Profile
from voipwatch.apps.profile import MediaSpec, Rhythm, StreamSpec
from voipwatch.civic.ranges import Range, hull
from voipwatch.model.vocabulary import Direction, Media

HEADER_BYTES: Final = Range(28.0, 48.0)
"""Of IPv4 and UDP (RFC 791, 768), of IPv6 and UDP (RFC 8200)."""
GIGABYTE_BYTES: Final = Range(1e9, float(1 << 30))
"""Operators' gigabytes are decimal or binary; lists of prices seldom say which."""
MINUTE_S: Final = 60.0


class CallPrice(msgspec.Struct, frozen=True, kw_only=True):
    """One length of calls, two ways."""

    minutes: float
    data_bytes: Range
    by_minutes: Range | None
    """In the tariff's currency; None without a tariff."""
    by_data: Range | None


def minute_bytes(profile: Profile, media: Media) -> Range:
    """Bytes of a minute of a call, sent and received, headers included.

    Of legs that carry the same call one is used; which, and with which of an app's rhythms, is not known
    beforehand: the range holds all.

    Raises:
        ValueError: the profile says nothing of such a call.
    """
    found = [
        _minute_of(spec) for leg in profile.legs for spec in leg.media if leg.run and spec.media is media
    ]
    if not found:
        raise ValueError(f"the profile of {profile.id} has no {media}")
    return hull(found)


def call_price(minutes: float, minute: Range, *, tariff: Range | None, gigabyte: Range | None) -> CallPrice:
    """Both prices of so many minutes.

    Args:
        minutes: of calls; at least 0.
        minute: bytes of a minute, from `minute_bytes`.
        tariff: of a minute.
        gigabyte: price of one.
    """
    length = Range.exactly(minutes)
    data = minute.times(length)
    return CallPrice(
        minutes=minutes,
        data_bytes=data,
        by_minutes=None if tariff is None else tariff.times(length),
        by_data=None if gigabyte is None else gigabyte.times(data.over(GIGABYTE_BYTES)),
    )


def _minute_of(spec: MediaSpec) -> Range:
    low = high = 0.0
    for stream in spec.streams:
        minute = _stream_minute(stream)
        assert minute.high is not None
        low, high = low + minute.low, high + minute.high
    return Range(low, high)


def _stream_minute(stream: StreamSpec) -> Range:
    return hull(_rhythm_minute(rhythm, stream.directions) for rhythm in stream.rhythms)


def _rhythm_minute(rhythm: Rhythm, directions: Iterable[Direction]) -> Range:
    """Mean size, headers with it, times packets of a minute, summed over directions."""
    packets = MINUTE_S * 1000.0 * len(rhythm.spacing_ms) / sum(rhythm.spacing_ms)
    payload = 0.0
    count = 0
    for direction in directions:
        sizes = rhythm.sizes_of(direction)
        payload += sum(sizes) / len(sizes)
        count += 1
    each = HEADER_BYTES.times(Range.exactly(float(count))).plus(payload)
    return each.times(Range.exactly(packets))
