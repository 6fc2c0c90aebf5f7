"""A petition's told counts as JSON."""

import msgspec

from tests.site.campaigns.instance import NOW, petition
from voipwatch.civic.petitions import PaperTally
from voipwatch.civic.publiccounts import next_line
from voipwatch.site.campaigns.countsfile import counts_of
from voipwatch.site.campaigns.desk import Told
from voipwatch.store.civic.petition_rows import NoteRow


def test_what_is_public_and_nothing_else() -> None:
    line = next_line(None, 8123, NOW)
    assert line is not None
    papers = (PaperTally(NOW, 2, 41, "two members"),)
    told = Told(petition(papers=papers), line, (NoteRow("2026-11-05", 240, "1.0e-06"),), ("Amina",))
    assert msgspec.json.decode(msgspec.json.encode(counts_of(told, [line]))) == {
        "schema": "voipwatch.petition-counts/1",
        "id": "calls",
        "count": 8120,
        "at": "2026-11-06T00:00:00Z",
        "step": 10,
        "log": [msgspec.to_builtins(line)],
        "papers": [{"counted_at_s": NOW, "sheets": 2, "signatures": 41, "counted_by": "two members"}],
        "notes": [{"day": "2026-11-05", "confirmations": 240, "p_value": "1.0e-06"}],
    }


def test_none_was_told_is_not_fewer_than_ten() -> None:
    untold = counts_of(Told(petition(), None, ()), [])
    assert (untold.count, untold.at) == (None, None)
    few = next_line(None, 7, NOW)
    assert few is not None
    assert counts_of(Told(petition(), few, ()), [few]).count == 0
