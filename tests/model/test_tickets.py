"""A batch of tickets as it travels: JSON, keys in base64, no address in it."""

import msgspec

from tests.experiment.support import START_S, WALL_S, reflector, small_profiles
from voipwatch.model.measurement import PROTOCOL, TICKETS_SCHEMA
from voipwatch.model.tickets import TicketBatch


def test_a_batch_survives_json_and_names_no_address() -> None:
    far = reflector(small_profiles())
    batch = far.issue_tickets(3, ("198.51.100.77", 4_000), START_S, WALL_S, bytes(range(32)))
    printed = msgspec.json.encode(batch)
    assert msgspec.json.decode(printed, type=TicketBatch) == batch
    assert b"198.51.100" not in printed
    assert (batch.schema, batch.offer.protocol) == (TICKETS_SCHEMA, PROTOCOL)
    assert [len(t.key) for t in batch.tickets] == [32] * 3
    assert len({t.number for t in batch.tickets}) == 3
    assert all(0 <= t.number < 65_536 and t.expires_at > WALL_S for t in batch.tickets)
