"""From one measurement to verdicts: `judge(measurement)` gives one row for every app asked for.

Pure and repeatable: the same measurement gives the same answer, so that anybody can recompute it
from a report. `join` sets near and far columns side by side; `stages` says which arms died and
which lived; `verdict` applies the rules of `rules` to one app, with `throttle` and `latecut` for
what is alive but slowed or cut, and `mechanism` for what did it; `judge` spends the error budget of
the whole check and writes the rows; `quality` scores the call, `explain` says it to a person; `via` sets a
run through a tunnel or proxy beside the direct one.
Every rule id is documented in docs/methods/verdicts.md.
"""

from voipwatch.inference.explain import LANGUAGES as LANGUAGES
from voipwatch.inference.judge import judge as judge
from voipwatch.inference.rules import RULES as RULES
from voipwatch.inference.via import compare as compare

__all__ = ["LANGUAGES", "RULES", "compare", "judge"]
