"""A profile's file to a `Profile`: syntax, then structure, then whether what it says can be built.

Each step runs only if the one before found nothing; within a step everything wrong is collected.
"""

import json
import re
import tomllib
from functools import partial
from hashlib import sha256
from typing import Any, Final

from voipwatch.apps.leg_tables import read_leg, read_mutant
from voipwatch.apps.message_tables import read_message
from voipwatch.apps.profile import PROVENANCES, Dialect, Leg, Profile, Provenance, TcpPath
from voipwatch.apps.schema import NAME, Findings, Problem, ProfileError, Table
from voipwatch.apps.toml_lines import key_lines
from voipwatch.apps.verify import verify_profile
from voipwatch.model.flows import ROUNDS_MAX
from voipwatch.model.vocabulary import APP_IDS, PRIVATE

FILE_BYTES_MAX: Final = 256 * 1024
NOT_TESTABLE: Final[dict[str, str]] = {
    "provider-address": "blocks of the provider's own addresses",
    "sni-or-name": "blocks by name: DNS, SNI",
    "longer-call": "blocks that begin later in a call",
    "p2p-leg": "the direct leg between two phones",
    "peer-line": "the other telephone's line, whose way to this one a direct leg takes",
    "account": "blocks of accounts, in the app's own servers",
    "push": "the push message that makes the other phone ring",
    "tcp-relay": "the app's own relay protocol over TCP",
    "group-call": "calls of more than two",
    "video": "video",
    "srtp-keys": "whether keys can be exchanged",
    "other-ports": "other ports that the app may choose",
    "true-shape": "whether the app's own packets pass: no capture of them is at hand, these are synthetic",
}
"""What a replay cannot show: the words that `not_testable` may hold, and what they mean."""

_VERSION = re.compile(r"[0-9]{4}\.[0-9]{1,3}")
_PATH = re.compile(r"(tcp|tls)-([1-9][0-9]{0,4})")
_TOML_LINE = re.compile(r"at line (\d+), column \d+")


def load_profile_file(path: str, data: bytes) -> Profile:
    """Read a profile.

    Args:
        path: named in problems; nothing is opened.
        data: the file's bytes, at most 256 KiB of UTF-8.

    Raises:
        ProfileError: with everything that is wrong with it.
    """
    text, document = parse_document(path, data)
    findings = Findings(path, partial(key_lines, text))
    profile = _read_profile(Table(document, "", findings), document)
    if not findings.problems:
        verify_profile(profile, findings)
    if findings.problems:
        raise ProfileError(findings.problems)
    return profile


def parse_document(path: str, data: bytes) -> tuple[str, dict[str, Any]]:
    """A packaged file's text and tables. Raises ProfileError: too long, not UTF-8, or not TOML."""
    if len(data) > FILE_BYTES_MAX:
        raise ProfileError([Problem(path, None, "", f"{len(data)} bytes; at most {FILE_BYTES_MAX} are read")])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProfileError([Problem(path, line, "", f"not UTF-8: {error.reason}")]) from None
    try:
        return text, tomllib.loads(text)
    except RecursionError:
        raise ProfileError([Problem(path, None, "", "nested too deeply")]) from None
    except ValueError as error:  # a syntax error, or a number of thousands of digits
        found = _TOML_LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        message = _TOML_LINE.sub("", str(error)).removesuffix("()").strip().rstrip("(").strip()
        raise ProfileError([Problem(path, line, "", f"not TOML: {message}")]) from None


