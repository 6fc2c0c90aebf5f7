"""What a person is told of the reflectors: one was refused, was silent, or could be asked in part."""

from collections.abc import Callable, Sequence
from typing import Final

from voipwatch.cli.conclude import NO_PROFILE_RULE
from voipwatch.cli.context import Context
from voipwatch.cli.language import Texts
from voipwatch.model.results import Check, ReflectorSummary
from voipwatch.model.vocabulary import Failure

NO_ANSWER: Final = frozenset(
    {
        Failure.CONNECT_TIMEOUT,
        Failure.CONNECTION_REFUSED,
        Failure.HOST_UNREACHABLE,
        Failure.NETWORK_UNREACHABLE,
    }
)
"""Failures of the control channel that look alike for a dead reflector and a line that ends early."""
UNTRUSTED: Final = {
    Failure.PIN_MISMATCH.value: "farend.pin_mismatch",
    Failure.TLS_FAILED.value: "farend.tls_failed",
}
"""Failures that a person can do something about -> what."""
OF_CONTROL: Final = frozenset({"control-blocked", "far-log-missing", "log-missing"})
"""Notes that only say what the one sentence about a silent control channel says."""


def unreached(check: Check) -> bool:
    """True when no reflector gave, or had given, a ticket: nothing was measured at all."""
    return bool(check.reflectors) and all(r.control == "failed" for r in check.reflectors)


def silent(check: Check) -> bool:
    """True when kept tickets were tried and nothing came back, neither of the warm-up nor of any app."""
    judged = [row for row in check.results if row.rule != NO_PROFILE_RULE]
    return (
        any(r.control == "stored-ticket" for r in check.reflectors)
        and all(r.control in {"stored-ticket", "failed"} for r in check.reflectors)
        and "warmup-unheard" in check.notes
        and bool(judged)
        and all("ticket-refused" in row.notes or row.rule == "down.line" for row in judged)
    )


def refusals(context: Context, check: Check, hosts: Sequence[str]) -> list[str]:
    """One sentence for each reflector towards which nothing was measured: what happened, why, what to do."""
    return [
        _refusal(context.texts, reflector, _name(check, hosts, number))
        for number, reflector in enumerate(check.reflectors)
        if reflector.control == "failed" or (silent(check) and not _mute(reflector))
    ]


def _mute(reflector: ReflectorSummary) -> bool:
    """Whether the control channel did not answer either: one that answered wrongly is another story."""
    return reflector.failure is None or reflector.failure in NO_ANSWER


def _refusal(texts: Texts, reflector: ReflectorSummary, name: str) -> str:
    failure = reflector.failure or Failure.UNKNOWN.value
    if reflector.control == "stored-ticket":
        return texts("farend.kept_silent", name=name, reason=texts(f"failure.{failure}"))
    if failure in UNTRUSTED:
        return texts(UNTRUSTED[failure], name=name)
    key = "farend.no_answer" if failure in NO_ANSWER else "farend.no_check"
    return texts(key, name=name, reason=texts(f"failure.{failure}"))


def say_far_ends(
    context: Context, check: Check, hosts: Sequence[str], *, say: Callable[[str, str], None]
) -> None:
    """Notes on the whole check, then each reflector that was measured towards. `say` gets text and style."""
    texts = context.texts
    if unreached(check):
        return  # `refusals` says it, as an error
    if silent(check):
        for number, reflector in enumerate(check.reflectors):
            if reflector.control != "failed" and _mute(reflector):
                say(texts("farend.silent", name=_name(check, hosts, number)), "bold yellow")
        return
    kept = any(r.control == "stored-ticket" for r in check.reflectors)
    for note in check.notes:
        if not (kept and note in OF_CONTROL):
            say(texts("check.note", note=note_text(texts, note)), "dim")
    for number, reflector in enumerate(check.reflectors):
        name = _name(check, hosts, number)
        if reflector.control == "failed":
            continue
        reason = None if reflector.failure is None else texts(f"failure.{reflector.failure}")
        if reflector.control == "stored-ticket":
            say(
                texts("farend.kept", name=name, reason=reason or texts("failure.unknown_failure")),
                "bold yellow",
            )
            if reflector.log_signed:
                say(texts("check.log_signed", name=name), "dim")
            continue
        if reason is not None:
            say(texts("check.control", name=name, reason=reason), "bold yellow")
        say(texts(f"check.log_{'signed' if reflector.log_signed else 'unsigned'}", name=name), "dim")


def note_text(texts: Texts, note: str) -> str:
    """A note in words; one that has none stands as it is. It may carry a number: `forged-datagrams:12`."""
    name, _, number = note.partition(":")
    key = f"note.{name}"
    words = texts(key) if texts.has(key) else name
    return f"{words} ({number})" if number else words


def _name(check: Check, hosts: Sequence[str], number: int) -> str:
    return hosts[number] if number < len(hosts) else check.reflectors[number].name
