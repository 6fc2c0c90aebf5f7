from voipwatch.collector.options import default_workers


def test_one_processor_has_no_workers_and_many_have_four() -> None:
    assert [default_workers(count) for count in (1, 2, 4, 64)] == [0, 2, 4, 4]
