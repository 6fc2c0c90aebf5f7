"""A bundle that was tampered with: in any one byte, and with digests and signature made anew."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.chronicle.writing import MACHINE, Writing
from tests.pipeline.publishing.support import DAY, MONDAY, changepoint, contents, request, store_of, votes
from voipwatch.chronicle import manifests
from voipwatch.pipeline.publishing import signing
from voipwatch.pipeline.publishing.checking import BadBundleError, CheckFinding, check_bundle
from voipwatch.pipeline.publishing.counting import Choices
from voipwatch.pipeline.publishing.publish import publish

PUBLIC = MACHINE.public_key().public_bytes_raw().hex()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Never changed: tests work on copies."""
    place = tmp_path_factory.mktemp("whole")
    log = Writing()
    log.detect()
    choices = Choices({"MA-2016-01-a": "morocco-2016/start-5-january"}, {"MA": "Africa/El_Aaiun"})
    asked = request(place, 41, log=tuple(log.lines), key=MACHINE)._replace(choices=choices)
    publish(store_of(votes(40, blocked_from=20), [changepoint(20)]), asked)
    return place / "bundle"


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole.resolve(), tmp_path / "copy"))


def failed(folder: Path, **asked: Any) -> list[CheckFinding]:
    return [each for each in check_bundle(folder, **asked) if each.holds is False]


def resign(folder: Path) -> None:
    """What a forger with the key would do: make digests and signature anew."""
    files = {p: c for p, c in contents(folder).items() if not p.startswith("manifest.")}
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["files"] = [
        {"path": path, "sha256": manifests.digest_of(content), "bytes": len(content)}
        for path, content in sorted(files.items())
    ]
    text = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(text)
    (folder / "manifest.sig").write_bytes(signing.sign(text, MACHINE))


