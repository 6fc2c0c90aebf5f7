"""The import contracts of pyproject.toml hold, name every package, and would catch a violation of each."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import REPOSITORY

PURE = (
    "wire",
    "model",
    "apps",
    "stats",
    "experiment",
    "inference",
    "chronicle",
    "lab.policy",
    "reflector.core",
)
BLIND = ("probe", "reflector", "lab")
JUDGES = ("store", "inference", "chronicle")


def settings() -> dict[str, Any]:
    tool = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    assert isinstance(tool, dict)
    return tool


def contract(identifier: str) -> dict[str, Any]:
    return next(each for each in settings()["contracts"] if each["id"] == identifier)


def lint(folder: Path, config: Path) -> tuple[int, dict[str, str]]:
    """Lint the packages in `folder`: the exit status, and KEPT or BROKEN for each contract's id."""
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--config",
            str(config),
            "--no-cache",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"},
    )
    names = {each["name"]: each["id"] for each in settings()["contracts"]}
    found = re.findall(r"^(.+?) (KEPT|BROKEN)$", ran.stdout, re.MULTILINE)
    assert {name for name, _ in found} == set(names), ran.stdout + ran.stderr
    return ran.returncode, {names[name]: state for name, state in found}


def exists(name: str) -> bool:
    path = REPOSITORY.joinpath("src", "voipwatch", *name.split("."))
    return (path / "__init__.py").is_file() or path.with_suffix(".py").is_file()


def test_the_contracts_hold() -> None:
    status, states = lint(REPOSITORY / "src", REPOSITORY / "pyproject.toml")
    assert set(states.values()) == {"KEPT"}
    assert status == 0


@pytest.mark.parametrize("name", PURE)
def test_a_pure_package_is_named_as_soon_as_it_is_there(name: str) -> None:
    # A wildcard stands for a package that is still to come: the linter refuses the exact name until then,
    # and the wildcard alone would miss the package's own file.
    sources = contract("pure")["source_modules"]
    assert f"voipwatch.{name}" in sources if exists(name) else f"voipwatch.{name}.**" in sources


@pytest.mark.parametrize("name", BLIND + JUDGES)
def test_a_blind_package_and_a_judge_are_named_as_soon_as_they_are_there(name: str) -> None:
    listed = contract("blindness")["source_modules" if name in BLIND else "forbidden_modules"]
    assert f"voipwatch.{name}" in listed if exists(name) else f"voipwatch.{name}.**" in listed


# file that gains a line, the line, the contract that breaks
VIOLATIONS = [
    ("wire/x.py", "import voipwatch.experiment.x", "rows"),
    ("model/x.py", "import voipwatch.wire.x", "rows"),
    ("stats/x.py", "import voipwatch.apps.x", "rows"),
    ("inference/x.py", "import voipwatch.experiment.x", "rows"),
    ("probe/x.py", "import voipwatch.reflector.core", "rows"),
    ("probe/x.py", "import voipwatch.cli.x", "rows"),
    ("stray.py", "", "rows"),
    ("wire/x.py", "import time", "pure"),
    ("experiment/x.py", "from socket import socket", "pure"),
    ("lab/policy.py", "import random", "pure"),
    ("reflector/core.py", "import secrets", "pure"),
    ("inference/__init__.py", "import logging", "pure"),
    ("lab/x.py", "import voipwatch.inference.x", "blindness"),
    ("experiment/questions/one.py", "import voipwatch.experiment.questions.two", "experiments"),
]


@pytest.fixture
def small_world(tmp_path: Path) -> Path:
    """A package of the same shape as voipwatch, in which all contracts hold."""
    files = [
        f"{name}/x.py" for name in ("cli", "probe", "lab", "reflector", *JUDGES, *PURE) if "." not in name
    ]
    files += [
        "lab/policy.py",
        "reflector/core.py",
        "experiment/questions/one.py",
        "experiment/questions/two.py",
    ]
    # Names that the contracts spell out must be there, or the linter refuses to start.
    for each in settings()["contracts"]:
        for module in [*each.get("source_modules", ()), *each.get("forbidden_modules", ())]:
            if module.startswith("voipwatch.") and "*" not in module:
                inside = module.removeprefix("voipwatch.").replace(".", "/")
                if f"{inside}.py" not in files:
                    files.append(f"{inside}/x.py")
    for name in files:
        file = tmp_path / "voipwatch" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    for folder in [path for path in tmp_path.rglob("*") if path.is_dir()]:
        (folder / "__init__.py").touch()
    return tmp_path


def test_the_small_world_is_innocent(small_world: Path) -> None:
    status, states = lint(small_world, REPOSITORY / "pyproject.toml")
    assert (status, set(states.values())) == (0, {"KEPT"})


@pytest.mark.parametrize(("file", "line", "broken"), VIOLATIONS)
def test_a_violation_breaks_its_contract(small_world: Path, file: str, line: str, broken: str) -> None:
    (small_world / "voipwatch" / file).write_text(line + "\n", "utf-8")
    status, states = lint(small_world, REPOSITORY / "pyproject.toml")
    assert status != 0
    assert states[broken] == "BROKEN"
