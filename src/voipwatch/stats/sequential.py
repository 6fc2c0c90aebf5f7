"""The dead-arm test: Wald's sequential test of "dead" against "alive" on matched set-up packets.

One observation is one set-up packet of the treatment arm whose matched control packet got through: a hit if
it got through too, else a miss. The two hypotheses are hit probabilities: `dead_probability` for an arm that
is cut (at least 90 % lost), `alive_probability` for one treated like its control. Source: A. Wald,
"Sequential Tests of Statistical Hypotheses", Annals of Mathematical Statistics 16 (1945) 117-186; the error
bounds are his.

A decided test is closed: later observations return it unchanged, so that looking longer cannot change an
answer.
"""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from voipwatch.stats import _checks
from voipwatch.stats.intervals import wilson_interval

DEFAULT_ALPHA: Final = 0.005
"""Chance to call a living arm dead, the whole check's own error rate: with the repeat that every dead arm
needs, one arm costs its square, so that a hundred arms still stay within the budget. It is also what makes 11
misses enough at the lowest alive probability (see docs/methods/sequential.md)."""

DEFAULT_BETA: Final = 0.01
"""Chance to call a dead arm alive. Cheap to keep low: a hit weighs about as much as two to three misses."""

ALIVE_FLOOR: Final = 0.45
"""Lowest alive probability that the test is run at. Below it twelve misses and more would be needed, and a
control that loses over half of its packets testifies to nothing."""

ALIVE_CEILING: Final = 0.9
"""Highest alive probability that the test believes. A perfect control would make one lost packet decide; no
access network promises less than 10 % loss for the next ten packets."""

DEFAULT_MIN_FLOWS: Final = 3
"""Distinct five-tuples with a miss before DEAD: of four load-balanced paths, one that is dead takes all three
of three flows in 1 of 64 checks, against 1 of 4 for a single flow."""

DEFAULT_MIN_PACKETS: Final = 4
"""Observations before DEAD, whatever the likelihood says."""


