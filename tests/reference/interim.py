"""The verbs of the command line to come, by the scripts that still stand for them; it goes with these."""

import argparse
import contextlib
import importlib.util

from tests.running import ROOT

VERBS = {
    "check": "check_plan",
    "watch": "watch_deployment",
    "open": "open_window",
    "sample deployment": "check_deployment",
    "sample health": "check_health",
    "sample e2e": "run_e2e",
    "sample pools": "sample_pools",
    "sample logs": "review_logs",
    "sample traffic": "review_traffic",
    "sample metrics": "read_metrics",
    "sample exercise": "exercise_gauges",
    "sample floor": "return_to_floor",
    "sample top_up": "top_up_exposure",
    "judge": "judge_evidence",
    "report": "render_report",
    "publish": "publish_report",
    "compare": "compare_runs",
    "notify": "notify",
    "rollback": "escalate",
    "setup-github": "setup_github",
    "relay": "relay_webhook",
    "schemas": "write_schemas",
}


class _GotError(Exception):
    pass


def verbs():
    """Verb → the parser of its script, caught before it parses."""
    return {verb: _parser_of(script) for verb, script in VERBS.items()}


def _parser_of(script):
    spec = importlib.util.spec_from_file_location(script, ROOT / "scripts" / f"{script}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    caught = []

    def catch(self, *_, **__):
        caught.append(self)
        raise _GotError

    plain = argparse.ArgumentParser.parse_args
    argparse.ArgumentParser.parse_args = catch
    try:
        with contextlib.suppress(_GotError):
            module.main([])
    finally:
        argparse.ArgumentParser.parse_args = plain
    return caught[0]
