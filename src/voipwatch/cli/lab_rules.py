"""`voipwatch lab rules`: a world's censor as an nftables file, for use elsewhere."""

from typing import Annotated

from cyclopts import Parameter

from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, UNDECIDED, Misuse
from voipwatch.cli.lab import SEED_MAX, find_world, read_table
from voipwatch.cli.values import parse_count, shown
from voipwatch.lab.rulesfile import rules_text
from voipwatch.lab.worlds import load_worlds


def print_rules(
    world: Annotated[str, Parameter(metavar="WORLD")],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    seed: Annotated[int, Parameter(metavar="N")] = 1,
    line: Annotated[str | None, Parameter(metavar="LINE")] = None,
    table: Annotated[str | None, Parameter(metavar="FILE.toml")] = None,
) -> int:
    """The file on standard output; 2, and why, where the censor needs a program of its own."""
    place = find_world(world, read_table(table))
    parse_count(seed, option="--seed", low=0, high=SEED_MAX)
    if line is not None:
        if line not in load_worlds().lines:
            raise Misuse("error.world_line", value=shown(line), known=", ".join(load_worlds().lines))
        place = place.on_line(line)
    text = rules_text(place, seed=seed)
    if text is None:
        context.say("lab.user_space", world=place.id, policy=str(place.policy["policy"]))
        return UNDECIDED
    context.stdout.write(text)
    context.stdout.flush()
    return CLEAR
