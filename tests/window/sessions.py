"""A session on a window whose clock a test turns, with a Railway over a real socket."""

from datetime import timedelta

from deploy_verdict.base.clock import Stop
from deploy_verdict.model import Subject
from deploy_verdict.window.directory.session import Runtime, open_window, start_session
from tests.bundles import T0
from tests.clocks import TurnedClock

TOKEN = {"projectToken": {"projectId": "p", "environmentId": "e", "environment": {"name": "production"}}}


def session_on(plan, out, *, railway=None, deployment="d1", **more):
    """A session on a window that opens now, and its messages; `more` are fields of window.json."""
    told = []
    environment = {"RAILWAY_TOKEN": "token-of-tests", "RAILWAY_API_URL": railway} if railway else {}
    runtime = Runtime(clock=TurnedClock(), stop=Stop(), tell=told.append, environment=environment)
    subject = Subject(target=plan.service.base_url, service="small", deployment=deployment)
    file = open_window(plan, out, subject, clock=runtime.clock, speed=1.0, **more)
    session = start_session(plan, out, file, runtime)
    return session, told


def stamped(number_s, text=""):
    """A line of a log, this many seconds after T0."""
    return f"{T0 + timedelta(seconds=number_s):%Y-%m-%dT%H:%M:%SZ} INFO {text or 'GET /api'}\n"
