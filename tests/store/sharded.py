"""Votes drawn for shards, spread over them; and cells as rows."""

from random import Random
from typing import Any

from tests.store.support import HOUR, make_vote, rows_of
from voipwatch.model.submission import PrefixKind
from voipwatch.model.vocabulary import Verdict
from voipwatch.model.votes import Vote
from voipwatch.store.rows import with_segment
from voipwatch.store.store import Store

MECHANISMS = ["", "stun.drop.cookie", "rtp.throttle.rate", "port.udp"]


def drawn_votes(random: Random, first: int, *, number: int = 0) -> list[Vote]:
    """Of up to 40 reports in the two hours from `first` (Unix seconds); few times, so that many are ties.

    A report is one pseudonym's, at one time, behind one prefix, and votes on one to three series.
    """
    votes = []
    for n in range(random.randrange(41)):
        # Three hours and a half by the clock of arrival: some arrive before what was observed earlier.
        observed = first + random.choice([0, 0, 1800, 3599, 3600, 5000])
        report: dict[str, Any] = {
            "pseudonym": f"p{random.randrange(8)}",
            "prefix": f"x{random.randrange(4)}",
            "prefix_kind": random.choice(list(PrefixKind)),
            "country": random.choice(["MA", "MA", "TN"]),
            "operator": random.choice(["AS36925", "AS36903"]),
            "observed_at_ms": observed * 1000,
            "received_at_ms": (first + 7200 + random.choice([0, 0, 1, 5000])) * 1000,
            "enrolled": random.random() < 0.8,
            "instance": random.choice(["", "", "morocco-2016"]),
        }
        for app, stage in random.sample(
            [("whatsapp", "call"), ("whatsapp", "setup"), ("line", "call")], k=random.randint(1, 3)
        ):
            said: dict[str, Any] = {
                "verdict": random.choice(list(Verdict)),
                "mechanism": random.choice(MECHANISMS),
            }
            votes.append(make_vote(number + n, app=app, stage=stage, **said, **report))
    random.shuffle(votes)
    return votes


def spread(random: Random, votes: list[Vote], shards: int) -> list[list[Vote]]:
    """Every vote on a shard drawn by lot, one of six on two; some shards are left out altogether."""
    used = random.sample(range(shards), k=random.randint(1, shards))
    there: list[list[Vote]] = [[] for _ in range(shards)]
    for vote in votes:
        for place in random.sample(used, k=min(len(used), 1 + (random.randrange(6) == 0))):
            there[place].append(vote)
    return there


def put(store: Store, votes: list[Vote]) -> None:
    """Votes, and copies of votes, without the ledger."""
    store._engine.insert("votes", with_segment(rows_of(votes).votes_table(), "s"))


def cells(store: Store, since: int = HOUR) -> list[dict[str, Any]]:
    """All columns but `version`, of the hours from `since` on."""
    return list(
        store.select(
            "SELECT * EXCEPT (version) FROM cells FINAL WHERE hour >= toDateTime({since:UInt32}, 'UTC') "
            "ORDER BY instance, source, country, operator, access, app, stage, hour",
            {"since": since},
        ).to_pylist()
    )
