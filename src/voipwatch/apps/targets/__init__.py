"""The providers' public servers, as signed and dated data: names, ports, sources, and until when they hold.

`load_targets` reads the packaged files, `read_targets` any bytes; nothing here knows the date or the network.
"""

from voipwatch.apps.targets.loader import (
    CALLS,
    CONTROL,
    MESSAGES,
    ROLES,
    SITE,
    STUN,
    TRANSPORTS,
    Target,
    TargetSet,
    TargetsState,
    load_targets,
    read_targets,
)
from voipwatch.apps.targets.signature import canonical_bytes, public_key_of, read_keys, sign_targets

__all__ = [
    "CALLS",
    "CONTROL",
    "MESSAGES",
    "ROLES",
    "SITE",
    "STUN",
    "TRANSPORTS",
    "Target",
    "TargetSet",
    "TargetsState",
    "canonical_bytes",
    "load_targets",
    "public_key_of",
    "read_keys",
    "read_targets",
    "sign_targets",
]
