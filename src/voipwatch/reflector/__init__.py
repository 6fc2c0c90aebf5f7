"""The far end of a check: plays the server half of each app, logs what arrived, signs the log.

`core` is pure and holds every decision; `server` and `control` are its shell over real sockets;
`certificate` and `state` keep what has to outlive a restart.
"""
