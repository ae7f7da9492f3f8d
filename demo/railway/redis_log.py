"""What the project's Redis logs: that it saved, and under one fault that it cannot. Pure."""

from datetime import datetime, timedelta

from demo.faults import REDIS_CANNOT_SAVE_AFTER_S, Fault
from demo.railway.records import Line
from demo.railway.story import Story

BEGAN_BEFORE = timedelta(hours=2)
SAVES_EVERY = timedelta(minutes=5)
SAVED = (
    "* 100 changes in 300 seconds. Saving...",
    "* Background saving started by pid 21",
    "* DB saved on disk",
    "* Background saving terminated with success",
)
CANNOT_SAVE = (
    "# Write error saving DB on disk(rdbSaveRio): No space left on device",
    "# Background saving error",
)


def redis_lines(story: Story, until: datetime) -> list[Line]:
    """Return four lines every five minutes, in Redis's own format, as on stdout."""
    begins = story.records.started_at - BEGAN_BEFORE
    moments = [begins + SAVES_EVERY * number for number in range((until - begins) // SAVES_EVERY + 1)]
    lines = [(at, text) for at in moments for text in SAVED]
    fails_at = story.at_plan_s(REDIS_CANNOT_SAVE_AFTER_S)
    if story.fault is Fault.REDIS_CANNOT_SAVE and story.records.probed_at and fails_at <= until:
        lines += [(fails_at, text) for text in CANNOT_SAVE]
    return [Line(at=at, text=f"1:M {_written(at)} {text}", severity="info") for at, text in lines]


def _written(at: datetime) -> str:
    return f"{at:%d %b %Y %H:%M:%S}.{at.microsecond // 1000:03}"
