"""The site at the end of the demo: rendered where it is wanted, served only before a terminal."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.doubles import Stream
from voipwatch.cli import demo_site as room
from voipwatch.cli.context import Context
from voipwatch.cli.language import texts

DONE = {
    "changed": True, "folder": "/x/site", "pages": 3, "files": 9, "bytes": 10, "written": 9, "removed": 0,
    "seconds": 0.5,
}  # fmt: skip


def context(*, terminal: bool) -> tuple[Context, Stream]:
    out = Stream(terminal=terminal)
    others = Stream(terminal=terminal)
    return Context(texts("en"), stdin=others, stdout=out, stderr=others, width=200), out


def test_it_is_rendered_where_both_folders_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Path, Path]] = []

    def render(_context: Context, bundle: Path, site: Path) -> dict[str, Any]:
        asked.append((bundle, site))
        return DONE

    monkeypatch.setattr(room, "render_site", render)
    shown, out = context(terminal=False)
    assert room.demo_site(shown, Path("b"), None, told=True) is None
    assert room.demo_site(shown, None, Path("s"), told=True) is None
    assert (asked, out.getvalue()) == ([], "")
    assert room.demo_site(shown, Path("b"), Path("s"), told=True) == DONE
    assert asked == [(Path("b"), Path("s"))]
    assert "3" in out.getvalue()


def test_it_is_served_before_a_terminal_alone_on_a_port_that_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    served: list[tuple[Path, int]] = []

    def serve(folder: Path, port: int, *, ready: Callable[[int], Any]) -> int:
        served.append((folder, port))
        ready(port or 4321)
        return 0

    monkeypatch.setattr("voipwatch.site.serving.serve_site", serve)
    shown, out = context(terminal=False)
    room.show_demo_site(shown, tmp_path)
    shown, out = context(terminal=True)
    room.show_demo_site(shown, None)
    assert (served, out.getvalue()) == ([], "")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(room, "PORT", taken.getsockname()[1])
        room.show_demo_site(shown, tmp_path)
    assert served == [(tmp_path, 0)], "its own port is another program's"
    assert "http://127.0.0.1:4321/" in out.getvalue()
