"""What a job of GitHub Actions hands to the next ones: GITHUB_OUTPUT."""

from collections.abc import Mapping
from pathlib import Path

from deploy_verdict.errors import EvidenceError
from deploy_verdict.leaving import cleaned


def write_outputs(environment: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Append outputs, each on one line; nothing outside of GitHub Actions. Raises EvidenceError."""
    path = environment.get("GITHUB_OUTPUT")
    if not path:
        return
    # A value with a line break could be read as another output.
    lines = [f"{name}={' '.join(cleaned(value).splitlines())}\n" for name, value in outputs.items()]
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write("".join(lines))
    except OSError as error:
        raise EvidenceError(f"GITHUB_OUTPUT: {path} cannot be written ({error.strerror})") from error
