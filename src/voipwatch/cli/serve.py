"""`voipwatch serve`: reflector, collector, and the keeper of the store, on one machine, in one folder."""

import asyncio
from inspect import signature
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from cyclopts import Parameter
from rich.text import Text

from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.reflector import PEM_BYTES_MAX, WORKERS_MAX
from voipwatch.cli.reportfile import read_file
from voipwatch.cli.serve_run import Plan, Serving
from voipwatch.cli.serve_share import Share, asked_share
from voipwatch.cli.serve_site import (
    SITE_PORT,
    TURN_TLS_PORT,
    LineTestOptions,
    SiteOptions,
    asked_site,
    require_site,
)
from voipwatch.cli.serve_start import alone
from voipwatch.cli.serve_unit import unit_text
from voipwatch.cli.values import (
    CONTROL_PORT,
    made_folder,
    parse_address,
    parse_count,
    parse_instance,
    parse_network,
    parse_pin,
    parse_stream_url,
)

COLLECTOR_PORT: Final = 8480
METRICS_PORT: Final = 8481
EVERY_S: Final = 30
"""Between two turns of the keeper while nothing waits: a report is in a cell within a minute or so."""


def serve(  # noqa: PLR0913 -- one parameter an option
    *,
    context: Annotated[Context, Parameter(parse=False)],
    data: Annotated[str | None, Parameter(metavar="DIR")] = None,
    bind: Annotated[list[str] | None, Parameter(metavar="ADDR")] = None,
    control_port: Annotated[int, Parameter(metavar="P")] = CONTROL_PORT,
    collector_port: Annotated[int, Parameter(metavar="P")] = COLLECTOR_PORT,
    metrics_port: Annotated[int, Parameter(metavar="P")] = METRICS_PORT,
    proxy: Annotated[list[str] | None, Parameter(metavar="PREFIX")] = None,
    store: Annotated[str | None, Parameter(metavar="URL")] = None,
    stream: Annotated[str | None, Parameter(metavar="URL")] = None,
    register: Annotated[str | None, Parameter(metavar="URL")] = None,
    trust: Annotated[list[str] | None, Parameter(metavar="KEY")] = None,
    prefixes: Annotated[str | None, Parameter(metavar="FILE")] = None,
    certificate: Annotated[str | None, Parameter(metavar="FILE")] = None,
    certificate_key: Annotated[str | None, Parameter(metavar="FILE")] = None,
    every: Annotated[int, Parameter(metavar="SECONDS")] = EVERY_S,
    instance: Annotated[str | None, Parameter(metavar="NAME")] = None,
    site: Annotated[str | None, Parameter(metavar="DIR")] = None,
    site_port: Annotated[int, Parameter(metavar="P")] = SITE_PORT,
    site_url: Annotated[str | None, Parameter(metavar="URL")] = None,
    line_test: Annotated[str | None, Parameter(metavar="ADDR")] = None,
    turn: bool = False,
    turn_tls_port: Annotated[int, Parameter(metavar="P")] = TURN_TLS_PORT,
    campaigns: Annotated[str | None, Parameter(metavar="DIR")] = None,
    role: Annotated[list[str] | None, Parameter(metavar="ROLE")] = None,
    partitions: Annotated[str | None, Parameter(metavar="LIST")] = None,
    health_port: Annotated[int | None, Parameter(metavar="P")] = None,
    drain: Annotated[int, Parameter(metavar="SECONDS")] = 0,
    workers: Annotated[int, Parameter(metavar="N")] = 1,
    without_canary: bool = False,
    without_geo: bool = False,
    unit: bool = False,
) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    typed = dict(locals())
    if data is None:
        raise Misuse("error.no_data")
    if (certificate is None) != (certificate_key is None):
        raise Misuse("error.half_certificate")
    require_site(site, line_test=line_test, turn=turn, campaigns=campaigns)
    if unit:
        context.out.print(Text(unit_text(_given(typed))), soft_wrap=True)
        return CLEAR
    stream_url, world = parse_stream_url(stream), parse_instance(instance)
    share = asked_share(role, partitions, store=store, stream=stream_url, site=site, instance=world)
    register_url = _asked_register(register, share)
    if workers != 1 and not share.has("reflector"):
        raise Misuse("error.workers_alone")
    _require_readable(certificate, certificate_key, prefixes)
    _require_server(store)
    addresses = tuple(dict.fromkeys(parse_address(text) for text in bind or ["127.0.0.1"]))
    proxies = tuple(str(parse_network(text)) for text in proxy or ())
    folder = Path(data).absolute()
    tested = LineTestOptions(line_test, turn, turn_tls_port, proxies, not without_geo)
    plan = Plan(
        data=folder,
        bind=addresses,
        control_port=parse_count(control_port, option="--control-port", low=0, high=65535),
        collector_port=parse_count(collector_port, option="--collector-port", low=0, high=65535),
        metrics_port=parse_count(metrics_port, option="--metrics-port", low=0, high=65535),
        store=f"chdb://{folder / 'store'}" if store is None else store,
        stream=stream_url,
        register=register_url,
        proxies=proxies,
        trusted=tuple(parse_pin(key) for key in trust or []),
        prefixes=str(Path(prefixes).absolute()) if prefixes is not None else "",
        certificate=Path(certificate) if certificate is not None else None,
        certificate_key=Path(certificate_key) if certificate_key is not None else None,
        every_s=parse_count(every, option="--every", low=1, high=3600),
        canary=not without_canary,
        geo=not without_geo,
        instance=world,
        share=share,
        health_port=None
        if health_port is None
        else parse_count(health_port, option="--health-port", low=0, high=65535),
        drain_s=parse_count(drain, option="--drain", low=0, high=600),
        workers=parse_count(workers, option="--workers", low=1, high=WORKERS_MAX),
        site=asked_site(
            SiteOptions(site, site_port, site_url, campaigns),
            tested,
            bind=addresses[0],
            data=folder,
            certificate=certificate,
            key=certificate_key,
        ),
    )
    made_folder(data, private=True)  # not before: what is refused leaves nothing behind
    with alone(folder):
        return asyncio.run(Serving(context, plan).run())


def _asked_register(register: str | None, share: Share) -> str:
    """Its URL; empty for None. Raises Misuse, Trouble."""
    if register is None:
        return ""
    if not share.has("collector"):
        raise Misuse("error.register_alone")
    from voipwatch.cli.register_option import parse_register_url  # noqa: PLC0415 -- an extra of the collector

    return parse_register_url(register)


def _given(typed: dict[str, object]) -> dict[str, object]:
    """Parameters of `serve` that differ from what holds anyway, but those that a unit has no use of."""
    usual = {name: each.default for name, each in signature(serve).parameters.items()}
    return {
        name: value
        for name, value in typed.items()
        if name not in {"context", "unit"} and value != usual[name]
    }


def _require_readable(*names: str | None) -> None:
    """Files of a certificate and its key. Raises Misuse."""
    for name in names:
        if name is not None:
            read_file(Path(name), most_bytes=PEM_BYTES_MAX)


def _require_server(store: str | None) -> None:
    """A store that is named is a database server's, and no folder, however that is spelled. Raises Misuse."""
    if store is None:
        return
    try:
        parts = urlsplit(store)
        found = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:  # half an IPv6 address
        found = False
    if not found:
        raise Misuse("error.store_embedded")
