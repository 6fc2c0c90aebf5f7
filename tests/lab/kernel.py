"""Drives `ends` in a `KernelNet` and gives back what each end saw."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from voipwatch.lab.line import LineCondition
from voipwatch.lab.netns import KernelNet
from voipwatch.lab.worlds import World, load_worlds

ENDS = str(Path(__file__).with_name("ends.py"))
Send = tuple[int, int, bytes]
"""Flow, port, payload."""


class Seen(msgspec.Struct, frozen=True):
    far: list[bytes]
    """Payloads that arrived, port by port."""
    near: list[bytes]
    errors: list[int]
    """Indices of sends to which an ICMP error came."""


def world(policy: Mapping[str, object], line: LineCondition | None = None) -> World:
    """A world of a policy alone, on a cable without delay."""
    return msgspec.structs.replace(
        load_worlds().get("clean"), policy=dict(policy), line=LineCondition() if line is None else line
    )


def exchange(
    net: KernelNet,
    sends: Sequence[Send],
    *,
    answers: Mapping[bytes, bytes] | None = None,
    version: int = 4,
    pause_ms: float | Sequence[float] = 2.0,
    wait_s: float = 0.25,
    paced: bool = False,
) -> Seen:
    """Sends from the line, each after an answer to the one before or `pause_ms` (one for all, or one each),
    `paced` after the pause alone; the far end answers as told, else echoes.
    """
    pauses_ms = [pause_ms] * len(sends) if isinstance(pause_ms, int | float) else pause_ms
    ports = sorted({port for _, port, _ in sends})
    told = {question.hex(): answer.hex() for question, answer in (answers or {}).items()}
    far = net.popen_far(
        [sys.executable, ENDS, "far"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert far.stdin is not None
    assert far.stdout is not None
    far.stdin.write(json.dumps({"ports": ports, "answers": told}) + "\n")
    far.stdin.flush()
    assert far.stdout.readline().strip() == "ready"
    order = {
        "address": net.far_address if version == 4 else net.far_address6,
        "sends": [
            [flow, port, payload.hex(), pause]
            for (flow, port, payload), pause in zip(sends, pauses_ms, strict=True)
        ],
        "wait_s": wait_s,
        "paced": paced,
    }
    near: Any = net.run_near(
        [sys.executable, ENDS, "near"],
        input=json.dumps(order) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    far.stdin.close()
    got = json.loads(far.stdout.readline())
    far.wait()
    said = json.loads(near.stdout)
    return Seen(
        [bytes.fromhex(text) for texts in got.values() for text in texts],
        [bytes.fromhex(text) for _, text in said["received"]],
        said["errors"],
    )
