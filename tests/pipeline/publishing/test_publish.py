"""A whole bundle: the same twice, a day more, refused, final; and never of two worlds."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from tests.chronicle.writing import LATER, MACHINE, Writing, found_incident
from tests.pipeline.publishing.support import (
    DAY,
    MONDAY,
    PUBLIC,
    Said,
    changepoint,
    contents,
    request,
    store_of,
    votes,
)
from voipwatch.model.acts import Closing, EntryKind, Reply, ReplySide
from voipwatch.pipeline.publishing import releasing
from voipwatch.pipeline.publishing.checking import check_bundle
from voipwatch.pipeline.publishing.folder import NotABundleError
from voipwatch.pipeline.publishing.memory import Memory
from voipwatch.pipeline.publishing.publish import RefusedError, publish
from voipwatch.pipeline.publishing.tables import read_cells
from voipwatch.pipeline.publishing.world import MixedWorldsError

FORTY = votes(40, blocked_from=20)


def test_a_bundle_holds_and_says_what_it_is(tmp_path: Path) -> None:
    done = publish(store_of(FORTY, [changepoint(20)]), request(tmp_path, 41))
    found = check_bundle(tmp_path / "bundle", key=PUBLIC)
    assert [each for each in found if each.holds is False] == []
    by_name = {each.id: each for each in found}
    assert by_name["states"].values["count"] == done.rows == done.fresh == 80
    assert by_name["changepoints"].values["count"] >= 1
    assert by_name["votes"].values == {"count": 1, "shown": 1, "withheld": 10, "unknown": 0}
    files = contents(tmp_path / "bundle")
    manifest = msgspec.json.decode(files["manifest.json"])
    assert (manifest["as_of"], manifest["valid_until"]) == ("2016-02-14T00:00:00Z", "2016-02-16T00:00:00Z")
    states = msgspec.json.decode(files["states.json"])
    assert {each["app"]: each["state"] for each in states["series"]} == {"whatsapp": "blocked", "viber": "ok"}
    assert {"tables/cells/2016-01.parquet", "tables/cells/2016-02.csv", "LICENCE"} <= files.keys()


def test_nothing_of_a_probe_is_in_it(tmp_path: Path) -> None:
    some = [vote._replace(household=f"feedface{vote.pseudonym[:8]}") for vote in FORTY]
    publish(store_of(some, [changepoint(20)]), request(tmp_path, 41))
    secrets = {vote.pseudonym.encode() for vote in some} | {b"feedface"}
    kept = contents(tmp_path / "bundle") | contents(tmp_path / "memory")
    assert not [(path, secret) for path, text in kept.items() for secret in secrets if secret in text]


def test_no_file_says_more_of_the_votes_than_the_rows_do(tmp_path: Path) -> None:
    """The attack on everything: votes are changed in ways that no row shows, and no byte of any release may
    change: states, series, claims, privacy.json, incidents, corrections, log. What rows say is attacked alone
    (`tests/chronicle/test_coarsen.py`), and what incidents and changepoints say beside them
    (`tests/chronicle/test_telling.py`).
    """
    incident = found_incident()
    writing = Writing()
    writing.detect(incident)
    pair = [
        vote._replace(pseudonym=vote.pseudonym[:2].ljust(32, "e"))
        for vote in votes(40, probes=2, operator="AS6713")
    ]

    def flipped(said: list[Said]) -> list[Said]:
        return [vote._replace(verdict={"ok": "blocked", "blocked": "ok"}[vote.verdict]) for vote in said]

    def on_day_15(of_probe: dict[str, str]) -> list[Said]:
        """Probes 00 and 03 measure in the same hours: whose the block was cannot be in any file."""
        return [
            vote._replace(verdict=of_probe.get(vote.pseudonym[:2], vote.verdict))
            if (vote.hour - MONDAY) // DAY == 15
            else vote
            for vote in FORTY
        ]

    swapped = on_day_15({"00": "blocked", "03": "ok"})
    exchanged = on_day_15({"00": "ok", "03": "blocked"})
    worlds = {
        "as they were": [*swapped, *pair],
        "withheld ones flipped": [*swapped, *flipped(pair)],
        "two of a row exchanged": [*exchanged, *pair],
    }
    releases: dict[str, list[dict[str, bytes]]] = {}
    for name, said in worlds.items():
        folder = tmp_path / name
        releases[name] = []
        for day in (17, 30, 41):
            publish(store_of(said), request(folder, day, log=tuple(writing.lines), key=MACHINE))
            releases[name].append(contents(folder / "bundle"))
    assert releases["withheld ones flipped"] == releases["as they were"]
    assert releases["two of a row exchanged"] == releases["as they were"]
    files = releases["as they were"][-1].keys()
    assert {"states.json", "claims.json", "privacy.json", "corrections.json", "chronicle/log.jsonl"} <= files
    assert f"incidents/{incident.id}.json" in files
    told = [read_cells(text) for path, text in releases["as they were"][-1].items()
            if path.startswith("tables/cells") and path.endswith("parquet")]  # fmt: skip
    rows = [row for each in told for row in each]
    assert {row.series.operator for row in rows} == {"AS36925"}, "two probes are in no row"
    assert any(row.ok and row.blocked for row in rows), "what is exchanged is in a row of both kinds"


def test_two_stores_of_the_same_votes_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the order of rows, the threads, and how much of it was made the day before."""
    publish(store_of(FORTY), request(tmp_path / "a", 41))
    before = pa.cpu_count()
    try:
        pa.set_cpu_count(before + 1)
        monkeypatch.setattr(releasing, "WEEKS_AT_ONCE", 2)
        publish(store_of(FORTY[::-1]), request(tmp_path / "b", 41))
    finally:
        pa.set_cpu_count(before)
    first = contents(tmp_path / "a/bundle")
    assert first == contents(tmp_path / "b/bundle")
    for day in (17, 30, 41):
        publish(store_of(FORTY), request(tmp_path / "c", day))
    third = contents(tmp_path / "c/bundle")
    differing = {path for path in first if first[path] != third.get(path)}
    assert differing == {"manifest.json", "manifest.sig"}  # the bundle before is named in it


