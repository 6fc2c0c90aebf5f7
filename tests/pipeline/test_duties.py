"""Names that keep loaders and detectors of a store apart."""

from voipwatch.pipeline.duties import Duty, lease_names, status_file


def test_a_keeper_has_all_of_the_store_and_others_their_partitions() -> None:
    assert lease_names(Duty.ALL, (0, 1)) == ()
    assert lease_names(Duty.LOAD, (12, 3)) == ("loader-03", "loader-12")
    assert lease_names(Duty.DETECT, (3,)) == ("detector-03",)


def test_each_has_a_status_of_its_own() -> None:
    assert len({status_file(duty) for duty in Duty}) == len(Duty)
    assert status_file() == "status.json"
