"""What a reflector never hands out is not used, wherever it comes from."""

import msgspec
import pytest

from voipwatch.model.tickets import ReflectorOffer, Ticket, TicketBatch
from voipwatch.probe.soundness import is_sound

OFFER = ReflectorOffer(1, "0.1.0", bytes(32), bytes(16), "digest", [3478], [21873], [443])
TICKET = Ticket(7, bytes(32), 1_452_168_000)


def test_what_a_reflector_makes_is_sound() -> None:
    assert is_sound(TicketBatch(OFFER, [TICKET]))
    assert is_sound(TicketBatch(OFFER, [])), "none at all is another question"


@pytest.mark.parametrize(
    "changes",
    [{"key": bytes(31)}, {"salt": bytes(17)}, {"udp_ports": [0]}, {"tcp_ports": [65_536]},
     {"neutral_ports": [-1]}, {"udp_ports": list(range(1, 1026))}],
    ids=str,
)  # fmt: skip
def test_an_odd_offer_is_not(changes: dict[str, object]) -> None:
    assert not is_sound(TicketBatch(msgspec.structs.replace(OFFER, **changes), [TICKET]))


@pytest.mark.parametrize("changes", [{"key": bytes(31)}, {"number": -1}, {"number": 65_536}], ids=str)
def test_an_odd_ticket_is_not(changes: dict[str, object]) -> None:
    assert not is_sound(TicketBatch(OFFER, [TICKET, msgspec.structs.replace(TICKET, **changes)]))
