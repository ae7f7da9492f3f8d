"""What the previous deployment logged and answered in its last hours: the crisis. Pure."""

from datetime import datetime, timedelta

from demo.railway.records import Line, Request

BEGAN_BEFORE_S = 7200.0
ENDED_BEFORE_S = 200.0
EVERY_S = 10.0
USUAL = (
    "INFO backend.jobs: background job did its work",
    "INFO backend.http: GET /api/workers 200 2 ms",
    "INFO backend.http: GET /api/history/TEST-02 200 2 ms",
)
CRISIS = (
    "ERROR backend.redis: Too many connections",
    "ERROR backend.redis: Redis not responding: No connection available.",
    "INFO backend.http: POST /api/occupation/tomar 500 5004 ms",
)


def incident_lines(started_at: datetime) -> list[Line]:
    """Return a usual line every ten seconds, and a bad one every half minute, until the next deployment."""
    lines = []
    for number in range(int((BEGAN_BEFORE_S - ENDED_BEFORE_S) / EVERY_S)):
        at = started_at - timedelta(seconds=BEGAN_BEFORE_S - number * EVERY_S)
        lines.append(Line(at=at, text=USUAL[number % 3], severity="info"))
        if number % 3 == 0:
            text = CRISIS[number // 3 % 3]
            severity = "error" if text.startswith("ERROR") else "info"
            lines.append(Line(at=at + timedelta(seconds=1), text=text, severity=severity))
    return lines


def incident_requests(started_at: datetime) -> list[Request]:
    """Return one request a minute, of which every third failed; the last well before the next deployment."""
    return [
        Request(
            at=started_at - timedelta(seconds=BEGAN_BEFORE_S - number * 60.0),
            request_id=f"incident-{number}",
            method="GET",
            path="/api/workers",
            host="service.test",
            status=500 if number % 3 == 0 else 200,
            total_ms=5004 if number % 3 == 0 else 2,
            user_agent="Mozilla/5.0",
        )
        for number in range(int((BEGAN_BEFORE_S - ENDED_BEFORE_S) / 60.0))
    ]