SCRIPT = """
import sys, locale, pyarrow
from pathlib import Path
from tests.chronicle.writing import MACHINE
from tests.pipeline.publishing.support import *
from tests.pipeline.publishing.test_fields import eventful
from voipwatch.pipeline.publishing.publish import publish
locale.setlocale(locale.LC_ALL, "")
pyarrow.set_cpu_count(int(sys.argv[2])); pyarrow.set_io_thread_count(int(sys.argv[2]))
log = eventful()
said = store_of(votes(30, blocked_from=20), [changepoint(20)])
asked = request(Path(sys.argv[1]), 31, log=tuple(log.lines), key=MACHINE)
print(publish(said, asked).digest)
"""


def test_time_zone_locale_threads_and_hash_seed_change_nothing(tmp_path: Path) -> None:
    here = Path(__file__).resolve().parents[3]
    spoken = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout.split()
    other = next((name for name in spoken if name.lower() not in {"c", "posix", "c.utf8"}), "C.utf8")
    digests = set()
    for number, (zone, lang, threads) in enumerate(
        [("UTC", "C.utf8", "1"), ("Africa/Casablanca", other, "2"), ("Asia/Kathmandu", "C.utf8", "2")]
    ):
        environment = os.environ | {"TZ": zone, "LC_ALL": lang, "PYTHONHASHSEED": str(number)}
        environment["PYTHONPATH"] = f"{here}{os.pathsep}{here / 'src'}"
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / str(number)), threads],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        digests.add(ran.stdout)
    assert len(digests) == 1
    whole = contents(tmp_path / "0/bundle")
    assert whole == contents(tmp_path / "1/bundle") == contents(tmp_path / "2/bundle")
    assert "incidents/MA-2016-01-a/r1.json" in whole, "with a chronicle, and changepoints of both kinds"
    rows = whole["tables/changepoints.csv"]
    assert all(basis in rows for basis in (b',"votes",', b',"rows",'))


