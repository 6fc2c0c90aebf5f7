"""Tickets: the right to exchange datagrams with a reflector, one ticket a check."""

import msgspec


class Ticket(msgspec.Struct, frozen=True):
    """One check's right to one reflector."""

    number: int
    """16 bits, unique among the reflector's live tickets."""
    key: bytes
    """32 bytes, known to both ends only."""
    expires_at: int
    """Unix seconds, UTC."""


class ReflectorOffer(msgspec.Struct, frozen=True):
    """What a reflector says of itself when it hands out tickets."""

    protocol: int
    version: str
    key: bytes
    """Ed25519 public key, 32 bytes."""
    salt: bytes
    """16 bytes, blinds ticket numbers on the wire; the same for all its tickets."""
    profiles_digest: str
    udp_ports: list[int]
    neutral_ports: list[int]
    tcp_ports: list[int]
    mutants: int = 0
    """The derived mutants that it plays (`flows.MUTANT_FORMAT`); 0: none, as before there were any."""


class TicketBatch(msgspec.Struct, frozen=True):
    """The answer of POST /v1/tickets."""

    offer: ReflectorOffer
    tickets: list[Ticket]
    schema: str = "voipwatch.tickets/1"
    observed: str | None = None
    """Kind of the caller's address as the reflector saw it; never the address."""
