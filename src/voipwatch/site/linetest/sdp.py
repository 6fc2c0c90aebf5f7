"""What the far end does to session descriptions (RFC 8866): strangers' candidates out, our address in."""

from typing import Final

MEDIA_MAX: Final = 2
"""One audio and one data section."""
ALLOWED_MEDIA: Final = frozenset({"audio", "application"})


def offer_is_plain(sdp: str) -> bool:
    """Whether an offer has what the page's offers have, and nothing that aiortc would open a device, a file
    or a second transport for: one audio section
    with Opus, at most one data section, bundled. Cannot fail.
    """
    lines = sdp.splitlines()
    media = [line[2:].partition(" ")[0] for line in lines if line.startswith("m=")]
    bundled = sum(line.startswith("a=group:BUNDLE ") for line in lines) == 1
    return (
        lines[:1] == ["v=0"]
        and bundled
        and media.count("audio") == 1
        and len(media) <= MEDIA_MAX
        and len(set(media)) == len(media)
        and ALLOWED_MEDIA.issuperset(media)
        and any(line.startswith("a=rtpmap:") and " opus/48000" in line for line in lines)
    )


def without_candidates(sdp: str) -> str:
    """The description without any candidate, and without the word that there are no more. Cannot fail."""
    kept = [line for line in sdp.splitlines() if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
    return "\r\n".join(kept) + "\r\n"


def with_address(sdp: str, address: str) -> str:
    """The description with host candidates at `address` only, each once.

    Where the machine has that address, its other candidates go; where it has not, it stands behind a
    one-to-one NAT and every host candidate of the same family is told as it is seen from outside.
    """
    if not address:
        return sdp
    lines = sdp.splitlines()
    has_it = any(_host(line) == address for line in lines)
    kept: list[str] = []
    for line in lines:
        host = _host(line)
        if host is None:
            kept.append(line)
        elif (host == address) if has_it else ((":" in host) == (":" in address)):
            words = line.split(" ")
            words[4] = address
            told = " ".join(words)
            if told not in kept[_last_media(kept) :]:
                kept.append(told)
    return "\r\n".join(kept) + "\r\n"


def _host(line: str) -> str | None:
    """The address of a candidate line (RFC 8839 section 5.1), None of any other line."""
    if not line.startswith("a=candidate:"):
        return None
    words = line.split(" ")
    return words[4] if len(words) >= 8 else ""


def _last_media(lines: list[str]) -> int:
    return max((place for place, line in enumerate(lines) if line.startswith("m=")), default=0)
