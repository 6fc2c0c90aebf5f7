"""Defaults of the options: where the ready line goes, and nothing kept."""

import sys

from voipwatch.reflector.options import ReflectorOptions


def test_the_ready_line_goes_to_standard_output_and_the_rest_to_standard_error() -> None:
    options = ReflectorOptions(bind=("127.0.0.1",))
    assert options.ready is sys.stdout
    assert options.log is sys.stderr
    assert (options.control_port, options.data, options.certificate) == (8443, None, None)
