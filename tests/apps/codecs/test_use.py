"""Uses of messages: the label that keeps streams apart."""

from voipwatch.apps.codecs.use import Timing, Use
from voipwatch.model.vocabulary import Direction


def test_a_label_names_direction_and_stream() -> None:
    timing = Timing((20_000,), 8000)
    labels = {
        Use(direction, timing=timing, stream=stream).label
        for direction in Direction
        for stream in ("audio", "picture")
    }
    assert len(labels) == 2 * len(Direction)
    assert Use(Direction.UP, stream="audio").label == "up/audio"
