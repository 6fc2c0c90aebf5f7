"""A collector's worker with faults that are asked for by a word in a body: `judges.MODULE` of some tests."""

import os
import sys

import pytest

from voipwatch.collector import intake, worker

DEADLY = b'"deadly"'
FAULTY = b'"faulty"'
_check_redaction = intake._check_redaction


def check_redaction(body: bytes) -> None:
    """As the real one, but for two words."""
    if DEADLY in body:
        os._exit(9)
    if FAULTY in body:
        raise KeyError("a fault of ours")
    _check_redaction(body)


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "_check_redaction", check_redaction)
        worker.work(sys.stdin.buffer, sys.stdout.buffer)