class Decision(Enum):
    """What the packets so far allow to say."""

    DEAD = "dead"
    ALIVE = "alive"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class DeadArmTest:
    """The state of one sequential test; `update` returns the next state.

    Raises ValueError on construction if a probability lies outside its domain, if the arm could not be told
    apart (alive_probability not above dead_probability) or if the counts contradict each other.
    """

    alive_probability: float
    """Hit probability of an arm treated like its control, above `dead_probability` and at most 1. Values
    above 0.9 are used as 0.9. Take it from `alive_probability_bound`."""
    dead_probability: float = 0.1
    """Hit probability of a cut arm: the design's "at least 90 % lost"."""
    alpha: float = DEFAULT_ALPHA
    """P(DEAD) of an arm that is alive, at most alpha / (1 - beta)."""
    beta: float = DEFAULT_BETA
    """P(ALIVE) of an arm that is dead, at most beta / (1 - alpha)."""
    min_flows: int = DEFAULT_MIN_FLOWS
    """Distinct flows that must have missed before DEAD."""
    min_packets: int = DEFAULT_MIN_PACKETS
    """Observations before DEAD."""
    n: int = 0
    """Observations so far."""
    hits: int = 0
    """Hits so far."""
    misses_by_flow: Mapping[Hashable, int] | None = None
    """Flow to misses; None before the first."""
    decision: Decision = Decision.CONTINUE
    """The answer; it never changes once it is DEAD or ALIVE."""

    def __post_init__(self) -> None:
        _checks.level("dead_probability", self.dead_probability)
        _checks.ratio("alive_probability", self.alive_probability)
        _checks.level("alpha", self.alpha)
        _checks.level("beta", self.beta)
        if self.alpha + self.beta >= 1.0:
            raise ValueError(f"alpha + beta must stay below 1, got {self.alpha} + {self.beta}")
        if min(self.alive_probability, ALIVE_CEILING) <= self.dead_probability:
            raise ValueError(
                f"alive_probability must exceed dead_probability, got {self.alive_probability} "
                f"against {self.dead_probability}"
            )
        _checks.count("min_flows", self.min_flows, at_least=1)
        _checks.count("min_packets", self.min_packets, at_least=1)
        if _checks.count("hits", self.hits) > _checks.count("n", self.n):
            raise ValueError(f"hits must not exceed n, got {self.hits} of {self.n}")

    @property
    def misses(self) -> int:
        """Misses so far."""
        return self.n - self.hits

    @property
    def flows_missed(self) -> int:
        """Number of distinct flows that missed at least once."""
        return len(self.misses_by_flow or {})

    @property
    def log_likelihood_ratio(self) -> float:
        """Natural logarithm of the odds that the data give to "dead" over "alive"."""
        alive = min(self.alive_probability, ALIVE_CEILING)
        per_miss = math.log((1.0 - self.dead_probability) / (1.0 - alive))
        per_hit = math.log(self.dead_probability / alive)
        return self.misses * per_miss + self.hits * per_hit

    def update(self, hit: bool, *, flow: Hashable = 0) -> "DeadArmTest":
        """The state after one more packet of `flow` (any hashable name of its five-tuple).

        Count only packets whose matched control packet got through: a miss beside a dead control says nothing
        about the treatment. A decided test returns itself.
        """
        if self.decision is not Decision.CONTINUE:
            return self
        misses = dict(self.misses_by_flow or {})
        if not hit:
            misses[flow] = misses.get(flow, 0) + 1
        state = replace(self, n=self.n + 1, hits=self.hits + bool(hit), misses_by_flow=misses)
        return replace(state, decision=_judged(state))

    def with_alive_probability(self, alive_probability: float) -> "DeadArmTest":
        """The same packets judged at another alive probability, as the control's own record grows.

        A decided test returns itself.
        """
        if self.decision is not Decision.CONTINUE:
            return self
        state = replace(self, alive_probability=alive_probability)
        return replace(state, decision=_judged(state))


def _judged(test: DeadArmTest) -> Decision:
    """Wald's two boundaries, DEAD held back until enough flows and packets speak."""
    ratio = test.log_likelihood_ratio
    if ratio <= math.log(test.beta / (1.0 - test.alpha)):
        return Decision.ALIVE
    crossed = ratio >= math.log((1.0 - test.beta) / test.alpha)
    if crossed and test.flows_missed >= test.min_flows and test.n >= test.min_packets:
        return Decision.DEAD
    return Decision.CONTINUE


def alive_probability_bound(hits: int, n: int) -> float:
    """Lower bound of the control's hit probability, made fit for `DeadArmTest`: in 0.45..0.9.

    The lower end of Wilson's interval at 95 % on one side. A bound and not the estimate, because too high a
    value lets too few misses decide. Wilson's and not Jeffreys', because at the n of a set-up (4 to 20) with
    all hits Jeffreys' lower end lies higher (4 of 4: 0.65 against 0.60), so it would accuse earlier.

    The floor 0.45 *raises* a lower bound, so the result is no proof that the control lives: ask
    `control_lives` first. With n = 0 nothing is known and the floor, which demands the most packets, is
    returned.

    Args:
        hits: control packets that got through, 0 <= hits <= n.
        n: control packets, at least 0.

    Raises:
        ValueError: outside these domains.

    Source: Wilson 1927, see `wilson_interval`.
    """
    if n == 0 and hits == 0:
        return ALIVE_FLOOR
    low = wilson_interval(hits, n, confidence=0.90).low  # two-sided 90 % is 95 % on one side
    return min(max(low, ALIVE_FLOOR), ALIVE_CEILING)