def _read_profile(table: Table, document: dict[str, Any]) -> Profile:
    app = table.choice("id", (*APP_IDS, PRIVATE))
    dialects = tuple(_read_dialect(item) for item in table.tables("dialects", required=True))
    dialect_ids = tuple(dialect.id for dialect in dialects)
    _expect_unique(table, "dialects", dialect_ids)
    default = table.text("default_dialect", pattern=NAME)
    if default and default not in dialect_ids:
        table.wrong("default_dialect", f"{default!r} is not one of {', '.join(dialect_ids) or 'no dialects'}")
    messages = {name: read_message(name, item) for name, item in table.named_tables("messages").items()}
    call_names = table.texts("call_names", required=True)
    legs = tuple(
        read_leg(item, dialect_ids, frozenset(messages), call_names)
        for item in table.tables("legs", required=True)
    )
    _expect_unique(table, "legs", tuple(leg.id for leg in legs))
    _check_order(table, legs)
    runnable = tuple(leg.id for leg in legs if leg.run)
    mutants = tuple(read_mutant(item, runnable, frozenset(messages)) for item in table.tables("mutants"))
    _expect_unique(table, "mutants", tuple(mutant.id for mutant in mutants))
    for key, values in (("dialects", dialects), ("legs", legs), ("call_names", call_names)):
        if not values and key in table:
            table.wrong(key, "must not be empty")
    if legs and not runnable:
        table.wrong("legs", "at least one leg is run")
    profile = Profile(
        id=app,
        name=table.text("name"),
        version=table.text("version", pattern=_VERSION),
        digest="" if table.findings.problems else _digest(document),
        dialects=dialects,
        default_dialect=default,
        call_names=call_names,
        legs=legs,
        mutants=mutants,
        messaging=_read_paths(table, "messaging"),
        fallbacks=_read_paths(table, "fallbacks"),
        provenance=tuple(_read_provenance(item) for item in table.tables("provenance", required=True)),
        not_testable=table.texts("not_testable", required=True, options=tuple(NOT_TESTABLE)),
        synthetic=table.boolean("synthetic", default=False),
        messages=messages,
    )
    if "provenance" in table and not profile.provenance:
        table.wrong("provenance", "must not be empty: every group of facts has a source")
    _expect_label(table, profile)
    table.close()
    return profile


def _check_order(table: Table, legs: tuple[Leg, ...]) -> None:
    """A leg that comes after another names one that has rounds, shares a dialect and comes after none."""
    known = {leg.id: leg for leg in legs}
    for number, leg in enumerate(legs):
        before = known.get(leg.after)
        path = f"legs[{number}].after"
        if not leg.after:
            continue
        if before is None or before is leg:
            table.findings.add(path, f"no other leg is called {leg.after!r}")
        elif before.after or not before.rounds:
            table.findings.add(path, f"leg {leg.after!r} has no rounds, or comes itself after another")
        elif not set(leg.dialects) <= set(before.dialects):
            table.findings.add(path, f"leg {leg.after!r} does not speak all dialects of this one")
        elif before.port == leg.port:
            table.findings.add(path, f"leg {leg.after!r} has the same port: its rounds can stand in this leg")
        elif len(before.rounds) + len(leg.rounds) > ROUNDS_MAX - 1:
            table.findings.add(path, f"more than {ROUNDS_MAX - 1} rounds with those of {leg.after!r}")


def _expect_label(table: Table, profile: Profile) -> None:
    """A profile that is in no capture says so wherever it is shown: name, and what it cannot test."""
    seen = any(item.status == "seen" for item in profile.provenance)
    if profile.synthetic and seen:
        table.wrong("synthetic", "some of its facts are seen in a capture")
    if profile.synthetic and "synthetic" not in profile.name:
        table.wrong("name", "the name of a synthetic profile says so")
    if profile.synthetic != ("true-shape" in profile.not_testable):
        table.wrong("not_testable", "true-shape is there if the profile is synthetic, and only then")


def _digest(document: dict[str, Any]) -> str:
    """SHA-256 over the document as JSON with sorted keys: layout and comments do not count."""
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return sha256(canonical.encode()).hexdigest()


def _read_dialect(table: Table) -> Dialect:
    dialect = Dialect(table.text("id", pattern=NAME), table.text("name"))
    table.close()
    return dialect


def _read_provenance(table: Table) -> Provenance:
    provenance = Provenance(table.text("facts"), table.choice("status", PROVENANCES), table.text("source"))
    table.close()
    return provenance


def _read_paths(table: Table, key: str) -> tuple[TcpPath, ...]:
    paths: list[TcpPath] = []
    for index, name in enumerate(table.texts(key, pattern=_PATH)):
        transport, _, port = name.partition("-")
        if int(port) > 65535:
            table.wrong(f"{key}[{index}]", f"{port} is no port")
            continue
        paths.append(TcpPath(name, transport, int(port)))
    return tuple(paths)


def _expect_unique(table: Table, key: str, names: tuple[str, ...]) -> None:
    for index, name in enumerate(names):
        if name and name in names[:index]:
            table.wrong(f"{key}[{index}].id", f"{name!r} is there twice")
