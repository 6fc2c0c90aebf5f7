"""`voipwatch collector`: takes reports, in the foreground."""

import errno
import re
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from voipwatch.cli.context import Context
from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.reportfile import read_file
from voipwatch.cli.values import (
    made_folder,
    parse_count,
    parse_instance,
    parse_network,
    parse_stream_url,
    shown,
    shown_path,
)

if TYPE_CHECKING:
    from voipwatch.collector.options import CollectorOptions
    from voipwatch.collector.server import Collector

BIND: Final = "127.0.0.1:8480"
METRICS: Final = "127.0.0.1:8481"
KEEP_MONTHS: Final = 13
NO_METRICS: Final = "none"
FILE_BYTES_MAX: Final = 1 << 20
_KEY: Final = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_PLACE: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})", re.ASCII)


def collector(  # noqa: PLR0913 -- one keyword for each option
    *,
    context: Annotated[Context, Parameter(parse=False)],
    data: Annotated[str | None, Parameter(metavar="DIR")] = None,
    reflector_key: Annotated[list[str] | None, Parameter(metavar="HEX")] = None,
    bind: Annotated[str, Parameter(metavar="ADDR:PORT")] = BIND,
    metrics: Annotated[str, Parameter(metavar="ADDR:PORT|none")] = METRICS,
    proxy: Annotated[list[str] | None, Parameter(metavar="PREFIX")] = None,
    prefixes: Annotated[str | None, Parameter(metavar="FILE")] = None,
    certificate: Annotated[str | None, Parameter(metavar="FILE")] = None,
    certificate_key: Annotated[str | None, Parameter(metavar="FILE")] = None,
    keep_months: Annotated[int, Parameter(metavar="N")] = KEEP_MONTHS,
    instance: Annotated[str | None, Parameter(metavar="NAME")] = None,
    stream: Annotated[str | None, Parameter(metavar="URL")] = None,
    register: Annotated[str | None, Parameter(metavar="URL")] = None,
    without_geo: bool = False,
) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    if data is None:
        raise Misuse("error.collector_no_data")
    if not reflector_key:
        raise Misuse("error.collector_no_key")
    keys = frozenset(_key(text) for text in reflector_key)
    place, watched = _place(bind, "--bind"), None if metrics == NO_METRICS else _place(metrics, "--metrics")
    months = parse_count(keep_months, option="--keep-months", low=1, high=1200)
    if (certificate is None) != (certificate_key is None):
        raise Misuse("error.half_certificate")
    for name in (certificate, certificate_key):
        if name is not None:
            read_file(Path(name), most_bytes=FILE_BYTES_MAX)
    _require_packages()
    address = parse_stream_url(stream)
    from voipwatch.cli.register_option import (  # noqa: PLC0415 -- an extra that a probe goes without
        parse_register_url,
        register_opener,
    )
    from voipwatch.collector.geo import NoGeo  # noqa: PLC0415 -- an extra that a probe goes without
    from voipwatch.collector.options import CollectorOptions  # noqa: PLC0415 -- the same
    from voipwatch.collector.prefixes import read_declared  # noqa: PLC0415 -- the same

    declared = {}
    if prefixes is not None:
        try:
            declared = read_declared(read_file(Path(prefixes), most_bytes=FILE_BYTES_MAX).decode("utf-8"))
        except ValueError as error:
            raise Misuse(
                "error.prefixes", path=shown_path(prefixes), reason=shown(str(error), longest=200)
            ) from None
    options = CollectorOptions(
        data=made_folder(data),
        reflectors=keys,
        bind=place[0],
        port=place[1],
        metrics_bind=watched[0] if watched else "127.0.0.1",
        metrics_port=watched[1] if watched else None,
        proxies=tuple(parse_network(text) for text in proxy or ()),
        declared=declared,
        certificate=None if certificate is None else Path(certificate),
        certificate_key=None if certificate_key is None else Path(certificate_key),
        geo=NoGeo() if without_geo else None,
        keep_months=months,
        instance=parse_instance(instance),
        stream=address,
        register=register_opener(parse_register_url(register)),
        say=lambda line: _log(context, line),
    )
    return _run(context, options)


def _run(context: Context, options: "CollectorOptions") -> int:
    from voipwatch.collector.keys import KeysError  # noqa: PLC0415 -- an extra that a probe goes without
    from voipwatch.collector.server import CollectorError, run  # noqa: PLC0415 -- the same

    try:
        return run(options, lambda running: _ready(context, running))
    except (OSError, KeysError, CollectorError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise Trouble("error.collector_port_held", address=options.bind, port=options.port) from error
        reason = getattr(error, "strerror", None) or str(error)
        raise Trouble("error.collector_failed", reason=shown(reason, longest=200)) from error


def _ready(context: Context, running: "Collector") -> None:
    """One line on standard output for programs, and words on standard error."""
    options = running.options
    http = _written(options.bind, running.port)
    metrics = (
        NO_METRICS if running.metrics_port is None else _written(options.metrics_bind, running.metrics_port)
    )
    with suppress(OSError):  # whoever read it has gone; the collector goes on
        context.stdout.write(
            f"voipwatch collector ready http={http} metrics={metrics} key={running.public_key}\n"
        )
        context.stdout.flush()
        context.say("collector.ready", address=http, style="bold")
        context.say("collector.key", public=running.public_key)
        if options.certificate is None and not ip_address(options.bind).is_loopback:
            context.say("collector.plain", style="bold yellow")


def _log(context: Context, line: str) -> None:
    with suppress(OSError, ValueError):
        context.stderr.write(f"voipwatch collector: {line}\n")
        context.stderr.flush()


def _require_packages() -> None:
    try:
        import granian  # noqa: F401, PLC0415 -- only to see that it is there
        import zstandard  # noqa: F401, PLC0415 -- the same
    except ImportError as error:
        raise Trouble("error.no_observatory", name=error.name or "") from error


def _written(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _key(text: str) -> str:
    if not _KEY.fullmatch(text.strip()):
        raise Misuse("error.key", value=shown(text))
    return text.strip().lower()


def _place(text: str, option: str) -> tuple[str, int]:
    match = _PLACE.fullmatch(text.strip())
    if match is not None and int(match[3]) <= 65_535:
        with suppress(ValueError):
            return str(ip_address(match[1] or match[2])), int(match[3])
    raise Misuse("error.place", option=option, value=shown(text))
