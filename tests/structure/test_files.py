"""Every source file has its test file, and no file names a registry host or one machine's folders."""

import ast
import re
import subprocess
from pathlib import Path

from tests.support.environment import REPOSITORY

SOURCE = REPOSITORY / "src/voipwatch"

# Source files that no test file of their own covers, each with the reason. A file without a function or a
# method has nothing to run and needs no line here.
# A name that ends in a slash stands for a whole folder.
COVERED_ELSEWHERE: dict[str, str] = {
    "lab/policy/dice.py": "its draws are asserted in tests/lab/policy/test_state.py",
    "lab/policy/dtls.py": "rules without memory share one table: tests/lab/policy/test_stateless.py",
    "lab/policy/packet.py": "the frame of every rule, asserted with them",
    "lab/policy/ports.py": "in tests/lab/policy/test_stateless.py",
    "lab/policy/rtp.py": "in tests/lab/policy/test_stateless.py",
    "lab/policy/signature.py": "tests/lab/policy/test_stateless.py; against nftables: tests/lab/test_nft.py",
    "lab/policy/stun.py": "in tests/lab/policy/test_stateless.py",
    "lab/portal.py": "tests/lab/test_simnet.py",
    "lab/portal_server.py": "a program of the kernel network: tests/lab/test_netns.py",
    "lab/relay.py": "a program of the kernel network: tests/lab/test_netns.py",
    "lab/simbench.py": "a benchmark; its function runs in tests/lab/test_simnet.py",
    "lab/simtcp.py": "tests/lab/test_simnet.py",
    "probe/look.py": "tests/probe/test_provider.py",
    "store/civic/migrations/": "Alembic runs them: tests/store/civic/test_migrate.py",
    "lab/support.py": "says what this machine can: tests/lab/test_netns.py",
}


def excused(source: Path) -> bool:
    """Whether `source`, or a folder that holds it, is listed above."""
    names = {source.as_posix(), *(f"{folder.as_posix()}/" for folder in source.parents)}
    return bool(names & COVERED_ELSEWHERE.keys())


def runs_something(text: str) -> bool:
    """Whether a source file defines a function or a method, and so has behaviour of its own."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(ast.parse(text))
    )


def places_of_test(source: Path) -> list[Path]:
    """Where the test file of `source` (relative to the package) may lie: in the same folder, or above."""
    name = f"test_{source.stem.lstrip('_')}.py"
    folder = Path("tests") / source.parent
    flat = (
        Path("tests")
        / source.parts[0]
        / f"test_{'_'.join([*source.parts[1:-1], source.stem.lstrip('_')])}.py"
    )
    return [folder / name, flat]


def tracked() -> list[Path]:
    """The text files that are, or are about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [REPOSITORY / name for name in listed.split("\0") if name and (REPOSITORY / name).is_file()]


# Written in halves, so that this file does not find itself.
REGISTRY = re.compile(
    "|".join(
        re.escape(left + right)
        for left, right in [
            ("py", "pi.org"),
            ("python", "hosted.org"),
            ("npm", "js.org"),
            ("npm", "js.com"),
            ("crates", ".io"),
            ("proxy.", "golang.org"),
            ("repo.maven.", "apache.org"),
            ("deb.", "debian.org"),
            ("archive.", "ubuntu.com"),
        ]
    )
)


def paths_of_one_machine(checkout: Path) -> re.Pattern[str]:
    """Paths that begin in somebody's home, or where this repository happens to be checked out."""
    folder = checkout.parent if len(checkout.parts) > 2 else checkout
    homes = "home|root|Users"
    return re.compile(rf"(?<![\w.}}/-])(?:/(?:{homes})|{re.escape(str(folder))})/[\w.]")


ONE_MACHINE = paths_of_one_machine(REPOSITORY)


def findings(text: str, one_machine: re.Pattern[str] = ONE_MACHINE) -> list[str]:
    """The registry hosts and machine-bound paths that `text` names."""
    return [match.group(0) for pattern in (REGISTRY, one_machine) for match in pattern.finditer(text)]


def test_every_source_file_has_its_test_file() -> None:
    missing = []
    for path in sorted(SOURCE.rglob("*.py")):
        source = path.relative_to(SOURCE)
        if path.name == "__init__.py" or excused(source):
            continue
        if runs_something(path.read_text("utf-8")) and not any(
            (REPOSITORY / file).is_file() for file in places_of_test(source)
        ):
            missing.append(f"{source}: no {places_of_test(source)[0]}")
    assert missing == []


def test_no_excuse_outlives_its_file() -> None:
    stale = [
        name
        for name in COVERED_ELSEWHERE
        if not (SOURCE / name).exists()
        or (
            not name.endswith("/")
            and any((REPOSITORY / file).is_file() for file in places_of_test(Path(name)))
        )
    ]
    assert stale == []


def test_a_file_of_declarations_runs_nothing() -> None:
    assert not runs_something('"""Nouns."""\nclass A:\n    x: int\nLIMIT = 3\n')
    assert runs_something("class A:\n    def f(self) -> int:\n        return 1\n")


def test_where_a_test_file_may_lie() -> None:
    assert places_of_test(Path("wire/_cursor.py"))[0] == Path("tests/wire/test_cursor.py")
    assert places_of_test(Path("reflector/core/gate.py")) == [
        Path("tests/reflector/core/test_gate.py"),
        Path("tests/reflector/test_core_gate.py"),
    ]


def test_no_file_names_a_registry_host_or_one_machines_folders() -> None:
    found = {}
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a capture or a picture
        if hits := findings(text):
            found[str(path.relative_to(REPOSITORY))] = hits
    assert found == {}


def test_the_search_finds_what_it_is_for() -> None:
    assert findings("see https" + "://py" + "pi.org/simple") == ["py" + "pi.org"]
    assert findings("cd /" + "home/someone") == ["/" + "home/s"]
    assert findings(f"see {REPOSITORY}/README.md") != []
    assert findings("a homework/page, ./root/x, a/home/y, 10/home, /homework") == []


def test_where_it_is_checked_out_is_not_named() -> None:
    beside = paths_of_one_machine(Path("/builds/voipwatch"))
    assert findings("cd /builds/another", beside) == ["/builds/a"]
    assert findings("cd out/builds/another, /buildsx/a", beside) == []
    at_root = paths_of_one_machine(Path("/voipwatch"))
    assert findings("cd /voipwatch/src", at_root) == ["/voipwatch/s"]
    assert findings("cd /builds/another", at_root) == []
