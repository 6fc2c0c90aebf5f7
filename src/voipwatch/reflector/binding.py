"""The reflector's sockets: which ports could be had, and the line that says so."""

import socket
from dataclasses import dataclass, field

from voipwatch.reflector import tcp
from voipwatch.reflector.batches import make_batches
from voipwatch.reflector.core import ReflectorCore
from voipwatch.reflector.options import ReflectorOptions
from voipwatch.reflector.udp import BATCH_MAX, UdpSocket


@dataclass
class Bound:
    """What could be bound, and what could not."""

    udp: list[UdpSocket] = field(default_factory=list)
    trials: list[socket.socket] = field(default_factory=list)
    controls: list[socket.socket] = field(default_factory=list)
    unbound: dict[str, str] = field(default_factory=dict)
    """"udp/5060" -> why not."""
    own: str | None = None
    """"tcp/8443": a call port that the control channel has, so that no app's messages are tried on it."""

    def close(self) -> None:
        """Give everything back."""
        for each in self.udp:
            each.sock.close()
        for listener in (*self.trials, *self.controls):
            listener.close()

    def ports(self, kind: str, wanted: tuple[int, ...]) -> tuple[int, ...]:
        """Those of `wanted` that are bound on every address for calls."""
        missing = {*self.unbound, self.own}
        return tuple(port for port in wanted if f"{kind}/{port}" not in missing)


def bind_all(
    options: ReflectorOptions, *, udp: tuple[int, ...], tcp_trials: tuple[int, ...], shared: bool = False
) -> Bound:
    """Bind every port on every address. Raises OSError when the control channel cannot be had.

    `shared`: with the same ports of other workers.
    """
    bound = Bound()
    control_port = options.control_port
    try:
        for ip in options.bind:
            listener = tcp.listen(ip, control_port, shared=shared)
            bound.controls.append(listener)
            control_port = listener.getsockname()[1]
    except OSError:
        bound.close()
        raise
    batches = make_batches(BATCH_MAX)
    for ip in options.bind:
        for port in udp:
            try:
                bound.udp.append(UdpSocket.bind(ip, port, batches=batches, shared=shared))
            except OSError as error:
                bound.unbound[f"udp/{port}"] = error.strerror or "unknown"
        for port in tcp_trials:
            if port == control_port:  # ours already: no trial of an app's messages there, and nobody's fault
                bound.own = f"tcp/{port}"
                continue
            try:
                bound.trials.append(tcp.listen(ip, port, shared=shared))
            except OSError as error:
                bound.unbound[f"tcp/{port}"] = error.strerror or "unknown"
    return bound


def ready_line(bound: Bound, core: ReflectorCore, pin: str) -> str:
    """The line that says where the reflector is and how to know it."""
    places = []
    for listener in bound.controls:
        ip, port = listener.getsockname()[:2]
        places.append(f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}")
    udp = sorted({*core.offer.udp_ports, *core.offer.neutral_ports})
    parts = {
        "control": ",".join(places),
        "pin": pin,
        "log_key": core.offer.key.hex(),
        "udp": ",".join(map(str, udp)) or "none",
        "tcp": ",".join(map(str, core.offer.tcp_ports)) or "none",
        "unbound": ",".join(sorted(bound.unbound)) or "none",
    }
    return "voipwatch reflector ready " + " ".join(f"{name}={value}" for name, value in parts.items())
