"""What a robots.txt asks of us: the Robots Exclusion Protocol, RFC 9309, by Protego.

Python's own `urllib.robotparser` takes the first rule that matches and knows no wildcard; RFC 9309, section
2.2.2, asks for the longest.
"""

from typing import Final

from protego import Protego

BYTES_MAX: Final = 512_000
"""RFC 9309, section 2.5: at least 500 kibibytes are parsed."""
ROBOTS_PATH: Final = "/robots.txt"
"""RFC 9309, section 2.3."""


def may_look(robots: bytes, url: str, agent: str) -> bool:
    """Whether a robots.txt lets us ask for a page.

    Args:
        robots: the file, or as much of it as was read; whatever in it cannot be read is no rule.
        url: of the page, ASCII.
        agent: our product token (section 2.2.1), lower case.
    """
    text = robots[:BYTES_MAX].decode("utf-8-sig", "replace")
    return bool(Protego.parse(text).can_fetch(url, agent))
