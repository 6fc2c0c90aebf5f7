"""What somebody learns who writes down every published figure of all releases as a linear equation.

Unknown: what one device said in one hour. He knows who measured when, and which votes a row holds: more than
anybody has. He wins where some combination of equations speaks of one device, or of two, alone.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations

Equation = dict[int, int]
"""Column (vote) -> coefficient."""


def rank(equations: Sequence[Equation], columns: set[int] | None = None) -> int:
    """Over the rationals, exactly; of the given columns alone."""
    rows = [
        {c: Fraction(v) for c, v in equation.items() if v and (columns is None or c in columns)}
        for equation in equations
    ]
    found = 0
    while rows:
        pivot_row = rows.pop()
        if not pivot_row:
            continue
        found += 1
        pivot, scale = next(iter(pivot_row.items()))
        for row in rows:
            if pivot in row:
                factor = row[pivot] / scale
                for column, value in pivot_row.items():
                    left = row.get(column, Fraction(0)) - factor * value
                    if left:
                        row[column] = left
                    else:
                        row.pop(column, None)
    return found


def exposed(
    equations: Sequence[Equation], device_of: Sequence[int], together: int = 2
) -> set[tuple[int, ...]]:
    """Groups of at most `together` devices about whom alone some combination of the equations speaks.

    There is one exactly where the equations lose rank when everybody else's columns are all that is kept.
    """
    whole = rank(equations)
    devices = sorted(set(device_of))
    return {
        group
        for size in range(1, together + 1)
        for group in combinations(devices, size)
        if rank(equations, {c for c, device in enumerate(device_of) if device not in group}) < whole
    }
