"""A body as it came over HTTP -> its plain bytes, bounded before anything is inflated past the bound."""

import zlib
from typing import Final

import deflate
import zstandard

ENCODINGS: Final = ("identity", "gzip", "zstd")
"""Content-Encoding (RFC 9110, 8.4.1; zstd: RFC 8878) that is understood."""
WINDOW_MAX: Final = 8 << 20
"""Bytes of a zstd window: what RFC 8878, 3.1.1.1.2, asks every decoder to support, and no more."""
BLOCKS_MAX: Final = 1024
"""Of one zstd frame that is told from the next; a block holds up to 128 KiB, and none needs to hold less."""
QUICK_RATIO: Final = 8
"""A reflector's log holds five to six times its length."""
_GZIP: Final = 31
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_HEADER_BYTES_MAX: Final = 18
"""3.1.1.1: with the magic number."""
_RLE: Final = 1
_CHECKSUM_BYTES: Final = 4


class InflateError(ValueError):
    """The body is no whole document of its encoding, or too large. `too_large` tells which."""

    def __init__(self, reason: str, *, too_large: bool = False) -> None:
        super().__init__(reason)
        self.too_large = too_large


def inflate(body: bytes, encoding: str, most: int) -> bytes:
    """The plain bytes, at most `most` of them. Raises InflateError; LookupError for an unknown encoding.

    One frame or member and nothing after it: a second one is a place to hide things in.
    """
    if encoding == "identity":
        plain = body
    elif encoding == "gzip":
        plain = _gunzip(body, most)
    elif encoding == "zstd":
        plain = _unzstd(body, most)
    else:
        raise LookupError(encoding)
    if len(plain) > most:
        raise InflateError(f"more than {most} bytes when inflated", too_large=True)
    return plain


def split_frames(body: bytes, most: int) -> list[bytes]:
    """The zstd frames that a body is made of (RFC 8878, 3.1.1), none of them inflated.

    Raises InflateError: no zstd, cut off, a skippable frame, more than `most` of them, none at all.
    """
    frames: list[bytes] = []
    start = 0
    while start < len(body):
        if len(frames) == most:
            raise InflateError(f"more than {most} frames")
        end = _frame_end(body, start)
        frames.append(body[start:end])
        start = end
    if not frames:
        raise InflateError("no zstd")
    return frames


def _frame_end(body: bytes, start: int) -> int:
    if not body.startswith(_ZSTD, start):
        raise InflateError("no zstd")
    try:
        head = body[start : start + _HEADER_BYTES_MAX]
        at = start + zstandard.frame_header_size(head)
        checked = zstandard.get_frame_parameters(head).has_checksum
    except zstandard.ZstdError as error:
        raise InflateError("no zstd") from error
    for _ in range(BLOCKS_MAX):
        block = int.from_bytes(body[at : at + 3], "little")  # 3.1.1.2: last, type, size
        last, kind, size = block & 1, block >> 1 & 3, block >> 3
        at += 3 + (1 if kind == _RLE else size)
        if at > len(body):
            break
        if last:
            end = at + (_CHECKSUM_BYTES if checked else 0)
            if end <= len(body):
                return end
            break
    raise InflateError("zstd is cut off, or has too many blocks")


def quick_inflate(stream: bytes) -> bytes | None:
    """What a whole small zlib stream (RFC 1950) holds, by libdeflate: a third of zlib's time.

    None where that cannot be told at once, and zlib must: not such a stream, or it holds over eight times its
    length, or something follows it.
    """
    try:
        plain = bytes(deflate.zlib_decompress(stream, QUICK_RATIO * len(stream)))
    except (deflate.DeflateError, ValueError):
        return None
    # libdeflate stops where the stream does; its last bytes are the checksum of what was in it.
    return plain if stream.endswith(zlib.adler32(plain).to_bytes(4, "big")) else None


def _gunzip(body: bytes, most: int) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    try:
        plain = inflater.decompress(body, most + 1)
    except zlib.error as error:
        raise InflateError("no gzip") from error
    if len(plain) <= most and (not inflater.eof or inflater.unused_data):
        raise InflateError("gzip is cut off, or something follows it")
    return plain


def _unzstd(body: bytes, most: int) -> bytes:
    try:
        said = zstandard.frame_content_size(body)
        if said > most:
            raise InflateError(f"more than {most} bytes when inflated", too_large=True)
        inflater = zstandard.ZstdDecompressor(max_window_size=WINDOW_MAX)
        if said >= 0:  # the frame says its size; in one call the library has room for that and no more
            return inflater.decompress(body, allow_extra_data=False)
        return _unzstd_by_steps(inflater, body, most)
    except zstandard.ZstdError as error:
        raise InflateError("no zstd") from error


def _unzstd_by_steps(inflater: zstandard.ZstdDecompressor, body: bytes, most: int) -> bytes:
    with inflater.stream_reader(body, read_across_frames=False) as reader:
        plain = reader.read(most + 1)
        while len(plain) <= most and (more := reader.read(most + 1 - len(plain))):
            plain += more
    if len(plain) <= most:
        stream = inflater.decompressobj()
        stream.decompress(body)
        if not stream.eof or stream.unused_data:
            raise InflateError("zstd is cut off, or something follows it")
    return plain
