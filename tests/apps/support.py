"""A small profile to change, and contexts to build with."""

from typing import Any

from voipwatch.apps import BuildContext, Message, Profile, ProfileError, load_profile_file
from voipwatch.apps.codecs.use import MessageSpec, Timing, Use
from voipwatch.apps.message_tables import read_message
from voipwatch.apps.schema import Findings, Problem, Table
from voipwatch.model.vocabulary import Direction

SECRET = bytes(range(100, 132))
TOKEN = bytes(range(200, 256))
UP = Use(Direction.UP)
REPLY = Use(Direction.DOWN, reply=True)
AUDIO_US = (20_000,)

SMALL = """\
id = "whatsapp"
name = "Small"
version = "2026.1"
default_dialect = "one"
call_names = ["WhatsAppCall"]
not_testable = ["account"]
messaging = ["tcp-5222"]
fallbacks = ["tls-443"]

[[dialects]]
id = "one"
name = "the only one"

[[legs]]
id = "relay"
name = "relay"
role = "relay"
port = 3478

[[legs.rounds]]
stage = "setup"
request = "hello"
replies = ["welcome"]
copies = 2
retry_ms = [500, 1500]

[legs.voice]
short_s = 1.0

[[legs.voice.streams]]
name = "audio"
message = "sound"
clock_hz = 16000
rhythms = [{ spacing_ms = [20], sizes = [60, 70, 80] }]

[messages.hello]
codec = "stun"
type = 0x0003
attributes = [{ type = 0x4000, constant = 20 }]

[messages.welcome]
codec = "stun"
type = 0x0103
attributes = [{ xor_mapped = true }, { integrity = true }]

[messages.sound]
codec = "rtp"
payload_type = 120

[[provenance]]
facts = "all of it"
status = "synthetic"
source = "made for a test"
"""


def load(text: str) -> Profile:
    return load_profile_file("small.toml", text.encode())


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with a profile; empty if nothing is."""
    try:
        load(text)
    except ProfileError as error:
        return error.problems or (Problem("", None, "", "an error without a problem"),)
    return ()


def changed(old: str, new: str) -> str:
    """The small profile with one passage changed."""
    assert SMALL.count(old) == 1, f"{old!r} is there {SMALL.count(old)} times"
    return SMALL.replace(old, new)


def spec(name: str = "message", **data: Any) -> MessageSpec:
    """A message from its table."""
    findings = Findings("test", {})
    found = read_message(name, Table(data, f"messages.{name}", findings))
    assert not findings.problems, findings.problems
    return found


def no_other(name: str) -> MessageSpec:
    raise AssertionError(f"asked for message {name}")


def media_use(direction: Direction, gaps_us: tuple[int, ...] = AUDIO_US, clock_hz: int = 8000) -> Use:
    return Use(direction, timing=Timing(gaps_us, clock_hz), stream="audio")


def context(message: Message, size: int | None = None, **more: Any) -> BuildContext:
    """A context with a token that fits."""
    size = message.size if size is None else size
    ctx = BuildContext(SECRET, bytes(16), TOKEN[: message.room(size)], size)
    for name, value in more.items():
        setattr(ctx, name, value)
    return ctx