def test_any_one_byte_of_any_file_is_found_and_the_file_named(copied: Path) -> None:
    """Of each file the first, the last, and bytes between; every bit of one of them."""
    for path, content in contents(copied).items():
        places = sorted(
            {0, 1, len(content) // 3, len(content) // 2, len(content) - 1} & set(range(len(content)))
        )
        for place in places:
            for bit in range(8) if place == len(content) // 2 else (0, 5):
                changed = bytearray(content)
                changed[place] ^= 1 << bit
                (copied / path).write_bytes(changed)
                found = failed(copied)
                if path.startswith("manifest."):
                    assert found[0].id in {"signature", "manifest"}, (path, place, bit)
                    assert path == "manifest.json" or found[0].id == "signature"
                else:
                    assert [(each.id, each.values["path"]) for each in found] == [("file", path)]
        (copied / path).write_bytes(content)
    assert failed(copied) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(file=st.randoms(use_true_random=False), flip=st.integers(1, 255))
def test_a_random_byte_of_a_random_file_is_found_and_named(copied: Path, file: Random, flip: int) -> None:
    """And in a table or the log the line, where the same table beside it bears witness."""
    path = file.choice(sorted(contents(copied)))
    content = (copied / path).read_bytes()
    place = file.randrange(len(content))
    (copied / path).write_bytes(content[:place] + bytes([content[place] ^ flip]) + content[place + 1 :])
    try:
        found = failed(copied)
        if path.startswith("manifest."):
            assert found[0].id in {"signature", "manifest"}
        else:
            (only,) = found
            assert (only.id, only.values["path"]) == ("file", path)
            if path.endswith((".csv", ".jsonl")):
                assert only.values["number"] == content[:place].count(b"\n") + 1
    finally:
        (copied / path).write_bytes(content)


def test_missing_and_added_files_are_named(copied: Path) -> None:
    (copied / "states.json").unlink()
    (copied / "series/extra.json").write_bytes(b"{}")
    assert [(each.values["path"], each.values["why"]) for each in failed(copied)] == [
        ("states.json", "missing"),
        ("series/extra.json", "unlisted"),
    ]


def test_whose_key_it_is(copied: Path) -> None:
    told = {each.id: each.holds for each in check_bundle(copied)}
    assert told["key"] is None
    assert {each.id: each.holds for each in check_bundle(copied, key=PUBLIC)}["key"] is True
    assert [each.id for each in failed(copied, key="00" * 32)] == ["key"]


def test_a_bundle_that_no_longer_speaks_of_now_says_so(copied: Path) -> None:
    late = {each.id: each for each in check_bundle(copied, now_s=2**31)}["valid"]
    assert (late.holds, late.values) == (None, {"until": "2016-02-16T00:00:00Z"})
    assert "valid" not in {each.id for each in check_bundle(copied, now_s=1_451_865_600)}


def edit_json(path: str, change: Callable[[Any], None]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        document = json.loads((folder / path).read_bytes())
        change(document)
        (folder / path).write_text(json.dumps(document))

    return edit


def edit_rows(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Change the rows of January, in Parquet and CSV."""

    def edit(folder: Path) -> None:
        from voipwatch.pipeline.publishing import tables  # noqa: PLC0415 -- for these cases alone

        place = folder / "tables/cells/2016-01.parquet"
        rows = change(tables.table_of(place.read_bytes()))
        place.write_bytes(tables.parquet_bytes(rows))
        place.with_suffix(".csv").write_bytes(tables.csv_bytes(rows))

    return edit


def with_column(name: str, value: Any) -> Callable[[Any], Any]:
    def change(rows: Any) -> Any:
        import pyarrow as pa  # noqa: PLC0415 -- for these cases alone

        number = rows.schema.get_field_index(name)
        values = [value, *rows[name].to_pylist()[1:]]
        return rows.set_column(
            number, rows.schema.field(number), pa.array(values, rows.schema.field(number).type)
        )

    return change


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (edit_rows(with_column("state", "blocked")), "states"),
        (edit_rows(with_column("probes", 2)), "partition"),
        (edit_rows(with_column("ok", 1)), "partition"),
        (edit_rows(with_column("instance", "lab")), "contents"),
        (edit_rows(lambda rows: rows.slice(1)), "summaries"),
        (edit_json("states.json", lambda told: told["series"][0].update(state="blocked")), "summaries"),
        (edit_json("privacy.json", lambda told: told.update(synthetic=True)), "world"),
        (edit_json("incidents/index.json", lambda told: told["incidents"].append({"id": "x"})), "incidents"),
        (edit_json("counting.json", lambda told: told["zeros"][0].update(claim="x/y")), "counting"),
        (edit_json("counting.json", lambda told: told["zeros"][0].update(incident="MA-1-a")), "counting"),
        (edit_json("counting.json", lambda told: told["zones"][0].update(zone="Mars/Olympus")), "counting"),
        (edit_json("counting.json", lambda told: told.update(zeros=1)), "contents"),
        (lambda folder: (folder / "tables/changepoints.csv").write_bytes(b"x\n"), "formats"),
        (lambda folder: (folder / "voipwatch.sqlite").write_bytes(b"x"), "formats"),
        (lambda folder: (folder / "chronicle/log.jsonl").write_bytes(b"{}\n"), "log"),
        (lambda folder: (folder / "chronicle/log.jsonl").write_bytes(b"torn"), "log"),
    ],
)
def test_a_forger_with_the_key_is_found_by_what_is_recomputed(
    copied: Path, forge: Callable[[Path], None], said: str
) -> None:
    forge(copied)
    resign(copied)
    found = failed(copied)
    assert said in {each.id for each in found}, found


def test_what_was_chosen_of_counters_is_checked_where_something_was(whole: Path, tmp_path: Path) -> None:
    (finding,) = (each for each in check_bundle(whole) if each.id == "counting")
    assert (finding.holds, finding.values) == (True, {"zeros": 1, "zones": 1})
    publish(store_of(votes(3)), request(tmp_path, 3))
    assert "counting" not in {each.id for each in check_bundle(tmp_path / "bundle")}


def test_a_changepoint_that_the_rows_do_not_show_is_found(copied: Path) -> None:
    from voipwatch.pipeline.publishing import tables  # noqa: PLC0415 -- for this case alone

    place = copied / "tables/changepoints.parquet"
    rows = tables.table_of(place.read_bytes())
    assert set(rows["basis"].to_pylist()) == {"rows", "votes"}
    kept = rows.filter([basis == "votes" for basis in rows["basis"].to_pylist()])
    place.write_bytes(tables.parquet_bytes(kept))
    resign(copied)
    assert "changepoints" in {each.id for each in failed(copied)}


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"\xff", b'{"as_of":"x"}'])
def test_what_is_no_manifest_of_ours_is_a_changed_one(copied: Path, text: bytes) -> None:
    (copied / "manifest.json").write_bytes(text)
    (only,) = failed(copied)
    assert only.id == "manifest"


def test_what_is_missing_is_said_to_be_missing(copied: Path) -> None:
    (copied / "manifest.sig").unlink()
    assert [each.id for each in failed(copied)] == ["signature-file"]
    (copied / "manifest.json").unlink()
    with pytest.raises(BadBundleError):
        check_bundle(copied)


def test_a_bundle_of_the_future_is_told_by_whoever_has_a_clock(copied: Path) -> None:
    """Its hour may be ahead to the hour's end, and clocks by five minutes; no more."""
    as_of = MONDAY + 41 * DAY
    for now_s, known in (
        (as_of, []),
        (as_of - 3900, []),
        (as_of - 3901, ["time"]),
        (as_of - 9 * DAY, ["time"]),
    ):
        found = [each for each in check_bundle(copied, now_s=now_s) if each.id == "time"]
        assert [each.id for each in found] == known
        assert [each.holds for each in found] == [None] * len(known)


def test_changepoints_are_counted_by_kind(copied: Path) -> None:
    from voipwatch.pipeline.publishing import tables  # noqa: PLC0415 -- for these cases alone

    (found,) = [each.values for each in check_bundle(copied) if each.id == "changepoints"]
    kinds = tables.read_changes((copied / "tables/changepoints.parquet").read_bytes())
    of_rows = [change.kind for change in kinds if change.basis == "rows"]
    assert (found["onsets"], found["ends"], found["silences"]) == (
        of_rows.count("onset"), of_rows.count("end"), of_rows.count("silence"),
    )  # fmt: skip
    assert found["onsets"] >= 1
    assert found["count"] == found["onsets"] + found["ends"] + found["silences"]


def test_a_path_that_leaves_the_bundle_is_not_read(copied: Path) -> None:
    (copied.parent / "secret").write_bytes(b"x")
    manifest = json.loads((copied / "manifest.json").read_bytes())
    manifest["files"].append({"path": "../secret", "sha256": manifests.digest_of(b"x"), "bytes": 1})
    text = json.dumps(manifest).encode()
    (copied / "manifest.json").write_bytes(text)
    (copied / "manifest.sig").write_bytes(signing.sign(text, MACHINE))
    assert [each.values["path"] for each in failed(copied)] == ["../secret"]
