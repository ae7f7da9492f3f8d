"""The windows of `make real` as docs/explanation/real-services.md: how many were STABLE, and why not."""

import json
import re
from collections import Counter
from pathlib import Path

from tests.real.windows import FAULTS, HEALTHY, cause, cells
from tests.real.world import SERVICES
from tests.running import ROOT

WINDOWS = Path(__file__).resolve().parent / "windows.jsonl"
PAGE = ROOT / "docs" / "explanation" / "real-services.md"
BEGIN, END = "<!-- the tables: make real -->", "<!-- end of the tables -->"
HEALTHY_SHARE = 0.95
LOADS = ("idle", "light")
LONGEST = 260
SHOWN = {
    "stable": "STABLE",
    "inconclusive": "INCONCLUSIVE",
    "attention": "NEEDS ATTENTION",
    "critical": "CRITICAL ISSUES",
}
QUIET = "❔ 1 check has no answer: "


def written():
    """The lines of every window recorded so far."""
    return [json.loads(line) for line in WINDOWS.read_text().splitlines()] if WINDOWS.exists() else []


def of(lines, **wanted):
    """The windows whose cell has these values."""
    return [line for line in lines if wanted.items() <= line["cell"].items()]


def stable(lines):
    """How many windows were STABLE, such as "19 of 20"."""
    return f"{sum(line['outcome'] == 'stable' for line in lines)} of {len(lines)}"


def missed(lines):
    """Describe each target that was missed."""
    for service in SERVICES:
        found = of(lines, service=service, is_target=True)
        healthy = of(found, fault=HEALTHY)
        good = sum(line["outcome"] == "stable" for line in healthy)
        if not healthy or good < HEALTHY_SHARE * len(healthy):
            yield f"{service}, healthy: {stable(healthy)} STABLE"
        for fault in FAULTS:
            broken = of(found, fault=fault)
            silent = [line for line in broken if cause(fault, line["sentence"]) is None]
            if not broken or silent or any(line["outcome"] == "stable" for line in broken):
                text = "; ".join(line["sentence"][:LONGEST] for line in silent)
                yield f"{service}, {fault}: {stable(broken)} STABLE, {len(silent)} do not name it: {text}"


def tables(lines):
    """Yield the lines of three tables: STABLE windows, how faults were named, and several workers."""
    yield "| service | load | " + " | ".join([HEALTHY, *FAULTS.values()]) + " |"
    yield "|---|---|" + "---|" * (1 + len(FAULTS))
    for name, service in SERVICES.items():
        for load in LOADS:
            row = of(lines, service=name, load=load, is_target=True)
            counts = [stable(of(row, fault=fault)) for fault in (HEALTHY, *FAULTS)]
            yield f"| {service.title} | {load} | " + " | ".join(counts) + " |"
    yield ""
    yield "How the comment's first paragraph names each fault, in so many of its windows:"
    yield ""
    yield "| service | fault | outcomes | named | as |"
    yield "|---|---|---|---|---|"
    for name, service in SERVICES.items():
        for fault, words in FAULTS.items():
            broken = of(lines, service=name, fault=fault, is_target=True)
            outcomes = Counter(line["outcome"] for line in broken)
            told = ", ".join(f"{count} {SHOWN[outcome]}" for outcome, count in outcomes.most_common())
            causes = [found for line in broken if (found := cause(fault, line["sentence"])) is not None]
            named = f"{len(causes)} of {len(broken)}"
            yield f"| {service.short} | {words} | {told} | {named} | {_usual(causes)} |"
    yield ""
    yield "A service behind `uvicorn --workers 4`, healthy, by what the plan reads:"
    yield ""
    yield "| the plan reads | answers name the process | load | STABLE | what is said otherwise |"
    yield "|---|---|---|---|---|"
    for cell in cells():
        if SERVICES[cell.service].workers > 1 and cell.fault == HEALTHY:
            found = of(lines, service=cell.service, fault=HEALTHY, load=cell.load, numbers=cell.numbers,
                       names_itself=cell.names_itself)  # fmt: skip
            other = [line["sentence"].removeprefix(QUIET) for line in found if line["outcome"] != "stable"]
            named = "yes" if cell.names_itself else "no"
            yield f"| {cell.numbers} | {named} | {cell.load} | {stable(found)} | {_usual(other)} |"


def _usual(texts):
    """The most frequent of the texts, compared without their numbers, shortened and escaped for a cell."""
    if not texts:
        return ""
    kinds = Counter(re.sub(r"[\d.]+", "#", text) for text in texts)
    ((kind, _),) = kinds.most_common(1)
    text = next(text for text in texts if re.sub(r"[\d.]+", "#", text) == kind)
    text = text if len(text) <= LONGEST else text[: LONGEST - 1].rsplit(" ", 1)[0] + " …"
    return text.replace("|", "¦").replace("<", "&lt;")


def page(lines):
    """The page with its tables replaced."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    return f"{before}{BEGIN}\n" + "\n".join(tables(lines)) + f"\n{END}{rest.partition(END)[2]}"
