"""Recognizes the lines that common servers write when one of their processes starts. Pure."""

import re

# A service's own process: it starts with a deployment, or restarts.
SERVICE_STARTS = re.compile(
    r"Started server process \[|Application startup complete|Uvicorn running on|Listening at: http|"
    r"[Ss]tarting gunicorn|Puma starting|Puma version|Nest application successfully started|"
    r"Now listening on: http|Application started\. Press|Tomcat started on port|"
    r"Started \w+ in [\d.<>]+ ?(?:s|ms|seconds)\b|[Ss]tarting (?:application|server|service)\b|"
    r"(?:[Ss]erver|[Ss]ervice|[Aa]pp\w*) (?:is )?(?:now )?(?:running|listening|started) (?:on|at) |"
    r"[Ll]istening on (?:port |https?:|[\d.]+:|:\d|\[?::)|Server initialized|Server started, |"
    r"[Rr]eady to accept connections|ready for connections|ready for start up"
)
# A worker of a service; many services recycle theirs by design.
WORKER_STARTS = re.compile(
    r"Booting worker|[Ww]orker \S+ (?:\([^)]*\) )?(?:booted|spawned)|spawned uWSGI worker"
)
