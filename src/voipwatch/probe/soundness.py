"""Whether tickets, just received or kept on disk, can be used at all."""

from voipwatch.model.tickets import TicketBatch


def is_sound(batch: TicketBatch) -> bool:
    """Lengths and ranges are those of the protocol."""
    offer = batch.offer
    ports = [*offer.udp_ports, *offer.neutral_ports, *offer.tcp_ports]
    return (
        len(offer.key) == 32
        and len(offer.salt) == 16
        and len(ports) <= 1024
        and all(1 <= port <= 65535 for port in ports)
        and all(len(t.key) == 32 and 0 <= t.number <= 0xFFFF for t in batch.tickets)
    )
