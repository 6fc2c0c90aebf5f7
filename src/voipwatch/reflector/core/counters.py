"""What the reflector counts of itself; the only thing it says about its traffic."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """Sums since the start, over all sessions. Bytes are UDP payload."""

    datagrams_in: int = 0
    bytes_in: int = 0
    datagrams_out: int = 0
    bytes_out: int = 0
    garbage: int = 0
    """Datagrams without a valid token."""
    refused: int = 0
    """Authenticated datagrams over some limit, or on a port that is not their script's."""
    duplicates: int = 0
    unproved: int = 0
    """Downlink datagrams withheld because their address had not proved itself."""
    unbuilt: int = 0
    """Replies that could not be made because the request arrived mangled."""
    unsent: int = 0
    """Downlink datagrams that the operating system did not take."""
    tickets_issued: int = 0
    tickets_refused: int = 0
    sessions: int = 0
    tcp_answered: int = 0
    tcp_refused: int = 0
    logs_given: int = 0
    logs_refused: int = 0
