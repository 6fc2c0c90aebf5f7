"""Under which name a host was registered, near enough to be gentle to whoever runs it.

The Public Suffix List says it exactly and changes weekly; it is none of our dependencies. This is a rule of
three lines that errs towards one owner too few: `a.blog.example` and `b.blog.example` count as one, also
where a platform gives each to somebody else. So it may slow looks and bound places, and never say who is who.
"""

from typing import Final

GENERIC: Final = frozenset(
    {"ac", "asso", "co", "com", "edu", "gob", "gouv", "gov", "mil", "ne", "net", "nom", "or"}
    | {"org", "press", "sch"}
)
"""Second-level labels below which countries register names: `co.ma`, `press.ma`, `gouv.fr`, `ac.uk`."""


def registrable_domain(host: str) -> str:
    """`example.org` of `www.example.org`, `one.press.ma` of `blog.one.press.ma`.

    The last two labels; three where the last is a country's (two letters) and the one before is in `GENERIC`.

    Args:
        host: lower case, A-labels, two or more of them.
    """
    labels = host.split(".")
    country = len(labels[-1]) == 2 and len(labels) > 1 and labels[-2] in GENERIC
    return ".".join(labels[-3 if country else -2 :])
