"""What was seen of a provider's public servers (arms E and G): by this line, and by a reflector's canary.

Observations only. Addresses are there to be compared with each other: before a record leaves the machine the
redactor puts equality tokens in their place.
"""

import msgspec

from voipwatch.model.vocabulary import Failure


class NameAnswer(msgspec.Struct, frozen=True):
    """What the system's resolver said of a name, once."""

    round: int
    """1, or 2 for the repeat."""
    at_us: int
    """When the answer came, microseconds since the check began."""
    addresses: list[str] = []
    kinds: list[str] = []
    """Of each address, told before it was redacted: expected (in the provider's prefixes), public, nat64,
    private, cgnat, loopback, link-local, unusable (unspecified, multicast, reserved)."""
    failure: Failure | None = None


class TargetTry(msgspec.Struct, frozen=True):
    """One try at one address."""

    round: int
    what: str
    """own: as the app would; neutral: TLS to the same address with a name that no call app has."""
    learnt: str
    """Who gave the address: system, or canary."""
    address: str
    started_us: int
    ended_us: int
    connect_ms: float | None
    """None when no TCP connection came about, and for STUN."""
    answer: str
    """connected (TCP), binding (STUN's success response), certificate (for this name, trusted), untrusted
    (for this name, by nobody we know), other (for another name), alert (TLS, no handshake), garbage; empty:
    none."""
    failure: Failure | None
    sent_bytes: int = 0
    received_bytes: int = 0


class CanarySight(msgspec.Struct, frozen=True):
    """What one reflector says of a target, seen from its own network."""

    reflector: int
    """Index into the measurement's reflectors."""
    round: int
    at_us: int
    """When its word came."""
    age_s: float = 0.0
    """How long before that it had looked."""
    resolved: list[str] = []
    """Addresses that its resolver gives."""
    alive: list[str] = []
    """Those of them that answered it as the provider's own server does."""
    failure: Failure | None = None
    """Why there is no word, else None."""


class TargetRecord(msgspec.Struct):
    """Everything seen of one target in one check."""

    id: str
    app: str
    """Empty for a control."""
    roles: list[str]
    host: str
    """The app's own name for it: public, not the user's."""
    transport: str
    port: int
    trust: str = "system"
    prefixed: bool = False
    """Whether the provider's prefixes are known."""
    expired: bool = False
    """Not tested: past its day, or in a list that could not be trusted."""
    answers: list[NameAnswer] = []
    tries: list[TargetTry] = []
    canaries: list[CanarySight] = []
