"""The lines of a source, one by one."""

from deploy_verdict.stages.logs.lines.alike import Repeats


def lines_of(source):
    """Each line, those that come together too."""
    found = []
    for item in source.lines():
        found += list(item) if isinstance(item, Repeats) else [item]
    return found
