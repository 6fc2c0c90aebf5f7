"""`--fleet FILE|URL`: the list's bytes, from a file or over HTTPS; the last one that was believed where no
list comes, for a censor can block the place that gives it out.

A list is believed by its signature: whoever serves it can withhold a newer one, and no more
(docs/design/0038-fleet.md).
"""

from pathlib import Path
from typing import Final

from voipwatch.cli import machinery
from voipwatch.cli.context import Context
from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.reportfile import read_file
from voipwatch.cli.values import parse_https, shown, shown_path
from voipwatch.cli.working import shown_wait
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.settings import Collector
from voipwatch.wire.fleet import FLEET_BYTES_MAX, FleetError, FleetProblem, decode_fleet

FOUND: Final = 200


def read_list(context: Context, source: str, kept: Path) -> bytes:
    """The list that `source` gives; of an address that gives none the one that lies in `kept`.

    Raises:
        Misuse: no such file, or an address that is no https one.
        Trouble: none came, and none is kept.
    """
    if "://" not in source:
        return read_file(Path(source), most_bytes=FLEET_BYTES_MAX)
    place = parse_https(source)
    if place is None:
        raise Misuse("fleet.url", value=shown(source))
    where = Collector(host=place.host, port=place.port, base=place.path)
    with shown_wait(context, "fleet.fetching"):
        content, reason = _fetch(context, where)
    if content is not None:
        return content
    try:
        earlier = kept.read_bytes()
    except OSError:
        raise Trouble("fleet.unfetched", host=where.host, reason=reason) from None
    context.say("fleet.kept", host=where.host, reason=reason, path=shown_path(kept), style="yellow")
    return earlier


def _fetch(context: Context, where: Collector) -> tuple[bytes | None, str]:
    """The list, else why there is none in words. A portal's page, which is no list at all, is none."""
    way = machinery.way_to(where)
    if isinstance(way, Failure):
        return None, context.texts(f"failure.{way.value}")
    answer = way.request("GET", where.base or "/")
    if answer.failure is not None:
        return None, context.texts(f"failure.{answer.failure.value}")
    if answer.status != FOUND:
        return None, context.texts("fleet.status", status=answer.status)
    try:
        decode_fleet(answer.body)
    except FleetError as error:
        if error.problem is FleetProblem.UNREADABLE:
            return None, context.texts("fleet.no_list")
    return answer.body, ""
