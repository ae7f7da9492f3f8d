"""The lines of a log source, one by one."""

from deploy_verdict.stages.logs.lines.alike import Repeats


def lines_of(source):
    """Every line of a source, with repeated lines expanded."""
    found = []
    for item in source.lines():
        found += list(item) if isinstance(item, Repeats) else [item]
    return found
