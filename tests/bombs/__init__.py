"""Answers that grow when they are read, over real sockets."""
