"""Emulated operators and lines: the worlds in which voipwatch is shown right or wrong.

Seen from above: `worlds` reads the table of worlds (`table/*.toml`): a line condition, a policy, and what
must be said of each app. `simnet` runs a world in virtual time, `netns` in the kernel's network namespaces.
Seen from below: `policy` holds the censors, pure rules; `line` and `nat` what merely breaks; `nft`,
`nfqueue` and `relay` are the same things for the kernel. Nothing in here judges.
"""
