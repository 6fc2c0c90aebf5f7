"""The site on disk: only what changed is written, a kill leaves the old or the new, others' folders stay."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.site.asked import asked
from tests.site.bundles import altered, claim, with_claims
from voipwatch.site.app import SiteApp
from voipwatch.site.bundle import Bundle, read_bundle
from voipwatch.site.counter.module import Module, current_module, modules, modules_in
from voipwatch.site.folder import LEDGER, NotASiteError, SiteBusyError, Written, current_site, write_site
from voipwatch.site.live import counters_of
from voipwatch.site.memory import read_memory
from voipwatch.site.parts import PARTS
from voipwatch.site.render import Parts, render


def contents(folder: Path) -> dict[str, bytes]:
    real = folder.resolve()
    return {
        path.relative_to(real).as_posix(): path.read_bytes()
        for path in sorted(real.rglob("*"))
        if path.is_file() and path.name != LEDGER
    }


@pytest.fixture
def small(made: Path, tmp_path: Path) -> Path:
    """With one claim instead of forty."""
    return with_claims(made, tmp_path / "small", claim())


@pytest.fixture
def other(small: Path, tmp_path: Path) -> Path:
    """The bundle after it: another claim beside it, one day later."""
    at = {"as_of": "2016-01-19T00:00:00Z", "valid_until": "2016-01-21T00:00:00Z"}
    document = json.loads((small / "claims.json").read_bytes())
    document["claims"].append(claim("test/two", text="They are not."))
    return altered(small, tmp_path / "other", {"claims.json": json.dumps(document).encode()}, **at)


def test_a_site_is_what_was_rendered_and_the_bundle(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    bundle = read_bundle(small)
    done = write_site(out, bundle)
    wanted = dict(render(bundle))
    wanted |= {f"bundle/{path}": content for path, content in contents(small).items()}
    assert contents(out) == wanted
    assert (done.files, done.changed, done.removed) == (len(wanted), True, 0)
    assert done.pages == sum(path.endswith(".html") for path in wanted)
    assert done.bytes == sum(map(len, wanted.values()))


def test_the_same_bundle_writes_nothing(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    first = write_site(out, read_bundle(small))
    before = out.resolve()
    steps: list[str] = []
    again = write_site(out, read_bundle(small), step=steps.append)
    assert again == first._replace(made=0, written=0, changed=False)
    assert (out.resolve(), steps) == (before, [])


def test_another_bundle_writes_what_it_changes(small: Path, other: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    write_site(out, read_bundle(small))
    css = next(out.glob("assets/*.css")).stat().st_ino
    written: list[str] = []
    done = write_site(out, read_bundle(other), step=written.append)
    assert done.changed
    assert next(out.glob("assets/*.css")).stat().st_ino == css  # a link
    assert "en/claims/test/two/index.html" in written
    assert not [path for path in written if path.startswith("assets/")]
    assert contents(out) == dict(render(read_bundle(other))) | {
        f"bundle/{path}": content for path, content in contents(other).items()
    }
    back = write_site(out, read_bundle(small))
    assert back.removed == 3
    assert not (out / "en/claims/test/two").exists()
    assert len(list(tmp_path.glob(".site-*"))) == 2  # this one, and the one before


@pytest.fixture
def upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], Module]]:
    """Installs a release whose element is another one."""
    assets = tmp_path / "assets"

    def installed(element: bytes) -> Module:
        assets.mkdir(exist_ok=True)
        (assets / "element.js").write_bytes(element)
        monkeypatch.setattr("voipwatch.site.counter.module._assets", lambda: assets)
        current_module.cache_clear()
        modules.cache_clear()
        return current_module()

    yield installed
    current_module.cache_clear()
    modules.cache_clear()


def test_an_address_of_a_module_gives_the_same_after_an_upgrade(
    small: Path, other: Path, tmp_path: Path, upgrade: Callable[[bytes], Module]
) -> None:
    """Pages that pin the digest of a former release are shown its very bytes, upgrade after upgrade."""
    out = tmp_path / "site"
    first = current_module()
    write_site(out, read_bundle(small), parts=PARTS)
    second = upgrade(b"export const release = 2;\n")
    done = write_site(out, read_bundle(small), parts=PARTS)
    assert done.changed
    third = upgrade(b"export const release = 3;\n")
    (out / LEDGER).write_bytes(b"{")
    write_site(out, read_bundle(other), parts=PARTS)
    assert {each.name for each in modules_in(out)} == {first.name, second.name, third.name}
    assert write_site(out, read_bundle(other), parts=PARTS).changed is False
    app = SiteApp(read_memory(out), out, live=lambda memory: counters_of(memory.folder, ""))
    for each in (first, second, third):
        answer = asyncio.run(asked(app, f"/{each.name}"))
        assert (answer.status, answer.body) == (200, each.body)
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["content-type"].startswith("text/javascript")
    assert asyncio.run(asked(app, "/counter-0000000000000000.js")).status == 404


def test_a_module_that_somebody_changed_does_not_stay(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    write_site(out, read_bundle(small), parts=PARTS)
    planted = out / "counter-0123456789abcdef.js"
    planted.write_bytes(b"alert(1)")
    (out / LEDGER).write_bytes(b"{")
    write_site(out, read_bundle(small), parts=PARTS)
    assert not planted.exists()


def test_a_kill_at_any_step_leaves_the_old_or_the_new(small: Path, other: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    bundle = read_bundle(other)
    write_site(out, read_bundle(small))
    old = contents(out)
    steps: list[str] = []
    write_site(tmp_path / "count", read_bundle(small))
    write_site(tmp_path / "count", bundle, step=steps.append)
    new = contents(tmp_path / "count")
    named = ["sync", "rename", "link", "clean"]
    paths = [name for name in steps if name not in named]
    for stop in [*paths[:: max(1, len(paths) // 6)], *named]:

        def step(name: str, stop: str = stop) -> None:
            if name == stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_site(out, bundle, step=step)
        assert contents(out) == (new if stop == "clean" else old), stop
    assert write_site(out, bundle).changed is False
    assert contents(out) == new


def test_two_at_once_do_not_mix(small: Path, other: Path, tmp_path: Path) -> None:
    """The second is told so and touches nothing; the first is whole."""
    out = tmp_path / "site"
    met: list[str] = []

    def meanwhile(name: str) -> None:
        if not met:
            with pytest.raises(SiteBusyError):
                write_site(out, read_bundle(other))
            met.append(name)

    write_site(out, read_bundle(small), step=meanwhile)
    assert met
    alone = tmp_path / "alone"
    write_site(alone, read_bundle(small))
    assert contents(out) == contents(alone)


def test_what_it_has_not_made_stays(small: Path, tmp_path: Path) -> None:
    bundle = read_bundle(small)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("x", "utf-8")
    with pytest.raises(NotASiteError):
        write_site(mine, bundle)
    link = tmp_path / "link"
    link.symlink_to(mine)
    with pytest.raises(NotASiteError):
        write_site(link, bundle)
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    assert current_site(tmp_path / "nowhere") is None
    empty = tmp_path / "empty"
    empty.mkdir()
    assert write_site(empty, bundle).changed


def test_a_ledger_that_cannot_be_read_makes_all_anew(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    first = write_site(out, read_bundle(small))
    (out / LEDGER).write_bytes(b"{")
    assert write_site(out, read_bundle(small)).made == first.made


def test_a_file_that_is_gone_is_made_again(small: Path, other: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    write_site(out, read_bundle(small))
    css = next(out.glob("assets/*.css"))
    css.unlink()
    write_site(out, read_bundle(other))
    assert css.name in {path.name for path in out.glob("assets/*.css")}


def test_progress_and_parts(small: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    parts = Parts(files=(lambda site: iter([("feeds/en.atom", b"<feed/>")]),))
    done: Written = write_site(
        tmp_path / "site", read_bundle(small), parts=parts, progress=lambda n, of: told.append((n, of))
    )
    assert (tmp_path / "site/feeds/en.atom").read_bytes() == b"<feed/>"
    assert told[0][0] == 0
    assert {of for _, of in told} == {len(told)}
    assert done.files > len(told)  # the bundle's own beside them


def test_another_disk_gets_copies(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: Bundle
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    out = tmp_path / "site"
    write_site(out, read_bundle(small))
    assert (out / "bundle/states.json").read_bytes() == (small / "states.json").read_bytes()
    assert (out / "bundle/states.json").stat().st_nlink == 1
