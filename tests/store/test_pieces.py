from tests.store.support import make_vote, report_id, rows_of
from voipwatch.model.vocabulary import Verdict
from voipwatch.store.pieces import report_ids, votes_of
from voipwatch.store.rows import SegmentRows
from voipwatch.store.store import Store


def test_reports_and_votes_of_one_segment(store: Store) -> None:
    first = [make_vote(2), make_vote(1, Verdict.BLOCKED)]
    store.insert_segment("a", rows_of(first))
    store.insert_segment("b", rows_of([make_vote(3)]))
    later = SegmentRows()
    later.votes([make_vote(1, stage="setup"), make_vote(1, app="sip"), make_vote(1, enrolled=False)])
    store.insert_segment("c", later)
    assert report_ids(store, "a") == {report_id(1), report_id(2)}
    assert votes_of(store, "a", stage="call") == [first[1], first[0]]  # in the order of arrival
    assert [vote.app for vote in votes_of(store, "c", stage="call")] == ["sip"]
    assert votes_of(store, "nothing", stage="call") == []
