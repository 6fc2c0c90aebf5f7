"""A target list's bytes to targets: everything wrong with it is collected, and nothing wrong is ever used.

A list that is badly signed, unreadable or past its day holds no usable target: what would have been tested is
then `stale`. That protects the innocent: a provider who moved a name looks like a block to an old list.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache, partial
from hashlib import sha256
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from voipwatch.apps.loader import parse_document
from voipwatch.apps.profile import PROVENANCES
from voipwatch.apps.schema import Findings, Problem, ProfileError, Table
from voipwatch.apps.targets.signature import canonical_bytes, is_signed, read_keys
from voipwatch.apps.toml_lines import key_lines
from voipwatch.model.vocabulary import APP_IDS

MESSAGES, CALLS, STUN, SITE, CONTROL = "messages", "calls", "stun", "site", "control"
ROLES: Final = (MESSAGES, CALLS, STUN, SITE, CONTROL)
"""What an app needs a server for: its messages; setting up or carrying its calls; learning its own address;
nothing (the provider's site); and `control`: a host that no call app has to do with."""
TRANSPORTS: Final = ("tcp", "tls", "stun")
TRUSTS: Final = ("system", "private")
"""Whether the server's certificate hangs on the system's authorities or on one that only the app knows."""
TARGETS_MAX: Final = 64
ROLES_MAX: Final = 2
LIFE_DAYS_MAX: Final = 400

_ID = re.compile(r"[a-z0-9-]{1,20}\.[a-z0-9-]{1,20}")
_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_VERSION = re.compile(r"[0-9]{4}\.[0-9]{1,3}")


class TargetsState(StrEnum):
    """What a target list is worth."""

    OK = "ok"
    EXPIRED = "expired"
    BAD_SIGNATURE = "bad-signature"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Target:
    """One public server of one provider."""

    id: str
    """`whatsapp.chat`: the app (or `control`), and a word."""
    app: str
    """Empty for a control."""
    roles: tuple[str, ...]
    name: str
    """The app's own name for it, as its clients resolve it."""
    transport: str
    port: int
    trust: str
    """Of `tls` targets: `system` or `private`."""
    prefixes: tuple[str, ...]
    """Where the provider's addresses lie, if that is known; empty: unknown."""
    status: str
    """Provenance of the fact: one of the profiles' words."""
    source: str
    checked_on: date
    """The day on which its source was last read."""
    expires_on: date
    """The last day on which it may be tested."""

    def expected(self, ip: str) -> bool | None:
        """Whether an address lies in the provider's prefixes; None where they are not known."""
        if not self.prefixes:
            return None
        try:
            address = ip_address(ip.partition("%")[0])
        except ValueError:
            return False
        networks: Iterable[IPv4Network | IPv6Network] = map(ip_network, self.prefixes)
        return any(address in network for network in networks if network.version == address.version)


@dataclass(frozen=True, eq=False)
class TargetSet:
    """A target list on a day."""

    targets: tuple[Target, ...]
    """All that could be read, whatever the state: to be listed. `usable` are to be tested."""
    state: TargetsState
    version: str
    digest: str
    """SHA-256, hex, of the content; empty where it could not be read."""
    problems: tuple[Problem, ...]
    on: date

    @property
    def usable(self) -> tuple[Target, ...]:
        """Those that may be tested on the day."""
        if self.state is not TargetsState.OK:
            return ()
        return tuple(t for t in self.targets if t.expires_on >= self.on)

    def of_apps(self, apps: Iterable[str]) -> tuple[Target, ...]:
        """Usable targets of these apps and the controls; none, where the apps have none."""
        wanted = set(apps)
        own = tuple(t for t in self.usable if t.app in wanted)
        return (*own, *(t for t in self.usable if CONTROL in t.roles)) if own else ()

    def expired(self, apps: Iterable[str]) -> tuple[Target, ...]:
        """Targets of these apps that may not be tested on the day."""
        wanted, usable = set(apps), self.usable
        return tuple(t for t in self.targets if t.app in wanted and t not in usable)

    def get(self, target_id: str) -> Target | None:
        """The usable target with this id, or None."""
        return next((t for t in self.usable if t.id == target_id), None)


def read_targets(
    content: bytes, signature: bytes, keys: tuple[bytes, ...], *, on: date, path: str = "targets.toml"
) -> TargetSet:
    """Read a target list. Cannot fail: what is wrong is in its `problems` and `state`.

    Args:
        content: the list, at most 256 KiB of UTF-8 TOML.
        signature: its detached signature file.
        keys: the public keys that are trusted, 32 bytes each.
        on: today, by whoever asks.
        path: named in problems; nothing is opened.
    """
    try:
        text, document = parse_document(path, content)
    except ProfileError as error:
        return TargetSet((), TargetsState.UNREADABLE, "", "", error.problems, on)
    findings = Findings(path, partial(key_lines, text))
    table = Table(document, "", findings)
    targets = _read_list(table)
    version = table.text("version", pattern=_VERSION)
    table.close()
    digest = sha256(canonical_bytes(document)).hexdigest()
    state = TargetsState.OK
    if findings.problems:
        state = TargetsState.UNREADABLE
    elif not is_signed(document, signature, keys):
        findings.add("", "no trusted key signed this content")
        state = TargetsState.BAD_SIGNATURE
    elif all(t.expires_on < on for t in targets):
        findings.add("", f"every target expired before {on.isoformat()}")
        state = TargetsState.EXPIRED
    return TargetSet(targets, state, version, digest, tuple(findings.problems), on)


@lru_cache(maxsize=4)
def load_targets(on: date) -> TargetSet:
    """The packaged list, as it stands on a day."""
    folder = files("voipwatch.apps.targets")
    parts = [(folder / name).read_bytes() for name in ("targets.toml", "signature.toml", "keys.toml")]
    return read_targets(parts[0], parts[1], read_keys(parts[2]), on=on)


def _read_list(table: Table) -> tuple[Target, ...]:
    items = table.tables("targets", required=True)
    found = [t for item in items if (t := _read_target(item)) is not None]
    ids = [t.id for t in found]
    for target_id in {i for i in ids if ids.count(i) > 1}:
        table.wrong("targets", f"{target_id!r} is there twice")
    places = [(t.name, t.transport, t.port, t.app) for t in found]
    if len(set(places)) < len(places):
        table.wrong("targets", "two targets of an app are the same place")
    if items and not any(CONTROL in t.roles for t in found):
        table.wrong("targets", "there is no control: nothing would show that the line lives")
    return tuple(found)


def _read_target(table: Table) -> Target | None:
    before = len(table.findings.problems)
    target_id = table.text("id", pattern=_ID)
    roles = table.texts("roles", required=True, options=ROLES)
    app = target_id.partition(".")[0]
    control = CONTROL in roles
    if target_id and (app == CONTROL) != control:
        table.wrong("roles", "a control is called control.WORD, and nothing else is")
    elif target_id and not control and app not in APP_IDS:
        table.wrong("id", f"no app is called {app!r}")
    transport = table.choice("transport", TRANSPORTS)
    if not 1 <= len(roles) <= ROLES_MAX or (control and len(roles) != 1):
        table.wrong("roles", "one or two roles; a control has no other")
    elif control and transport != "tls":
        table.wrong("transport", "a control is asked by TLS: its certificate shows who answers")
    checked, expires = _day(table, "checked_on"), _day(table, "expires_on")
    if checked is not None and expires is not None and not 0 < (expires - checked).days <= LIFE_DAYS_MAX:
        table.wrong("expires_on", f"must be 1 to {LIFE_DAYS_MAX} days after checked_on")
    target = Target(
        id=target_id,
        app="" if control else app,
        roles=roles,
        name=table.text("name", pattern=_NAME),
        transport=transport,
        port=table.integer("port", 1, 65535),
        trust=table.choice("trust", TRUSTS, "system"),
        prefixes=_prefixes(table),
        status=table.choice("status", PROVENANCES),
        source=table.text("source"),
        checked_on=checked or date.min,
        expires_on=expires or date.min,
    )
    table.close()
    return target if len(table.findings.problems) == before else None


def _prefixes(table: Table) -> tuple[str, ...]:
    found = table.texts("prefixes")
    for index, text in enumerate(found):
        try:
            ip_network(text)
        except ValueError:
            table.wrong(f"prefixes[{index}]", f"{text[:60]!r} is no network")
    return found


def _day(table: Table, key: str) -> date | None:
    text: Any = table.text(key, pattern=_DAY)
    try:
        return date.fromisoformat(text)
    except ValueError:
        if text:
            table.wrong(key, f"{text!r} is no day")
        return None
