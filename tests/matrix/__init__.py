"""The fault matrix: every trouble of demo/toxic met by each of our three clients, over real sockets."""
