"""A toxic proxy: raw sockets, one named behaviour for each way in which an HTTP server can be broken.

It runs in front of a working server (the demo's backend, Railway or GitHub) and spoils that server's answers,
so that every client of ours meets the same troubles over real sockets.
"""
