"""What must hold of a directory and a comment after a fault, each as one assertion with its reason."""

import signal
from xml.etree import ElementTree

from deploy_verdict.actions.start.run_record import known_run
from deploy_verdict.github import marker_of
from deploy_verdict.model import LedgerObservation, Loaded, VerdictOutcome
from deploy_verdict.publish.bad_news import news_in
from deploy_verdict.publish.comment_state import state_in
from deploy_verdict.publish.sent_notifications import SENT_FILE, SentNotification, sent_outcome
from deploy_verdict.stages.writes.open_entries import unsettled
from deploy_verdict.window.directory.evidence_store import read_evidence
from deploy_verdict.window.directory.history import EarlierVerdict
from deploy_verdict.window.directory.session import read_window
from deploy_verdict.window.judge_directory import VERDICT_FILE, read_verdict
from tests.stages.test_write_ledger import is_free

# The members are defined from best to worst.
RANK = {outcome: number for number, outcome in enumerate(VerdictOutcome)}
VERDICTS = (0, 10, 11, 12)
ENTITY = "tag_spool=TEST-02"
KILLED = (-signal.SIGKILL, -signal.SIGTERM)
COLLECTING = ("check_health", "sample", "run_e2e", "ci sample", "ci close")
TEXTS = {"POST-DEPLOYMENT-MONITORING-REPORT.md": "\n", "report.html": "</html>\n", "comment.md": "\n"}


def ended_as_told(done):
    """It ended by the signal, with its work done, or with exit 2 or 3 and a message of what stopped it."""
    assert "Traceback" not in done.stderr, done.stderr
    if done.returncode in (*KILLED, *VERDICTS):
        return
    assert done.returncode in (2, 3), (done.returncode, done.stderr)
    last = (done.stderr.strip().splitlines() or [""])[-1]
    assert "stopped" in last or "—" in last, f"says nothing of what to do: {done.stderr!r}"


def nothing_is_half(place):
    """(a) Every file of ours is complete; only a history's last line may be torn."""
    out = place.out
    for item in read_evidence(out / "evidence"):
        assert isinstance(item, Loaded), f"{item.name}: {item.reason}"
    read_window(out)
    known_run(out)
    if (out / VERDICT_FILE).exists():
        read_verdict(out)
    if (out / SENT_FILE).exists():
        SentNotification.model_validate_json((out / SENT_FILE).read_bytes())
    if (out / "junit.xml").exists():
        ElementTree.parse(out / "junit.xml")
    if (out / "plan.yml").exists():
        assert (out / "plan.yml").read_text() == (place.folder.parent / "plan.yml").read_text()
    for name, end in TEXTS.items():
        assert not (out / name).exists() or (out / name).read_text().endswith(end), name


def rubbish(place):
    """The temporary files of writes that never completed."""
    return set(place.out.rglob(".*.tmp"))


def taken(place):
    """The complete evidence files, by name, and their bytes."""
    return {
        item.name: (place.out / "evidence" / item.name).read_bytes()
        for item in read_evidence(place.out / "evidence")
        if isinstance(item, Loaded) and not item.evidence.interrupted
    }


def reported_is_there(place, step, done):
    """(b) Each file that a collector printed exists; it is complete unless the collector was stopped."""
    if step.startswith(COLLECTING):
        whole = taken(place)
        for line in done.stdout.splitlines():
            if line.startswith("out/evidence/"):
                assert (place.folder / line).exists(), line
                assert "stopping" in done.stderr or line.rpartition("/")[2] in whole, line


def nothing_is_lost(place, before):
    """(b) Every file that was complete before exists unchanged."""
    now = taken(place)
    assert {name: now.get(name) for name in before} == before


def never_better(place, outcome):
    """(d) The verdict, which must not be better than the uninterrupted run's; (e) the reports exist."""
    verdict = read_verdict(place.out)
    assert RANK[verdict.outcome] >= RANK[VerdictOutcome(outcome)], verdict.outcome
    for name in TEXTS:
        assert (place.out / name).stat().st_size > 200
    return verdict.outcome


def comment_is_final(place, outcome=None):
    """(c) The repository has one comment of ours, in its final state, and at most one alarm of each kind."""
    marker = marker_of("x").partition("x")[0]
    every = [row for rows in place.hub.comments.values() for row in rows if row["body"].startswith(marker)]
    kinds = [state.kind for row in every if (state := news_in(row["body"]))]
    assert len(kinds) == len(set(kinds)), kinds
    ours = [row for row in every if not news_in(row["body"])]
    assert len(ours) == 1, [row["body"][:200] for row in ours]
    state = state_in(ours[0]["body"])
    assert state.state in (("final",) if outcome else ("final", "lost")), state
    assert state.outcome == outcome or outcome is None
    assert place.hub.statuses[-1]["state"] != "pending"
    assert place.hub.mistakes == []


def owed(place):
    """The ledger entries that no run has settled, without those that the service refuses to restore."""
    files = [item for item in read_evidence(place.out / "evidence") if isinstance(item, Loaded)]
    seen = [observation for item in files for observation in item.evidence.observations]
    entries = [entry for item in seen if isinstance(item, LedgerObservation) for entry in item.entries]
    return [entry for entry in unsettled(entries) if entry.check not in place.left]


def held_is_named(place):
    """(f) While the test entity is held, an unsettled ledger entry names it."""
    if not is_free(place.environment["TARGET_URL"]):
        named = {entity for entry in owed(place) for entity in entry.entities}
        assert ENTITY in named, f"{ENTITY} is held, and the ledger owes only {named}"


def restored(place):
    """(f) After the next run the test entity is free, and no ledger entry is open."""
    assert owed(place) == []
    assert is_free(place.environment["TARGET_URL"]), f"{ENTITY} is held still"


def is_noted(place):
    """Whether the window's directory records that this verdict was sent as a notification."""
    verdict = read_verdict(place.out)
    return sent_outcome(place.out, verdict) is verdict.outcome


def told_again_if_not_noted(place, done, sent, noted):
    """(g) A verdict recorded as sent is not sent again; one that was not recorded is.

    A run killed between sending a notification and recording it thus sends it twice: delivery is at least
    once.
    """
    news = read_verdict(place.out).outcome is not VerdictOutcome.STABLE
    assert len(place.told) - sent == (news and not noted), (done.stdout, done.stderr)
    assert is_noted(place) == news
    assert not noted or "was already sent for this window" in done.stdout


def was_told(place, times=(1,)):
    """(g) The latest verdict was sent this many times; nothing was sent for a stable window."""
    outcome = read_verdict(place.out).outcome
    if outcome is VerdictOutcome.STABLE:
        assert place.told == []
        return
    assert len(place.told) in times, place.told
    assert {message["message"].partition(":")[0] for message in place.told} == {outcome.shown}
    assert is_noted(place)


def history_is_read(place):
    """A torn line of the history loses only itself: the lines after it are read."""
    path = place.out / "history.jsonl"
    path = path if path.exists() else place.folder / "history.jsonl"
    assert EarlierVerdict.model_validate_json(path.read_bytes().splitlines()[-1])
