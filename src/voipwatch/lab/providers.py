"""What is so of the providers' servers in a world of the table."""

from collections.abc import Mapping

import msgspec


class Providers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is so of the providers in a world."""

    dead: tuple[str, ...] = ()
    """Names whose servers answer nobody: the provider has moved on."""
    gone: tuple[str, ...] = ()
    """Names that nobody resolves any more."""
    deaf: tuple[str, ...] = ()
    """Names whose servers answer neither this line nor the canary from some second of the world on."""
    deaf_at_s: float = 0.0
    elsewhere: Mapping[str, str] = {}
    """Name -> another address at which this line's resolver has it, and it works: content networks do so."""
    resolver: str = "honest"
    """honest, nxdomain (denies every name), silent, portal (gives the portal's address for every name)."""
    resolver_s: float = 0.0
    """What this line's resolver takes to answer, beyond the way to it. In virtual time only."""
    canary: bool = True
    """False: an older reflector, that knows no /v1/reach."""
    version: int = 4
    """6: the line has no IPv4."""
