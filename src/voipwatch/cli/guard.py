"""From a command line to an exit status: nothing else reaches the person than lines meant for him.

No traceback: what went wrong, why, what to do, and where to tell us, in his language. `VOIPWATCH_DEBUG=1`
shows the traceback too.
"""

import errno
import io
import os
import secrets
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from cyclopts.exceptions import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from voipwatch import __version__
from voipwatch.cli.commands import COMMANDS, GROUPS, build_app
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, INTERRUPTED, OUR_FAULT, USAGE, Misuse, Stop, Trouble
from voipwatch.cli.language import LANGUAGES, of_environment, take_option, texts
from voipwatch.cli.pages import page, print_page
from voipwatch.cli.values import shown

BROKEN_PIPE: Final = 141
"""128 + SIGPIPE: the reader of our output went away."""
_CANNOT_WRITE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_STYLE: Final = {USAGE: "red", OUR_FAULT: "bold red", INTERRUPTED: "yellow"}


def run(arguments: Sequence[str], context: Context) -> int:
    """Run one command line, its `--lang` already taken out; the exit status. Raises nothing."""
    try:
        status = _dispatch(list(arguments), context)
        context.stdout.flush()
    except BrokenPipeError:
        return BROKEN_PIPE
    except OSError as error:
        full = error.errno in _CANNOT_WRITE
        return _end(Trouble("error.output", reason=shown(error.strerror or "-")) if full else error, context)
    except (Stop, KeyboardInterrupt, Exception) as error:  # noqa: BLE001 -- the last line of defence
        return _end(error, context)
    return status


def _end(error: BaseException, context: Context) -> int:
    with suppress(OSError):  # nobody reads our errors either: the status still counts
        return _ended(error, context)
    return _status(error)


def _status(error: BaseException) -> int:
    if isinstance(error, Stop):
        return error.status
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else OUR_FAULT


def _ended(error: BaseException, context: Context) -> int:
    """Say why the command ended early; the exit status."""
    if isinstance(error, Stop):
        context.say_stop(error, style=_STYLE.get(error.status, _STYLE[USAGE]))
    elif isinstance(error, KeyboardInterrupt):
        context.say("interrupted", style=_STYLE[INTERRUPTED])
    else:
        _fault(error, context)
    return _status(error)


def _dispatch(arguments: list[str], context: Context) -> int:
    if arguments[:1] == ["help"]:  # as in many programs
        arguments = [*arguments[1:], "--help"]
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    command = _command(own)
    if "--help" in own or "-h" in own:
        if unknown := _no_command(own, command):
            raise _unknown_command(unknown, command)
        print_page(context.out, context.texts, page(command))
        return CLEAR
    if own == ["--version"]:
        context.out.print(f"voipwatch {__version__}")
        return CLEAR
    if arguments == command.split() and command not in COMMANDS:
        print_page(context.err, context.texts, page(command))
        return USAGE
    try:
        function, bound, _ = build_app().parse_args(arguments, print_error=False, exit_on_error=False)
    except CycloptsError as error:
        raise _misuse(error, command) from error
    bound.arguments["context"] = context
    status: int = function(*bound.args, **bound.kwargs)
    return status


def _command(arguments: list[str]) -> str:
    """The command, or the group of commands, that the arguments begin with."""
    first = arguments[0] if arguments else ""
    both = " ".join(arguments[:2])
    if both in COMMANDS:
        return both
    return first if first in COMMANDS or first in GROUPS else ""


def _no_command(arguments: list[str], command: str) -> str:
    """The word that stands where a command must and names none; empty where there is no such word."""
    if command in COMMANDS:
        return ""
    after = arguments[len(command.split()) :]
    return after[0] if after and not after[0].startswith("-") else ""


def _unknown_command(word: str, command: str) -> Misuse:
    return Misuse("error.command", value=shown(word), known=", ".join(page(command).commands))


def _misuse(error: CycloptsError, command: str) -> Misuse:
    """The parser's refusal in our words: which piece of the command line, and what to do."""
    help_line = " ".join(["voipwatch", *command.split(), "--help"])
    if isinstance(error, UnknownCommandError) or (command in {"", *GROUPS} and error.unused_tokens):
        return _unknown_command((error.unused_tokens or [""])[0], command)
    if isinstance(error, UnknownOptionError):
        value = error.token.keyword or error.token.value
        return Misuse("error.option", value=shown(value), help=help_line)
    if isinstance(error, UnusedCliTokensError):
        return Misuse("error.surplus", value=shown(" ".join(error.unused_tokens or [])), help=help_line)
    name = _name(error)
    if isinstance(error, MissingArgumentError):
        missing = not error.tokens_so_far and not (error.argument and error.argument.tokens)
        key = "error.missing" if missing and not name.startswith("--") else "error.no_value"
        return Misuse(key, name=name, help=help_line)
    if isinstance(error, CoercionError) and error.target_type is bool:
        return Misuse("error.flag", name=name, help=help_line)
    if isinstance(error, CoercionError):
        value = error.token.value if error.token is not None else ""
        return Misuse("error.number", name=name, value=shown(value, longest=24), help=help_line)
    if isinstance(error, RepeatArgumentError):
        return Misuse("error.repeated", name=name, help=help_line)
    return Misuse("error.other", reason=shown(str(error), longest=200), help=help_line)


def _name(error: CycloptsError) -> str:
    """The option or argument that a refusal is about; a repeated option is known by its token alone."""
    token = getattr(error, "token", None)
    if error.argument is not None:
        return error.argument.name
    return (getattr(token, "keyword", None) or "?") if token is not None else "?"


def _fault(error: BaseException, context: Context) -> None:
    """Our own bug: say so, with what helps to find it and nothing that could hold an address."""
    from voipwatch.cli.redact import Redactor  # noqa: PLC0415 -- brings numpy, and a fault is rare

    if context.environment.get("VOIPWATCH_DEBUG") == "1":
        context.err.print("".join(traceback.format_exception(error)), soft_wrap=True)
    frame = traceback.extract_tb(error.__traceback__)[-1:]
    place = f"{Path(frame[0].filename).name}:{frame[0].lineno}" if frame else "?"
    reason = Redactor(secrets.token_bytes(16)).text(shown(str(error), longest=200))
    context.say("fault.what", style="bold red", kind=type(error).__name__, reason=reason or "-")
    context.say("fault.report", place=place, version=__version__)


def main(arguments: Sequence[str] | None = None) -> int:
    """The program: `sys.argv`, the terminal, this machine. Returns the exit status."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us: what we say goes nowhere
            setattr(sys, name, io.StringIO())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a locale without Arabic letters is no reason to fail
    asked, rest = take_option(sys.argv[1:] if arguments is None else arguments)
    lang = asked if asked in LANGUAGES else of_environment(os.environ)
    context = Context(texts(lang), environment=dict(os.environ))
    if asked is not None and asked not in LANGUAGES:
        context.say("error.lang", style="red", value=shown(asked), known=", ".join(LANGUAGES))
        return USAGE
    status = run(rest, context)
    return _close(status)


def _close(status: int) -> int:
    """Flush what is left; a reader that went away is no error of ours (`voipwatch ... | head`)."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        status = BROKEN_PIPE
    except OSError:
        status = OUR_FAULT
    if status in {BROKEN_PIPE, OUR_FAULT}:
        # Python flushes again at its end and would print a traceback of its own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status
