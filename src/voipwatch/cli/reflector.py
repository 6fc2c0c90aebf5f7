"""`voipwatch reflector`: a far end, in the foreground."""

import errno
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, TextIO, cast

from cyclopts import Parameter

from voipwatch.cli.context import Context
from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.cli.reportfile import read_file
from voipwatch.cli.values import CONTROL_PORT, made_folder, parse_address, parse_count, shown

WORKERS_MAX: Final = 64
"""One a core; each holds a socket of every port."""
PEM_BYTES_MAX: Final = 1 << 20
"""A chain of certificates has a few kB."""


def reflector(  # noqa: PLR0913 -- one parameter an option
    *,
    context: Annotated[Context, Parameter(parse=False)],
    bind: Annotated[list[str] | None, Parameter(metavar="ADDR")] = None,
    control_port: Annotated[int, Parameter(metavar="P")] = CONTROL_PORT,
    data: Annotated[str | None, Parameter(metavar="DIR")] = None,
    certificate: Annotated[str | None, Parameter(metavar="FILE")] = None,
    certificate_key: Annotated[str | None, Parameter(metavar="FILE")] = None,
    without_canary: bool = False,
    compiled: bool = False,
    workers: Annotated[int, Parameter(metavar="N")] = 1,
) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    if not bind:
        raise Misuse("error.no_bind")
    addresses = tuple(dict.fromkeys(parse_address(text) for text in bind))
    port = parse_count(control_port, option="--control-port", low=0, high=65535)
    processes = parse_count(workers, option="--workers", low=1, high=WORKERS_MAX)
    if (certificate is None) != (certificate_key is None):
        raise Misuse("error.half_certificate")
    for name in (certificate, certificate_key):
        if name is not None:
            read_file(Path(name), most_bytes=PEM_BYTES_MAX)  # refused here in the reader's language
    folder = None if data is None else made_folder(data)
    from voipwatch.probe.look import look_at  # noqa: PLC0415 -- TLS, certificates: seldom needed
    from voipwatch.reflector.options import ReflectorOptions  # noqa: PLC0415 -- asyncio, TLS: seldom needed
    from voipwatch.reflector.server import run  # noqa: PLC0415 -- the same

    options = ReflectorOptions(
        bind=addresses,
        control_port=port,
        data=folder,
        certificate=None if certificate is None else Path(certificate),
        certificate_key=None if certificate_key is None else Path(certificate_key),
        look=None if without_canary else look_at,
        compiled=compiled,
        workers=processes,
        ready=cast("TextIO", Ready(context)),
        log=cast("TextIO", context.stderr),
    )
    try:
        return run(options)
    except (OSError, ValueError) as error:  # ValueError: a certificate that is none
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise Misuse("error.port_held", port=port, address=", ".join(addresses)) from error
        if isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL:
            raise Misuse("error.not_ours", address=", ".join(addresses)) from error
        reason = getattr(error, "strerror", None) or str(error)
        raise Trouble("error.bind_failed", reason=shown(reason, longest=200)) from error


class Ready:
    """Takes the ready line: to standard output as it is, for programs; to standard error in words."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def write(self, line: str) -> int:
        """The one line, fields as `name=value`."""
        context = self._context
        written = context.stdout.write(line)
        context.stdout.flush()
        fields = dict(part.split("=", 1) for part in line.split() if "=" in part)
        control = fields["control"].split(",")[0]
        with suppress(OSError):  # whoever read it has gone; the reflector goes on
            context.say("reflector.ready", control=fields["control"].replace(",", ", "), style="bold")
            say_ports(context, fields)
            own = int(control.rpartition(":")[2])
            if apps := _apps_on(own):
                context.say("reflector.own_port", port=own, apps=", ".join(apps), style="dim")
            context.say("reflector.log_key", public=fields["log_key"])
            context.say("reflector.try", control=control, pin=fields["pin"])
        return written

    def flush(self) -> None:
        """Both streams are flushed at every line."""


def say_ports(context: Context, fields: Mapping[str, str]) -> None:
    """The call ports of a ready line: those a firewall is to let through, and those that are not served."""
    context.say("reflector.ports", udp=_in_order(fields["udp"]), tcp=_in_order(fields["tcp"]))
    if fields["unbound"] != "none":
        count = fields["unbound"].count(",") + 1
        key = "reflector.unbound_one" if count == 1 else "reflector.unbound"
        context.say(key, count=count, port=fields["unbound"], style="bold yellow")


def _apps_on(port: int) -> list[str]:
    """Names of the apps whose TCP or TLS trials would use a port, which the control channel has instead."""
    from voipwatch.apps import load_profiles  # noqa: PLC0415 -- slow, and here it is read already

    return [
        profile.name
        for profile in load_profiles().profiles
        if any(trial.port == port for trial in (*profile.messaging, *profile.fallbacks))
    ]


def _in_order(ports: str) -> str:
    """Ports as a person looks for them: `443, 5222`; what is no number (`none`, `tcp/443`) as it came."""
    names = ports.split(",")
    return ", ".join(sorted(names, key=int) if all(name.isdecimal() for name in names) else names)
