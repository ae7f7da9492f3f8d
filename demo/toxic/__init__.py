"""A poisoned proxy: raw sockets, one named behaviour for each way in which an HTTP server can be broken.

It stands before a server that works (the demo's backend, Railway or GitHub) and asks that for the answer
which it then spoils: so every one of our clients can be shown the same troubles, over real sockets.
"""
