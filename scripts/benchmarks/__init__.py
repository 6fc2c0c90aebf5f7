"""What `make bench` measures, one module a subject; `page` writes docs/benchmarks.md.

`sending`: how late real datagrams leave. `simulated`: speed of the simulated network and of whole checks.
`deciding`: time, packets and bytes until a block is certain. `receiving`: what a datagram costs the
reflector. `matrix`: the lab's verdicts as tables.
"""
