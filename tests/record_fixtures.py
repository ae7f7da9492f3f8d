"""Record the data on which plans/zeues.yml is proven, from the demo: `python -m tests.record_fixtures`.

The healthy answers, those of each incident, and both logs; bodies are parsed if they are JSON.
"""

import json
import sys
import tempfile
from pathlib import Path

from demo.running import running
from tests.running import ROOT, script

PLAN = ROOT / "plans" / "zeues.yml"
FOLDER = ROOT / "plans" / "zeues"
INCIDENTS = ("pool-exhausted", "completar-bug", "old-pool-size")
LOGGED_IN_THE_INCIDENT = ("pool-exhausted", "completar-bug", "too-many-connections-in-log")
MOST_ANSWERS, MOST_READINGS = 3, 12


def main():
    FOLDER.mkdir(exist_ok=True)
    logs = {}
    for fault in ("none", *dict.fromkeys((*INCIDENTS, *LOGGED_IN_THE_INCIDENT))):
        answers, logs[fault] = recorded(fault)
        if fault in ("none", *INCIDENTS):
            name = "healthy" if fault == "none" else fault
            text = json.dumps(answers, ensure_ascii=False, indent=1)
            (FOLDER / f"{name}.json").write_text(text + "\n")
    (FOLDER / "healthy.log").write_text("\n".join(telling(logs["none"], 3)) + "\n")
    incident = [line for fault in LOGGED_IN_THE_INCIDENT for line in telling(logs[fault], 1)]
    (FOLDER / "incident.log").write_text("\n".join(incident) + "\n")


def recorded(fault):
    with tempfile.TemporaryDirectory() as made:
        log, out = Path(made) / "backend.log", Path(made) / "out"
        with running(fault=fault, speed=600, log=log) as backend:
            common = ("--plan", PLAN, "--out", out, "--speed", 600, "--without", "railway")
            script("watch_deployment", *common, "--target", backend.base_url, "--logs", log)
        files = sorted((out / "evidence").iterdir())
        return answers_of(json.loads(path.read_text()) for path in files), anonymous(log.read_text())


def answers_of(files):
    answers = {}
    for file in files:
        for seen in file["observations"]:
            if seen["kind"] == "http":
                add(answers, seen["check"], answer_of(seen), MOST_ANSWERS)
            elif seen["kind"] == "burst":
                for reading in seen["readings"][:3]:
                    add(answers, seen["check"], answer_of(reading), MOST_READINGS)
            elif seen["kind"] == "test" and file["offset_s"] == 0:
                steps_of(answers, seen)
    return answers


def add(answers, name, answer, most):
    """Keep an answer that differs from the known ones of its name in more than its times."""
    known = answers.setdefault(name, [])
    if len(known) < most and all(bare(answer) != bare(other) for other in known):
        known.append(answer)


def bare(answer):
    body = answer.get("json")
    if isinstance(body, dict):
        body = {key: value for key, value in body.items() if key != "timestamp"}
    return answer.get("status"), body, answer.get("body"), answer.get("fault")


def steps_of(answers, test):
    given = {}
    for step in test["steps"]:
        part = "before_each" if step["part"] == "before_each" else test["check"]
        exchanges = step["race"]["exchanges"] if step["race"] else filter(None, [step["exchange"]])
        given.setdefault(f"e2e/{part}/{step['name']}", []).extend(map(answer_of, exchanges))
    for name, seen in given.items():
        if seen:
            answers.setdefault(name, seen)


def answer_of(exchange):
    if exchange["fault"] is not None and exchange["status"] is None:
        kind = "timeout" if "timeout" in exchange["fault"]["kind"] else "refused"
        return {"fault": kind}
    answer = {"status": exchange["status"], "elapsed": f"{max(1, round(exchange['elapsed_ms']))}ms"}
    body = exchange["body"]
    try:
        return {**answer, "json": json.loads(body)}
    except ValueError:
        return {**answer, "body": body}


def telling(lines, most):
    """The first lines of each kind, tracebacks included; or only those of the incident, if there are any."""
    times, kept, keep = {}, [], False
    for line in lines:
        if line[:2] == "20":
            kind = " ".join(line.split()[1:5])
            times[kind] = times.get(kind, 0) + 1
            keep = times[kind] <= most
        if keep:
            kept.append(line)
    crowded = [line for line in kept if "Too many connections" in line]
    return crowded or kept


def anonymous(text):
    """The lines of a log, without the recording machine's paths."""
    for place, name in ((str(ROOT), "/app"), (sys.prefix, "/usr"), (sys.base_prefix, "/usr")):
        text = text.replace(place, name)
    return text.splitlines()


if __name__ == "__main__":
    main()
