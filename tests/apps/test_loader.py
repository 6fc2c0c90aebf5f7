"""Wrong profiles: each gets problems that name file, line and field, and nothing else is ever raised."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.apps.support import SMALL, changed, load, problems
from tests.experiment.support import RELAY_THEN_PEER
from tests.support.environment import REPOSITORY
from voipwatch.apps import ProfileError, load_profile_file, load_profiles
from voipwatch.apps.loader import FILE_BYTES_MAX
from voipwatch.model.vocabulary import APP_IDS

LINES = SMALL.split("\n")


def line(text: str, number: int = 1) -> int:
    """The line of the `number`-th line that starts with `text`."""
    return [index for index, found in enumerate(LINES, start=1) if found.startswith(text)][number - 1]


def test_the_small_profile_is_right() -> None:
    profile = load(SMALL)
    assert profile.id == "whatsapp"
    assert [leg.id for leg in profile.legs] == ["relay"]
    assert profile.legs[0].dialects == ("one",)
    assert profile.legs[0].call_names == ("WhatsAppCall",)
    assert [(path.name, path.transport, path.port) for path in profile.messaging] == [
        ("tcp-5222", "tcp", 5222)
    ]


def test_the_digest_is_of_the_content_not_of_its_layout() -> None:
    first = load(SMALL).digest
    assert len(first) == 64
    assert load("# a comment\n" + SMALL.replace("[[legs]]", "\n\n[[legs]]")).digest == first
    assert load(changed('role = "relay"\nport = 3478', 'port = 3478\nrole = "relay"')).digest == first
    assert load(changed("port = 3478", "port = 3479")).digest != first
    assert load(changed("made for a test", "made for another")).digest != first


ROUND = "legs[0].rounds[0]"
STREAM = "legs[0].voice.streams[0]"
CASES = [
    ("port = 3478", "port = 70000", "port", "legs[0].port", "whole number from 1 to 65535"),
    ("port = 3478", "", "[[legs]]", "legs[0].port", "missing"),
    ("port = 3478", "port = 3478\nprot = 1", "port", "legs[0].prot", "unknown key"),
    ('id = "whatsapp"', 'id = "watsapp"', 'id = "whatsapp"', "id", "'watsapp' is not one of whatsapp"),
    ('version = "2026.1"', "version = 2026.1", "version", "version", "must be text"),
    ('version = "2026.1"', 'version = "one"', "version", "version", "not of the form"),
    (
        'default_dialect = "one"',
        'default_dialect = "two"',
        "default_dialect",
        "default_dialect",
        "'two' is not one of one",
    ),
    (
        'request = "hello"',
        'request = "helo"',
        "request",
        ROUND + ".request",
        "no message is called 'helo'",
    ),
    (
        'replies = ["welcome"]',
        'replies = ["wilkommen"]',
        "replies",
        ROUND + ".replies[0]",
        "no message",
    ),
    ('replies = ["welcome"]', "replies = []", "replies", ROUND + ".replies", "1 to 4 replies"),
    ('stage = "setup"', 'stage = "voice"', "stage", ROUND + ".stage", "not one of setup, handshake"),
    ("copies = 2", "copies = 9", "copies", ROUND + ".copies", "from 1 to 4"),
    (
        "retry_ms = [500, 1500]",
        "retry_ms = [1500, 500]",
        "retry_ms",
        ROUND + ".retry_ms",
        "must ascend",
    ),
    (
        "retry_ms = [500, 1500]",
        "retry_ms = [100, 200, 300, 400, 500, 600, 700, 800]",
        "retry_ms",
        ROUND + ".retry_ms",
        "18 tries, at most 16",
    ),
    ("short_s = 1.0", "short_s = nan", "short_s", "legs[0].voice.short_s", "number from 0.2 to 10.0"),
    (
        'message = "sound"',
        'message = "hello"',
        "message",
        STREAM + ".message",
        "media cannot use it",
    ),
    (
        "sizes = [60, 70, 80]",
        "sizes = [60, 27, 80]",
        "rhythms",
        STREAM + ".rhythms[0].sizes[1]",
        "cannot be built",
    ),
    (
        "sizes = [60, 70, 80]",
        "sizes = [1500]",
        "rhythms",
        STREAM + ".rhythms[0].sizes[0]",
        "from 17 to 1400",
    ),
    (
        "sizes = [60, 70, 80]",
        "sizes = []",
        "rhythms",
        STREAM + ".rhythms[0].sizes",
        "must not be empty",
    ),
    (
        "spacing_ms = [20]",
        "spacing_ms = [0]",
        "rhythms",
        STREAM + ".rhythms[0].spacing_ms",
        "5 ms or more",
    ),
    (
        "spacing_ms = [20]",
        "spacing_ms = [0, 0, 5]",
        "rhythms",
        STREAM + ".rhythms[0].spacing_ms",
        "600 packets",
    ),
    (
        "clock_hz = 16000",
        "clock_hz = 16000.5",
        "clock_hz",
        STREAM + ".clock_hz",
        "whole number",
    ),
    (
        "{ type = 0x4000, constant = 20 }",
        '{ type = 0x4000, constant = 20, hex = "00" }',
        "attributes",
        "messages.hello.attributes[0]",
        "exactly one of",
    ),
    (
        "{ type = 0x4000, constant = 20 }",
        "{ typ = 0x4000, constant = 20 }",
        "attributes",
        "messages.hello.attributes[0].type",
        "missing",
    ),
    (
        "type = 0x0003\n",
        "type = 0x0003\nsize = 45\n",
        "[[legs.rounds]]",
        ROUND,
        "size says 45 bytes, the attributes make 44",
    ),
    (
        "payload_type = 120",
        "payload_type = 72",
        "payload_type",
        "messages.sound.payload_type",
        "reads as RTCP",
    ),
    (
        "payload_type = 120",
        'payload_type = 120\nmarker = "often"',
        "payload_type",
        "messages.sound.marker",
        "'often' is not one of",
    ),
    (
        'codec = "rtp"',
        'codec = "mp3"',
        'codec = "rtp"',
        "messages.sound.codec",
        "'mp3' is not one of parts, stun",
    ),
    (
        'status = "synthetic"',
        'status = "guessed"',
        "status",
        "provenance[0].status",
        "not one of seen, reported",
    ),
    (
        'not_testable = ["account"]',
        'not_testable = ["weather"]',
        "not_testable",
        "not_testable[0]",
        "'weather' is not one of",
    ),
    ('messaging = ["tcp-5222"]', 'messaging = ["udp-5222"]', "messaging", "messaging[0]", "not of the form"),
    ('fallbacks = ["tls-443"]', 'fallbacks = ["tls-99999"]', "fallbacks", "fallbacks[0]", "99999 is no port"),
    ('role = "relay"', 'role = "relay"\nrun = false', "[[legs]]", "legs", "at least one leg is run"),
    (
        'role = "relay"',
        'role = "relay"\ndialects = ["two"]',
        "role",
        "legs[0].dialects[0]",
        "'two' is not one of one",
    ),
    (
        'role = "relay"',
        'role = "relay"\ntransport = "tcp"',
        "role",
        "legs[0].transport",
        "'tcp' is not one of udp",
    ),
    (
        'role = "relay"',
        'role = "relay"\ncall_names = ["Zoom"]',
        "role",
        "legs[0].call_names[0]",
        "'Zoom' is not one of",
    ),
    (
        'name = "the only one"',
        'name = "the only one"\n[[dialects]]\nid = "one"\nname = "again"',
        "name",
        "dialects[1].id",
        "is there twice",
    ),
]


@pytest.mark.parametrize(("old", "new", "at", "field", "message"), CASES, ids=[case[3] for case in CASES])
def test_a_wrong_profile_is_told_where_and_why(old: str, new: str, at: str, field: str, message: str) -> None:
    found = problems(changed(old, new))
    assert all(problem.file == "small.toml" for problem in found)
    matching = [problem for problem in found if problem.field == field and message in problem.message]
    assert matching, found
    near = line(at, 2 if at == "name" else 1)
    assert matching[0].line is not None
    assert abs(matching[0].line - near) <= 2, (matching[0], near)


def test_an_unused_dialect_is_refused() -> None:
    text = changed('name = "the only one"', 'name = "the only one"\n[[dialects]]\nid = "two"\nname = "other"')
    text = text.replace('role = "relay"', 'role = "relay"\ndialects = ["one"]')
    assert [problem.field for problem in problems(text)] == ["dialects[1].id"]


def test_a_reply_whose_token_cannot_be_read_is_refused() -> None:
    # Two attributes of one type: the token goes into the first, and an XORed address stands at its offset.
    text = changed(
        "attributes = [{ xor_mapped = true }, { integrity = true }]",
        'place = "0x4002"\nattributes = [{ type = 0x4002, random = 4 }]',
    )
    (problem,) = problems(text)
    assert problem.field == ROUND
    assert "a downlink token needs 8" in problem.message


def test_messages_that_carry_themselves_are_refused() -> None:
    for target, why in (("loop", "carries itself"), ("nobody", "no message is called 'nobody'")):
        text = SMALL + f'\n[messages.loop]\ncodec = "channeldata"\nmessage = "{target}"\n'
        (problem,) = problems(text)
        assert (problem.field, problem.line) == (
            "messages.loop",
            text.split("\n").index("[messages.loop]") + 1,
        )
        assert why in problem.message


def test_everything_wrong_is_told_at_once() -> None:
    text = (
        changed("port = 3478", "port = 0")
        .replace("copies = 2", "copies = 0")
        .replace('id = "relay"', 'id = "Re Lay"')
    )
    assert {problem.field for problem in problems(text)} == {
        "legs[0].port",
        ROUND + ".copies",
        "legs[0].id",
    }


def test_too_many_rounds_are_refused() -> None:
    block = '[[legs.rounds]]\nstage = "setup"\nrequest = "hello"\nreplies = ["welcome"]\n'
    text = changed("[legs.voice]", block * 15 + "[legs.voice]")
    (problem,) = problems(text)
    assert (problem.field, problem.message) == ("legs[0].rounds", "16 rounds, at most 15 are numbered")
    assert not problems(changed("[legs.voice]", block * 14 + "[legs.voice]"))


@pytest.mark.parametrize(
    ("data", "at", "message"),
    [
        (b"id = \n", 1, "not TOML: Invalid value"),
        (b'id = "x"\nid = "y"\n', 2, "not TOML: Cannot overwrite a value"),
        (b"\n\n[x", 3, "not TOML"),
        (b"ok = 1\n\xff\n", 2, "not UTF-8"),
        (b"a = " + b"[" * 20_000, None, "nested too deeply"),
        (b"a = " + b"9" * 5000, 1, "not TOML"),
        (b"#" * (FILE_BYTES_MAX + 1), None, "at most 262144 are read"),
    ],
)
def test_what_is_no_toml_is_told_by_its_line(data: bytes, at: int | None, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile_file("bad.toml", data)
    (problem,) = caught.value.problems
    assert problem.line == at
    assert problem.message.startswith(message) or message in problem.message


def test_an_empty_file_misses_everything() -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile_file("empty.toml", b"")
    fields = {problem.field for problem in caught.value.problems}
    assert {"id", "name", "version", "dialects", "legs", "call_names", "provenance", "not_testable"} <= fields


CATALOGUE = REPOSITORY / "src/voipwatch/apps/catalogue"
SOURCES = [SMALL, *(path.read_text("utf-8") for path in sorted(CATALOGUE.glob("*.toml")))]
VALUES = [
    "0",
    "-1",
    "1",
    "99999999999999999999",
    "1.5",
    "nan",
    "true",
    '""',
    '"x"',
    "[]",
    "[1]",
    "[[]]",
    "{}",
    "{ a = 1 }",
    "1979-05-27",
]


@given(st.data())
def test_no_change_of_a_profile_raises_anything_else(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SOURCES))
    lines = text.split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        change = data.draw(st.sampled_from(["drop", "double", "value", "swap", "cut", "insert"]))
        if change == "drop":
            del lines[at]
        elif change == "double":
            lines.insert(at, lines[at])
        elif change == "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif change == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, 20))]
        elif change == "insert":
            lines.insert(at, data.draw(st.text(alphabet='abc[]{}=." 019_-\n', max_size=20)))
        elif "=" in lines[at]:
            lines[at] = lines[at].partition("=")[0] + "= " + data.draw(st.sampled_from(VALUES))
        lines = lines or [""]
    try:
        load_profile_file("fuzz.toml", "\n".join(lines).encode())
    except ProfileError as error:
        found = error.problems
    else:
        return
    assert found
    count = "\n".join(lines).count("\n") + 1
    assert all(problem.line is None or 1 <= problem.line <= count for problem in found)


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbfid = 1")
@example(b"[a]\n[a.b]\n[[a.b.c]]\n")
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with pytest.raises(ProfileError):
        load_profile_file("fuzz.toml", data)


def test_packaged_profiles_load() -> None:
    assert [profile.id for profile in load_profiles().profiles] == list(APP_IDS)


def ordered(after: str, *, port: int = 9344, dialects: str = '["one"]') -> str:
    """The small profile with a second leg that comes after another."""
    leg = f"""[[legs]]