def test_the_same_again_is_no_new_link_of_the_chain(tmp_path: Path) -> None:
    first = publish(store_of(FORTY), request(tmp_path, 41))
    again = publish(store_of(FORTY), request(tmp_path, 41))
    assert (again.digest, again.changed, again.fresh) == (first.digest, False, 0)
    after = publish(store_of(FORTY), request(tmp_path, 42))
    assert msgspec.json.decode((tmp_path / "bundle/manifest.json").read_bytes())["previous"] == first.digest
    assert after.digest != first.digest


def test_a_month_that_did_not_change_is_linked_not_written(tmp_path: Path) -> None:
    long = votes(100)
    publish(store_of(long), request(tmp_path, 99))
    january = (tmp_path / "bundle/tables/cells/2016-01.parquet").stat().st_ino
    april = (tmp_path / "bundle/tables/cells/2016-04.parquet").stat().st_ino
    publish(store_of(long), request(tmp_path, 101))
    assert (tmp_path / "bundle/tables/cells/2016-01.parquet").stat().st_ino == january
    assert (tmp_path / "bundle/tables/cells/2016-04.parquet").stat().st_ino != april


def test_published_rows_outlive_their_votes_and_the_memory(tmp_path: Path) -> None:
    """A deleted report changes no row that is out, with the memory or with nothing but the bundle."""
    publish(store_of(FORTY), request(tmp_path, 30))
    cells = tmp_path / "bundle/tables/cells/2016-01.parquet"
    before = set(read_cells(cells.read_bytes()))
    fewer = [vote for vote in FORTY if not vote.pseudonym.startswith("00") or vote.hour > MONDAY + 30 * DAY]
    for file in (tmp_path / "memory").iterdir():
        file.unlink()
    publish(store_of(fewer), request(tmp_path, 31))
    assert [each for each in check_bundle(tmp_path / "bundle") if each.holds is False] == []
    assert before <= set(read_cells(cells.read_bytes()))


def test_refused(tmp_path: Path) -> None:
    publish(store_of(FORTY), request(tmp_path, 30))
    whole = contents(tmp_path / "bundle")
    for asked, reason in (
        (request(tmp_path, 29), "older"),
        (request(tmp_path, 29, memory=tmp_path / "lost"), "older"),
        (request(tmp_path, 31, instance="lab", memory=tmp_path / "other"), "world"),
    ):
        with pytest.raises(RefusedError) as caught:
            publish(store_of(FORTY), asked)
        assert caught.value.reason == reason
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    with pytest.raises(NotABundleError):
        publish(store_of(FORTY), request(tmp_path, 31, out=tmp_path / "full"))
    assert contents(tmp_path / "bundle") == whole


def test_a_closed_observatory_stays_closed(tmp_path: Path) -> None:
    publish(store_of(FORTY), request(tmp_path, 40, final="the money is spent"))
    manifest = msgspec.json.decode((tmp_path / "bundle/manifest.json").read_bytes())
    assert manifest["final"] == {"reason": "the money is spent", "at": "2016-02-13T00:00:00Z"}
    assert manifest["valid_until"] == manifest["as_of"]
    whole = contents(tmp_path / "bundle")
    for asked in (
        request(tmp_path, 41),
        request(tmp_path, 60),
        request(tmp_path, 40, final="the money is spent"),
    ):
        done = publish(store_of(votes(60)), asked)
        assert (done.changed, done.as_of, done.final) == (False, MONDAY + 40 * DAY, "the money is spent")
    assert contents(tmp_path / "bundle") == whole, "no vote after the end, whatever is asked for"
    for wrong in (request(tmp_path, 40, final="another"), request(tmp_path, 41, final="the money is spent")):
        with pytest.raises(RefusedError, match="final"):
            publish(store_of(FORTY), wrong)


