"""Pages of the protected part in three languages: whole, escaped, and with the forms of a role."""

import pytest

from tests.site.campaigns.instance import CLOSES, DAY_S, NOW, OPENS, petition
from voipwatch.civic.petitions import Answer, Delivery
from voipwatch.civic.roles import Act, Role
from voipwatch.site.campaigns.admin import pages
from voipwatch.site.campaigns.admin.layout import SAID
from voipwatch.site.campaigns.admin.pages import Standing
from voipwatch.site.campaigns.keepers import Visitor
from voipwatch.site.words import LANGUAGES, words
from voipwatch.store.civic.accounts import NameRow
from voipwatch.store.civic.audit_log import AuditLine
from voipwatch.store.civic.signing import HeldRow, SignatureRow

HOSTILE = '<script>alert(1)</script>"'
DELIVERED = (Delivery(CLOSES, "x", 0),)


def visitor(role: Role = Role.KEEPER) -> Visitor:
    return Visitor("amina", role, "A" * 43)


def standing(**changes: object) -> Standing:
    return Standing(petition=petition(**changes), line=None, notes=(), waiting=0, bounced=120)


def forms(role: Role, now_s: int, **changes: object) -> set[str]:
    page = pages.petition(words("en"), visitor(role), standing(**changes), now_s, "").decode()
    return {act.value for act in Act if f'id="act-{act.value}"' in page}


@pytest.mark.parametrize(
    ("now_s", "changes", "keeper"),
    [
        (OPENS - 1, {}, {"paper", "close", "erase"}),
        (NOW, {}, {"paper", "close", "erase"}),
        (CLOSES, {}, {"paper", "deliver", "erase"}),
        (CLOSES, {"deliveries": DELIVERED}, {"paper", "deliver", "answer", "erase"}),
        (
            CLOSES + 31 * DAY_S,
            {"deliveries": DELIVERED, "answers": (Answer(CLOSES, "x", "y"),)},
            {"deliver", "answer"},
        ),
    ],
)
def test_what_can_be_done_now_has_a_form(now_s: int, changes: dict[str, object], keeper: set[str]) -> None:
    assert forms(Role.KEEPER, now_s, **changes) == keeper
    assert forms(Role.MODERATOR, now_s, **changes) == keeper & {"paper"}
    assert forms(Role.READER, now_s, **changes) == set()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("role", Role)
def test_every_page_in_every_language_is_escaped(lang: str, role: Role) -> None:
    t, who = words(lang), visitor(role)
    line = AuditLine(1, "0" * 64, NOW, HOSTILE, "paper", HOSTILE, HOSTILE, "0" * 64)
    held = HeldRow(SignatureRow("2026-11-06", HOSTILE, HOSTILE), NOW, ("confirm",))
    made = [
        *(pages.entrance(t, fault) for fault in ("", "wrong", "wait", "over")),
        *(pages.message(t, who, key) for key in ("forged", "role", "code-wrong", "code-wait")),
        pages.refused(t, who, HOSTILE, HOSTILE),
        pages.no_address(t, who, "no-at"),
        pages.home(t, who, [standing()], NOW),
        pages.home(t, who, [], NOW),
        pages.names(t, who, petition(), [NameRow(HOSTILE, True), NameRow(HOSTILE, False)], 1, said=""),
        pages.names(t, who, petition(), [], 0, said="hide-name"),
        pages.audit(t, who, [line], 1, None),
        pages.audit(t, who, [], 0, 3),
        pages.person(t, who, [petition()], asked=True, held=held),
        pages.person(t, who, [petition()], asked=True),
        *(pages.petition(t, who, standing(), NOW, said) for said in sorted(SAID)),
    ]
    for page in made:
        text = page.decode()
        assert "<script" not in text
        assert '<meta name="robots" content="noindex">' in text
        assert text.count("<h1") == 1


def test_what_an_address_says_was_done_is_one_of_ours() -> None:
    said = [pages.petition(words("en"), visitor(), standing(), NOW, each).decode() for each in ("", HOSTILE)]
    assert said[0] == said[1]
    done = pages.petition(words("en"), visitor(), standing(), NOW, "paper").decode()
    assert "The tally is noted" in done


def test_ways_are_those_of_the_role() -> None:
    found = {
        role: [way for way in ("person", "wall", "audit") if f'/admin/{way}"' in pages.home(
            words("en"), visitor(role), [], NOW).decode()]
        for role in Role
    }  # fmt: skip
    assert found == {
        Role.KEEPER: ["person", "wall", "audit"], Role.MODERATOR: ["wall"], Role.READER: ["audit"],
    }  # fmt: skip
