"""A bundle in which every text that a stranger can bring is an attack, and incidents of awkward shapes."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec

from tests.site.bundles import NAME, altered, claim, incident, published
from voipwatch.model.incidents import IncidentStatus, Phase, SeriesName, Spread
from voipwatch.site.bundle import State, series_path

FLAG = "window.broken=1"
ATTACK = (
    f"<script>{FLAG}</script>\"'><img src=x onerror={FLAG}></script></title><svg onload={FLAG}>"
    "{{7*7}}&lt;<!--\u202e"
)
SHOWN = f"<script>{FLAG}</script>"
"""What a reader sees of it, letter by letter."""
ADDRESS = f"javascript:{FLAG}"
CROWD, NOBODY, SIGNED = "LAB-MA-2016-01-b", "LAB-MA-2016-01-c", f"LAB-{NAME}"
OPERATORS = tuple(f"Network {number:03}" for number in range(100))


def hostile_bundle(folder: Path) -> Path:
    """One operator, access and app with hostile names; an incident about them, signed, open and answered; one
    of a hundred operators, signed; one of nobody.
    """
    bundle = published(folder, instance="drill").resolve()
    series = SeriesName(ATTACK, "4g", ATTACK)
    files: dict[str, bytes | None] = {}
    _states(bundle, series, files)
    _incidents(bundle, series, files)
    _words(bundle, files)
    return altered(bundle, folder / "hostile", files)


def _states(bundle: Path, series: SeriesName, files: dict[str, bytes | None]) -> None:
    document = json.loads((bundle / "states.json").read_bytes())
    for old in list(document["series"]):
        new = old | {"operator": series.operator, "app": series.app if old["app"] == "whatsapp" else "viber"}
        document["series"].append(new)
        source = series_path(msgspec.convert(old, State))
        files[series_path(msgspec.convert(new, State))] = (bundle / source).read_bytes()
    files["states.json"] = json.dumps(document).encode()
    rows = list(csv.DictReader(io.StringIO((bundle / "tables/changepoints.csv").read_text())))
    made = io.StringIO()
    table = csv.DictWriter(made, rows[0])
    table.writeheader()
    table.writerows(row | {"operator": series.operator, "app": series.app, "kind": ATTACK} for row in rows)
    files["tables/changepoints.csv"] = made.getvalue().encode()


def _incidents(bundle: Path, series: SeriesName, files: dict[str, bytes | None]) -> None:
    place = f"incidents/{SIGNED}.json"
    page = json.loads((bundle / place).read_bytes())
    head = {key: page[key] for key in ("as_of", "valid_until", "synthetic", "instance")}
    first = incident(instance="drill")
    onset = first.phases[0]

    def phase(*names: SeriesName) -> tuple[Phase, ...]:
        return (msgspec.structs.replace(onset, series=names),)

    def spread(*names: SeriesName) -> tuple[Spread, ...]:
        return tuple(Spread(name, onset.earliest, onset.latest, 1) for name in names)

    crowd = tuple(SeriesName(name, "4g", "whatsapp") for name in OPERATORS)
    signed = {"status": IncidentStatus.REVIEWED, "reviewed_revision": 1, "revision": 1, "instance": "drill"}
    told: dict[str, dict[str, Any]] = {
        SIGNED: signed | {"phases": phase(series), "spread": spread(series), "named": (ATTACK,),
                          "mechanisms": (ATTACK,)},
        CROWD: signed | {"phases": phase(*crowd), "spread": spread(*crowd), "named": OPERATORS},
        NOBODY: {"phases": phase(), "spread": (), "instance": "drill", "reason": ATTACK,
                 "status": IncidentStatus.WITHDRAWN},
    }  # fmt: skip
    for name, fields in told.items():
        one = msgspec.to_builtins(incident(**{"id": name} | fields))
        body = head | {"incident": one, "revised_at": page["revised_at"][:1]} | _acts(name)
        files[f"incidents/{name}.json"] = json.dumps(body).encode()
        files[f"incidents/{name}/r1.json"] = json.dumps(head | {"incident": one}).encode()
    index = head | {"incidents": [{"id": name} for name in told]}
    files["incidents/index.json"] = json.dumps(index).encode()


def _acts(name: str) -> dict[str, Any]:
    at = "2016-01-14T00:00:00Z"
    bodies: dict[str, dict[str, Any]] = {
        "reviews": {"revision": 1, "reviewer": ATTACK, "note": ATTACK},
        "notices": {"revision": 1, "operators": [ATTACK], "until": at, "channel": ATTACK},
        "replies": {"side": "operator", "name": ATTACK, "received": ATTACK, "text": ATTACK, "lang": ATTACK,
                    "url": ADDRESS},
        "disputes": {"by": ATTACK, "ground": ATTACK},
        "holds": {"revision": 1, "until": at, "digest": ATTACK},
    }  # fmt: skip
    return {
        kind: [{"at": at, "line": line, "kind": kind[:-1], "body": {"incident": name} | body}]
        for line, (kind, body) in enumerate(bodies.items(), 2)
    }


def _words(bundle: Path, files: dict[str, bytes | None]) -> None:
    claims = json.loads((bundle / "claims.json").read_bytes())
    source = {"publisher": ATTACK, "title": ATTACK, "url": ADDRESS, "lang": ATTACK, "archived_url": ADDRESS}
    one = claim("test/one", text=ATTACK, as_published=ATTACK, source=source, flag=None)
    scope = {"country": "MA", "operators": [ATTACK], "accesses": [ATTACK], "apps": [ATTACK]}
    two = claim("test/two", text=ATTACK, scope=scope, source=source, contradicts=["test/one"])
    row = {"country": "MA", "operator": ATTACK, "access": "4g", "app": ATTACK}
    two["check"]["rows"] = [two["check"]["rows"][0] | row]
    one["notes"] = [{"at": "2016-01-14T00:00:00Z", "body": {"note": ATTACK, "archived_url": ADDRESS}}]
    files["claims.json"] = json.dumps(claims | {"claims": [one, two]}).encode()
    corrections = json.loads((bundle / "corrections.json").read_bytes())
    wrong = {"incident": SIGNED, "revision": 1, "what": ATTACK, "why": ATTACK}
    corrections["corrections"] = [
        {"at": "2016-01-14T00:00:00Z", "line": 9, "kind": "correction", "body": wrong}
    ]
    files["corrections.json"] = json.dumps(corrections).encode()
    dictionary = {"tables": {ATTACK: {"columns": [{"name": ATTACK, "type": ATTACK, "meaning": ATTACK}]}}}
    known = json.loads((bundle / "data-dictionary.json").read_bytes())
    files["data-dictionary.json"] = json.dumps(known | dictionary).encode()
    files["CITATION.cff"] = ATTACK.encode()
