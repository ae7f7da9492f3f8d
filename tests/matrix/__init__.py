"""The fault matrix: each of demo/toxic's faults against each of our three clients, over real sockets."""
