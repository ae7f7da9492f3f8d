"""A tag becomes a release only where the package and the CHANGELOG say the same version."""

import os
import subprocess
import sys

import pytest

from deploy_verdict import __version__
from tests.running import ROOT
from tests.supply.release import mistakes, newest

CHANGELOG = "# Changelog\n\nWords.\n\n## 1.2.3\n\nNew.\n\n### Parts\n- One.\n\n## 1.2.2\n\nOld.\n"


def released(folder, tag):
    environment = {**os.environ, "GITHUB_OUTPUT": str(folder / "output")}
    command = [sys.executable, "-m", "tests.supply.release", "--tag", tag, "--out", str(folder / "dist")]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_this_version_can_be_released(tmp_path):
    done = released(tmp_path, f"v{__version__}")
    assert (done.returncode, done.stderr) == (0, "")
    notes = (tmp_path / "dist" / "notes.md").read_text()
    assert notes.strip()
    assert f"## {__version__}\n\n{notes.strip()}" in (ROOT / "CHANGELOG.md").read_text()
    assert (tmp_path / "output").read_text() == f"major=v{__version__.split('.')[0]}\n"


def test_another_tag_is_refused_and_leaves_nothing(tmp_path):
    done = released(tmp_path, "v9.9.9")
    assert done.returncode == 1
    assert f"the tag is v9.9.9, and the package says {__version__}" in done.stderr
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize(("tag", "version", "changelog", "words"), [
    ("v1.2.3", "1.2.3", CHANGELOG, []),
    ("1.2.3", "1.2.3", CHANGELOG, ["the tag is 1.2.3"]),
    ("v1.2.4", "1.2.4", CHANGELOG, ["newest heading is 1.2.3"]),
    ("v1.2.2", "1.2.3", CHANGELOG, ["the tag is v1.2.2"]),
    ("v1.2.3", "1.2.3", "# Changelog\n", ["newest heading is missing"]),
])  # fmt: skip
def test_tag_package_and_changelog_are_one(tag, version, changelog, words):
    sentences = list(mistakes(tag, version, changelog))
    assert len(sentences) == len(words)
    assert all(word in sentence for word, sentence in zip(words, sentences, strict=True))


def test_the_notes_are_the_newest_section_alone():
    assert newest(CHANGELOG) == ("1.2.3", "New.\n\n### Parts\n- One.")