def control_lives(hits: int, n: int, *, max_loss_ratio: float = 0.2) -> bool:
    """Whether the control is good enough to accuse by: at least one packet, and at most `max_loss_ratio`
    lost.

    The design's rule: over 20 % loss of the control the answer is `insufficient`, whatever the treatment
    does.

    Raises:
        ValueError: counts or ratio outside their domains.
    """
    _checks.ratio("max_loss_ratio", max_loss_ratio)
    if n == 0 and hits == 0:
        return False
    hits, n = _checks.successes(hits, n)
    return n - hits <= max_loss_ratio * n


def packets_to_dead(
    alive_probability: float, *, alpha: float = DEFAULT_ALPHA, beta: float = DEFAULT_BETA
) -> int:
    """Set-up packets that a fully dead arm costs, spread in turn over three flows.

    Raises:
        ValueError: probabilities outside the domain of `DeadArmTest`.
    """
    test = DeadArmTest(alive_probability, alpha=alpha, beta=beta)
    while test.decision is Decision.CONTINUE:
        test = test.update(False, flow=test.n % test.min_flows)
    return test.n


@dataclass(frozen=True, slots=True)
class ErrorProbabilities:
    """Exact law of a `DeadArmTest` at one true hit probability."""

    p: float
    """The true hit probability."""
    dead: float
    """P(decided DEAD within n_max packets)."""
    alive: float
    """P(decided ALIVE within n_max packets)."""
    undecided: float
    """P(still CONTINUE after n_max packets)."""
    packets_expected: float
    """Mean number of packets used, those cut at n_max counted as n_max."""
    n_max: int
    """Packets after which the test is given up."""


def error_probabilities(test: DeadArmTest, p: float, n_max: int, *, flows: int = 3) -> ErrorProbabilities:
    """Exact error probabilities by dynamic programming over the states that packets can reach.

    Packets go over `flows` five-tuples in turn, each hit with probability `p` independently; `test` gives the
    parameters, and its counts so far must be empty.

    Args:
        test: a fresh test.
        p: true hit probability, 0..1.
        n_max: most packets, at least 1.
        flows: number of five-tuples, 1..8 (the state holds which of them missed).

    Raises:
        ValueError: outside these domains.

    Source: the forward recursion of P. Armitage, C. K. McPherson and B. C. Rowe, JRSS A 132 (1969) 235-244.
    """
    p = _checks.ratio("p", p)
    n_max = _checks.count("n_max", n_max, at_least=1)
    if not 1 <= _checks.count("flows", flows) <= 8:
        raise ValueError(f"flows must lie in 1..8, got {flows}")
    if test.n:
        raise ValueError(f"test must be fresh, it has {test.n} observations")
    # A state is (hits, which flows missed): with the packet's number it determines the decision.
    open_states: dict[tuple[int, frozenset[int]], float] = {(0, frozenset()): 1.0}
    ended = {Decision.DEAD: 0.0, Decision.ALIVE: 0.0}
    packets_expected = 0.0
    for sent in range(n_max):
        packets_expected += sum(open_states.values())
        following: dict[tuple[int, frozenset[int]], float] = {}
        for (hits, missed), weight in open_states.items():
            for state, share in (((hits + 1, missed), p), ((hits, missed | {sent % flows}), 1.0 - p)):
                decision = _decision_at(test, sent + 1, *state)
                if decision is Decision.CONTINUE:
                    following[state] = following.get(state, 0.0) + weight * share
                else:
                    ended[decision] += weight * share
        open_states = following
    return ErrorProbabilities(
        p=p,
        dead=ended[Decision.DEAD],
        alive=ended[Decision.ALIVE],
        undecided=sum(open_states.values()),
        packets_expected=packets_expected,
        n_max=n_max,
    )


def _decision_at(test: DeadArmTest, n: int, hits: int, missed: frozenset[int]) -> Decision:
    """The decision in a state; only which flows missed matters, so each is entered with one miss."""
    return _judged(replace(test, n=n, hits=hits, misses_by_flow=dict.fromkeys(missed, 1)))
