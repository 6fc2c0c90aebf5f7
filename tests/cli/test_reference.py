import subprocess
import sys
from pathlib import Path

from voipwatch.cli.language import texts
from voipwatch.cli.pages import all_pages
from voipwatch.cli.reference import NAME, reference


def test_the_reference_is_current(repository: Path) -> None:
    written = (repository / NAME).read_text(encoding="utf-8")
    assert written == reference(texts("en")), f"python -m voipwatch.cli.reference > {NAME}"


def test_it_has_every_command_and_option() -> None:
    text = reference(texts("en"))
    for shown in all_pages():
        assert f"## `{' '.join(['voipwatch', *shown.command.split()])}`\n" in text
        for option in shown.options:
            assert f"| `{option.label.replace('|', chr(92) + '|')}` |" in text


def test_it_is_written_by_the_line_that_it_names() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "voipwatch.cli.reference"], capture_output=True, check=True, timeout=60
    )
    assert done.stdout.decode() == reference(texts("en"))
