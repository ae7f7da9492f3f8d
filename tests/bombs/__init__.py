"""Answers that grow when they are decoded, served over real sockets."""
