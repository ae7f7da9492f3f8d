"""The embedded target: a ZEUES-like backend with switchable faults, for demonstrations and tests only.

scripts/ imports nothing from here: the tool under test meets this package over HTTP and through its log file.
"""
