"""What a person types: `voipwatch COMMAND`. It composes the rest, and hands out the judge.

`guard` runs a command line, `commands` lists them, `pages` makes the help, `context` is what they touch.
"""

from voipwatch.cli.guard import main

__all__ = ["main"]
