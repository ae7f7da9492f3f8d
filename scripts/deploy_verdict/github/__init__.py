"""GitHub, through PyGithub: where a report goes, one comment that is updated, one status.

Our own texts are recognized by marker and author, as a marker alone could be quoted.
"""

from deploy_verdict.github.caller import RefusedError
from deploy_verdict.github.client import GitHub
from deploy_verdict.github.comments import CommentRef
from deploy_verdict.github.connection import Connection, connection_from
from deploy_verdict.github.destinations import Destination, IssueLabel, is_refused_place, marker_of

__all__ = [
    "CommentRef",
    "Connection",
    "Destination",
    "GitHub",
    "IssueLabel",
    "RefusedError",
    "connection_from",
    "is_refused_place",
    "marker_of",
]
