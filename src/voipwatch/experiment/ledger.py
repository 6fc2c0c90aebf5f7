"""What a check has spent: IP bytes both ways, by app, and "line" for what serves them all."""

from collections.abc import Mapping

from voipwatch.experiment.near_flow import NearFlow
from voipwatch.model.flows import PORTS, TcpRecord
from voipwatch.model.measurement import AppCost
from voipwatch.model.vocabulary import LINE


class Ledger:
    """Adds up; flows are counted when asked, the rest as it comes."""

    def __init__(self) -> None:
        self._other_bytes = 0

    def add_line(self, count_bytes: int) -> None:
        """Tickets, logs and TCP trials belong to the line."""
        self._other_bytes += count_bytes

    def costs(
        self, apps: list[str], flows: list[NearFlow], elapsed_s: float, *, beside: Mapping[str, int]
    ) -> dict[str, AppCost]:
        """By app asked for, and "line". Seconds are first to last packet of the app's flows.

        `beside`: bytes that an app's questions spent on what is no flow.
        """
        out = {
            app: self._cost([f for f in flows if f.record.kind.app == app and not _of_line(f)])
            for app in apps
        }
        for app, more_bytes in beside.items():
            out[app] = AppCost(bytes=out[app].bytes + more_bytes, seconds=out[app].seconds)
        line = sum(f.spent_bytes for f in flows if _of_line(f))
        out[LINE] = AppCost(bytes=line + self._other_bytes, seconds=round(elapsed_s, 3))
        return out

    @staticmethod
    def _cost(flows: list[NearFlow]) -> AppCost:
        spent = sum(f.spent_bytes for f in flows)
        starts = [f.record.started_us for f in flows]
        ends = [f.record.ended_us if f.record.ended_us is not None else f.record.started_us for f in flows]
        seconds = (max(ends) - min(starts)) / 1e6 if starts else 0.0
        return AppCost(bytes=spent, seconds=round(seconds, 3))


def _of_line(flow: NearFlow) -> bool:
    """Whether it serves all apps: of a question of ports the kinds are those of anybody."""
    return flow.record.kind.app == LINE or flow.record.question == PORTS


def tcp_bytes(record: TcpRecord) -> int:
    """IP bytes of a TCP trial, both ways."""
    return record.sent_bytes + record.received_bytes
