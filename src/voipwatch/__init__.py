"""voipwatch: whether internet calls get through, who stops them and how, in a form that can be checked.

The map: `wire` turns bytes into messages and back, `apps` says how each call looks, `stats` holds the tests
and intervals, `model` the nouns; `experiment` asks, `inference` concludes; `probe` and `reflector` are the
two ends on real sockets, `lab` the emulated operators, `cli` what a person types. Imports go one way only;
the contracts are in `pyproject.toml`.
"""

__version__ = "0.1.0"
