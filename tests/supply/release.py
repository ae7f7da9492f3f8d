"""Check that a tag is the release that the files describe.

    python -m tests.supply.release --tag v0.1.0 --out dist

Writes the CHANGELOG's section to OUT/notes.md and the major version's tag to GITHUB_OUTPUT; exits with 1 and
a message if tag, package and CHANGELOG differ.
"""

import argparse
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def mistakes(tag, version, changelog):
    """Describe each difference in a sentence."""
    heading, _ = newest(changelog)
    if tag != f"v{version}":
        yield f"the tag is {tag}, and the package says {version}: tag v{version}, or change __version__"
    if heading != version:
        yield f"the CHANGELOG's newest heading is {heading}, and the package says {version}"


def newest(changelog):
    """The version of the newest heading, and the text below it."""
    found = re.search(r"^## (\S+).*\n((?:(?!## ).*\n?)*)", changelog, re.MULTILINE)
    return (found[1], found[2].strip()) if found else ("missing", "")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tag", required=True)
    parser.add_argument("--out", required=True, type=Path)
    options = parser.parse_args(arguments)
    package = (ROOT / "scripts" / "deploy_verdict" / "__init__.py").read_text()
    changelog = (ROOT / "CHANGELOG.md").read_text()
    version = re.search(r'^__version__ = "(.+)"$', package, re.MULTILINE)[1]
    found = list(mistakes(options.tag, version, changelog))
    if found:
        print("\n".join(found), file=sys.stderr)
        return 1
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "notes.md").write_text(newest(changelog)[1] + "\n")
    with Path(os.environ.get("GITHUB_OUTPUT", os.devnull)).open("a") as file:
        file.write(f"major=v{version.split('.')[0]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
