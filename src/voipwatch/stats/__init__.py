"""Tests, intervals and scores on plain numbers: no sockets, no clock, no dice of its own.

Each file is one method with its source in the docstring and a page in docs/methods: the sequential dead-arm
test (`sequential`), the sign-flip test and interval on matched pairs of flows (`permutation`) with Holm's
error budget (`holm`), the late-cut run rule (`runrule`), intervals for proportions (`intervals`), loss,
jitter and what a flow boils down to (`loss`, `jitter`, `pairing`), the E-model (`emodel`) and the pattern of
losses (`shape`). For series in time: e-values of blocks of votes (`betting`, `betabinomial`), the e-detectors
made of them (`edetector`) and the field's CUSUM beside them (`cusum`). Input outside its domain raises
ValueError; every result keeps its n; what was not measured is None, never zero.
"""

from voipwatch.stats.betabinomial import (
    betabinomial_pmf,
    overdispersion_bound,
    pair_agreement,
    tilted_e_value,
)
from voipwatch.stats.betting import mean_bet
from voipwatch.stats.cusum import CusumChange, hourly_cusum
from voipwatch.stats.edetector import cusum_step, run_length_threshold, shiryaev_roberts_step
from voipwatch.stats.emodel import CODECS, Codec, EModelScore, e_model, mos_from_rating
from voipwatch.stats.holm import HolmResult, holm
from voipwatch.stats.intervals import Interval, clopper_pearson_interval, newcombe_difference, wilson_interval
from voipwatch.stats.jitter import Jitter, Reordering, interarrival_jitter, reordering, transit_us
from voipwatch.stats.loss import (
    BurstGap,
    LossSummary,
    arrivals,
    burst_gap,
    burst_ratio,
    loss_ratio,
    loss_runs,
    summarize_loss,
)
from voipwatch.stats.pairing import FlowMetrics, PairedDifferences, flow_metrics, paired_differences
from voipwatch.stats.permutation import SignFlipResult, pairs_needed, sign_flip_interval, sign_flip_test
from voipwatch.stats.randomness import regularity_test, runs_test
from voipwatch.stats.runrule import FlowCut, FlowPair, LateCut, find_late_cut
from voipwatch.stats.sequential import (
    DeadArmTest,
    Decision,
    ErrorProbabilities,
    alive_probability_bound,
    control_lives,
    error_probabilities,
    packets_to_dead,
)
from voipwatch.stats.shape import LossLabel, LossPattern, classify_flow, classify_loss
from voipwatch.stats.tokenbucket import SentFlow, TokenBucket, fit_token_bucket

__all__ = [
    "CODECS",
    "BurstGap",
    "Codec",
    "CusumChange",
    "DeadArmTest",
    "Decision",
    "EModelScore",
    "ErrorProbabilities",
    "FlowCut",
    "FlowMetrics",
    "FlowPair",
    "HolmResult",
    "Interval",
    "Jitter",
    "LateCut",
    "LossLabel",
    "LossPattern",
    "LossSummary",
    "PairedDifferences",
    "Reordering",
    "SentFlow",
    "SignFlipResult",
    "TokenBucket",
    "alive_probability_bound",
    "arrivals",
    "betabinomial_pmf",
    "burst_gap",
    "burst_ratio",
    "classify_flow",
    "classify_loss",
    "clopper_pearson_interval",
    "control_lives",
    "cusum_step",
    "e_model",
    "error_probabilities",
    "find_late_cut",
    "fit_token_bucket",
    "flow_metrics",
    "holm",
    "hourly_cusum",
    "interarrival_jitter",
    "loss_ratio",
    "loss_runs",
    "mean_bet",
    "mos_from_rating",
    "newcombe_difference",
    "overdispersion_bound",
    "packets_to_dead",
    "pair_agreement",
    "paired_differences",
    "pairs_needed",
    "regularity_test",
    "reordering",
    "run_length_threshold",
    "runs_test",
    "shiryaev_roberts_step",
    "sign_flip_interval",
    "sign_flip_test",
    "summarize_loss",
    "tilted_e_value",
    "transit_us",
    "wilson_interval",
]
