"""Versions of the tables: numbered files of SQL, each applied once, recorded in the store."""

from importlib import resources
from typing import Final

from voipwatch.store.engine import Engine, scalar
from voipwatch.store.errors import StoreError

DEDUPLICATION_WINDOW: Final = 10_000
"""Blocks whose tokens a table remembers. A token guards against the driver's own second try, which comes
within seconds; a loader that was killed is told by the ledger, however long ago that was."""

TABLE: Final = """CREATE TABLE IF NOT EXISTS migrations (version UInt32, name String, applied_at
DateTime('UTC')) ENGINE = ReplacingMergeTree ORDER BY version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"""
"""Which migrations were finished."""


def scripts() -> dict[int, tuple[str, str]]:
    """Version -> name and text, in order; versions are 1, 2, 3, … without a gap."""
    found: dict[int, tuple[str, str]] = {}
    folder = resources.files("voipwatch.store") / "migrations"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            version = int(file.name[:4])
            assert version not in found, f"two migrations have the number {version}"
            found[version] = file.name[5:-4], file.read_text("utf-8")
    assert list(found) == list(range(1, len(found) + 1)), "migrations are numbered without a gap"
    return found


def statements(text: str) -> list[str]:
    """The statements of one script, comments and empty ones left out."""
    parts = text.replace("{dedup}", str(DEDUPLICATION_WINDOW)).split("\n;\n")
    bare = ["\n".join(line for line in part.splitlines() if not line.startswith("--")) for part in parts]
    return [part.strip() for part in bare if part.strip()]


def version_of(engine: Engine) -> int:
    """The newest migration that was finished; 0 where there is none."""
    found = engine.select(
        "SELECT count() AS n FROM system.tables WHERE database = currentDatabase() AND name = 'migrations'"
    )
    if not found["n"][0].as_py():
        return 0
    return int(scalar(engine, "SELECT max(version) FROM migrations"))


def migrate(engine: Engine) -> list[str]:
    """Bring the tables to this version; returns the names of what was applied.

    Every statement may run twice, and a migration is recorded after its last one: killed anywhere, the next
    call finishes it. Raises StoreError `newer` where the store is ahead of this program.
    """
    known = scripts()
    have = version_of(engine)
    if have > len(known):
        raise StoreError("newer", str(have))
    engine.command(TABLE)
    applied = []
    for version in range(have + 1, len(known) + 1):
        name, text = known[version]
        for statement in statements(text):
            engine.command(statement)
        engine.command(
            "INSERT INTO migrations SELECT {version:UInt32}, {name:String}, now('UTC')",
            {"version": version, "name": name},
        )
        applied.append(f"{version:04} {name}")
    return applied


def require_current(engine: Engine) -> None:
    """Raise StoreError `newer`, `older` or `no-store` unless the tables are of this version."""
    have, want = version_of(engine), len(scripts())
    if have == 0:
        raise StoreError("no-store", "this address: it has no tables; voipwatch store migrate makes them")
    if have != want:
        raise StoreError("newer" if have > want else "older", str(have))
