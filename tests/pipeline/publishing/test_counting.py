"""What an editor chose, held against the bundle that is made."""

import json

import msgspec
import pytest

from tests.pipeline.publishing.support import MONDAY
from tests.site.bundles import NAME, incident
from voipwatch.model.bundle import COUNTING_SCHEMA, CountedFrom, CountedIn, Counting
from voipwatch.pipeline.publishing.counting import Choices, counting_document, counting_of
from voipwatch.pipeline.publishing.world import World

CLAIM = "morocco-2016/start-5-january"
AS_OF = MONDAY + 14 * 86_400


def test_what_stands_is_in_the_bundle() -> None:
    choices = Choices({NAME: CLAIM}, {"MA": "Africa/El_Aaiun", "TN": "Africa/Tunis"})
    counting, left = counting_of(choices, [incident()], as_of=AS_OF)
    zones = (CountedIn("MA", "Africa/El_Aaiun"), CountedIn("TN", "Africa/Tunis"))
    assert (counting, left) == (Counting((CountedFrom(NAME, CLAIM),), zones), ())
    told = json.loads(counting_document(counting, World("", AS_OF)))
    assert (told["schema"], told["synthetic"]) == (COUNTING_SCHEMA, False)
    assert msgspec.convert(told, Counting) == counting


def test_nothing_chosen_is_nothing_said() -> None:
    assert counting_of(Choices(), [incident()], as_of=AS_OF) == (Counting(), ())


def test_an_incident_that_is_not_in_the_bundle_is_not_named() -> None:
    """It may be under embargo: not even that something is left out is said of it."""
    assert counting_of(Choices({NAME: CLAIM}), [], as_of=AS_OF) == (Counting(), ())


@pytest.mark.parametrize(
    ("choices", "as_of"),
    [
        (Choices({NAME: "morocco-2016/gone"}), AS_OF),
        (Choices({NAME: "morocco-2016/end-4-november"}), AS_OF),
        (Choices({NAME: CLAIM}), MONDAY),
    ],
)
def test_what_cannot_stand_is_left_out_and_told(choices: Choices, as_of: int) -> None:
    assert counting_of(choices, [incident()], as_of=as_of) == (Counting(), (NAME,))
    told = counting_of(Choices({NAME: CLAIM}), [incident()], as_of=AS_OF, contradicted={CLAIM})
    assert told == (Counting(), (NAME,))
    assert counting_of(Choices({}, {"MA": "Mars/Olympus"}), [], as_of=AS_OF) == (Counting(), ("MA",))
