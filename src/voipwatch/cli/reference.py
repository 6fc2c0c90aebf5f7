"""docs/cli.md, the whole command line: `python -m voipwatch.cli.reference > docs/cli.md` writes it."""

import sys

from voipwatch.cli.language import Texts, texts
from voipwatch.cli.pages import Page, all_pages, page

NAME = "docs/cli.md"
WIDTH = 100
"""Of usage lines."""


def reference(words: Texts) -> str:
    """Every command and option, with an example each."""
    lines = [words.raw("reference.head"), ""]
    for shown in all_pages():
        lines += _section(shown, words)
    return "\n".join(lines).rstrip() + "\n"


def _section(shown: Page, words: Texts) -> list[str]:
    lines = [f"## `{' '.join(['voipwatch', *shown.command.split()])}`", "", shown.summary(words), ""]
    if about := shown.about(words):
        lines += [about, ""]
    lines += ["```", *shown.usage_lines(WIDTH), "```", ""]
    if shown.commands:
        lines += [f"- `voipwatch {name}`: {page(name).summary(words)}" for name in shown.commands]
        lines.append("")
    lines += ["| option | meaning |", "|---|---|"]
    for option in shown.options:
        label = option.label.replace("|", "\\|")
        lines.append(f"| `{label}` | {shown.option_text(words, option)} |")
    return [*lines, "", words("help.example"), "", "```", *shown.example(words), "```", ""]


if __name__ == "__main__":
    sys.stdout.write(reference(texts("en")))
