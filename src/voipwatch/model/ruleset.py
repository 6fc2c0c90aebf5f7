"""The numbers that decide, in one place, under one version.

A verdict names the version; a change of any number here is a new version.
Sources: docs/methods/verdicts.md.
"""

from typing import Final

RULESET: Final = "2026.7"

DEAD_LOSS_RATIO: Final = 0.9
"""A flow whose stage lost at least this share of its packets is dead there."""
REPEAT_AFTER_S: Final = 2.0
"""A dead arm counts only when disjoint flows at least this far apart were dead."""
CONTROL_LOSS_RATIO_MAX: Final = 0.2
"""A control that loses more says nothing about its treatment: insufficient."""
CONTROL_DELAY_MS_MAX: Final = 400.0
"""ITU-T G.114: 400 ms one way is the planning limit; a control over it says nothing."""
THROTTLE_LOSS_POINTS: Final = 3.0
THROTTLE_DELAY_MS: Final = 50.0
THROTTLE_JITTER_MS: Final = 20.0
CHECK_ALPHA: Final = 0.005
"""Family-wise error rate of one whole check (all apps, directions, metrics, stages, looks), in two shares."""
THROTTLE_ALPHA: Final = 0.0025
"""Share of the sign-flip tests for throttling, divided by Holm."""
LUCK_ALPHA: Final = CHECK_ALPHA - THROTTLE_ALPHA
"""Share of Fisher's tests that exclude luck of the path, divided by Bonferroni."""
LUCK_TESTS_PER_APP: Final = 32
"""Most such tests of one app at one reflector (Teams and Zoom have most, 30): each set-up stage of a leg, in
every dialect, 1; in the default dialect's legs, for each kind of media: up, down and exchange 3, late cuts in
two directions and two lengths 4; heavy losses up and down 2 for voice and for video."""
CUT_WINDOW_S: Final = 0.5
CUT_WINDOWS: Final = 3
CUT_FLOWS: Final = 2
CUT_CONTROL_LOSS_RATIO_MAX: Final = 0.5
BLOCKS: Final = 12
"""Matched blocks (A, C, A', C') for the permutation test by default."""
BLOCKS_MAX: Final = 28
"""As many as a session has short flows of one kind (`model.flows.HELD_REPLICATES` begin there)."""
BLOCKS_MIN: Final = 7
"""Fewer matched blocks make no claim at 1 % (2**-7 < 0.01)."""
QUIET_SHARE: Final = 0.5
"""Of the bytes that the middle pair of flows offers: pairs below are a rhythm of silence, and in no test."""
LATE_S: Final = 3.0
"""A packet is lost only if it is absent from the far log this long after the flow."""
MAPPINGS_ALIVE_MAX: Final = 48
NEW_FLOWS_PER_S_MAX: Final = 20.0
WARMUP_S: Final = 2.0
HELD_S: Final = 10.0
LONG_S: Final = 60.0
