"""The installable zip: the same bytes from the same files, and nothing but the plugin."""

import importlib.util
import io
import os
import shutil
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.environment import REPOSITORY
from tests.wordpress.sites import PLUGIN


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wordpress_zip", REPOSITORY / "scripts/wordpress_zip.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_another_checkout_gives_the_same_bytes(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = script.zip_bytes()
    copy = tmp_path / "voipwatch-counter"
    shutil.copytree(PLUGIN, copy)
    for path in copy.rglob("*"):
        path.chmod(0o700)
        os.utime(path, (1, 1))
    (copy / ".editor.swp").write_bytes(b"x")
    monkeypatch.setattr(script, "PLUGIN", copy)
    assert script.zip_bytes() == here
    (copy / "readme.txt").write_bytes(b"x")
    assert script.zip_bytes() != here


def test_it_holds_the_plugin_and_nothing_else(script: ModuleType) -> None:
    with zipfile.ZipFile(io.BytesIO(script.zip_bytes())) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        for name in names:
            assert archive.read(name) == (PLUGIN.parent / name).read_bytes()
    assert len(names) == len(set(names))
    assert set(names) == {
        path.relative_to(PLUGIN.parent).as_posix() for path in PLUGIN.rglob("*") if path.is_file()
    }
    assert names == sorted(names)


def test_it_is_named_by_the_version(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main([str(tmp_path / "new")]) == 0
    path = tmp_path / "new/voipwatch-counter-0.1.0.zip"
    assert capsys.readouterr().out == f"{path}\n"
    assert path.read_bytes() == script.zip_bytes()
    assert script.main([]) == 64