def test_a_closed_observatory_issues_its_last_bundle_again_with_what_is_said_of_it(tmp_path: Path) -> None:
    log = Writing()
    incident = log.detect(found_incident())
    end = Closing("the money is spent")
    log.add(EntryKind.FINAL, end, signer=MACHINE)
    first = publish(
        store_of(FORTY), request(tmp_path, 40, final=end.reason, log=tuple(log.lines), key=MACHINE)
    )
    before = contents(tmp_path / "bundle")
    log.add(EntryKind.REPLY, Reply(incident.id, ReplySide.OPERATOR, "AS1", "2016-03-01", "Non."), when=LATER)
    again = publish(store_of(votes(60)), request(tmp_path, 60, log=tuple(log.lines), key=MACHINE))
    after = contents(tmp_path / "bundle")
    assert again.changed
    assert {path for path in after if after[path] != before.get(path)} == {
        "manifest.json", "manifest.sig", "chronicle/log.jsonl", f"incidents/{incident.id}.json",
    }  # fmt: skip
    manifest = msgspec.json.decode(after["manifest.json"])
    assert (manifest["previous"], manifest["final"]["reason"]) == (first.digest, end.reason)


def test_it_is_kept_which_revisions_are_out(tmp_path: Path) -> None:
    log = Writing()
    incident = log.detect(found_incident())
    publish(store_of(FORTY), request(tmp_path, 40, log=tuple(log.lines), key=MACHINE))
    assert Memory(tmp_path / "memory", "").kept.revisions == {incident.id: 1}
    log.told(incident)
    publish(store_of(FORTY), request(tmp_path, 40, log=tuple(log.lines), key=MACHINE))
    assert Memory(tmp_path / "memory", "").kept.revisions == {incident.id: 2}


def test_name_and_contact_are_signed_with_the_bundle(tmp_path: Path) -> None:
    publish(store_of(FORTY), request(tmp_path, 40, publisher="O", contact="a@x.example"))
    manifest = msgspec.json.decode((tmp_path / "bundle/manifest.json").read_bytes())
    assert (manifest["publisher"], manifest["contact"]) == ("O", "a@x.example")
    assert (
        publish(store_of(FORTY), request(tmp_path, 40, publisher="O", contact="a@x.example")).changed is False
    )
    assert (
        publish(store_of(FORTY), request(tmp_path, 40, publisher="P", contact="a@x.example")).changed is True
    )


def test_a_bundle_is_of_one_world(tmp_path: Path) -> None:
    both = FORTY + votes(40, instance="lab", operator="Operator A")
    publish(store_of(both), request(tmp_path / "real", 41))
    publish(store_of(both), request(tmp_path / "lab", 41, instance="lab"))
    real, emulated = contents(tmp_path / "real/bundle"), contents(tmp_path / "lab/bundle")
    assert not [path for path, text in real.items() if b"Operator A" in text or "Operator" in path]
    assert not [path for path, text in emulated.items() if b"AS36925" in text]
    for files, synthetic in ((real, False), (emulated, True)):
        documents = [msgspec.json.decode(text) for path, text in files.items() if path.endswith(".json")]
        assert {each["synthetic"] for each in documents} == {synthetic}
        rows = files["tables/cells/2016-01.csv"].decode().splitlines()[1:]
        assert {row.split(",")[0] for row in rows} == {str(synthetic).lower()}
    assert b"EMULATED" in emulated["CITATION.cff"]


@pytest.mark.parametrize(("instance", "stray"), [("", "lab"), ("lab", "")])
def test_a_row_of_another_world_stops_the_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instance: str, stray: str
) -> None:
    """Should the store's own separation ever fail."""
    store = store_of(votes(10, instance=instance))
    publish(store, request(tmp_path, 9, instance=instance))
    whole = contents(tmp_path / "bundle")
    found = releasing.voices_of(store, instance=instance, since=MONDAY, until=MONDAY + 70 * DAY, as_of=2**31)
    series = msgspec.structs.replace(found[0].series, instance=stray)
    strays = [voice._replace(series=series) for voice in found]
    monkeypatch.setattr(releasing, "voices_of", lambda *_, **__: strays)
    with pytest.raises(MixedWorldsError):
        publish(store, request(tmp_path, 11, instance=instance))
    assert contents(tmp_path / "bundle") == whole
