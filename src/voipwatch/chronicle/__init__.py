"""From changepoints to statements that can be quoted and contested; pure, like everything that judges.

The machine's part: `spells` makes each series' story of its changepoints, `grouping` says which of them are
one incident, `phases` tells its order, `revising` sets that against what was said before. The people's part:
`acts` is the table of what may follow what, `log` the chain, `state` its replay. `blame` says whether an
operator may be named, `titles` and `cite` how it is said, `edtf` and `claims` set sources against cells.
"""