id = "peer"
name = "direct"
role = "peer"
port = {port}
dialects = {dialects}
after = "{after}"

[[legs.rounds]]
request = "hello"
replies = ["welcome"]

[messages.hello]"""
    return SMALL.replace("[messages.hello]", leg, 1)


def test_a_leg_may_come_after_another() -> None:
    profile = load_profile_file("p.toml", ordered("relay").encode())
    assert profile.leg("peer").after == "relay"
    assert profile.leg("relay").after == ""


def test_a_leg_after_one_that_carries_media_is_a_direct_one() -> None:
    profile = load_profile_file("p.toml", ordered("relay").encode())
    assert [(leg.id, profile.is_direct(leg)) for leg in profile.legs] == [("relay", False), ("peer", True)]
    bare = load_profile_file("viber.toml", RELAY_THEN_PEER.encode())
    assert not any(bare.is_direct(leg) for leg in bare.legs), "what the call cannot do without is not direct"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ordered("nobody"), "no other leg is called 'nobody'"),
        (ordered("peer"), "no other leg is called 'peer'"),
        (ordered("relay", port=3478), "has the same port"),
        (
            ordered("relay").replace("port = 3478\n", 'port = 3478\nafter = "peer"\n', 1),
            "comes itself after another",
        ),
    ],
)
def test_a_leg_comes_after_one_that_can_come_first(text: str, told: str) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile_file("p.toml", text.encode())
    assert any(
        told in problem.message and problem.field.endswith(".after") for problem in caught.value.problems
    )
