"""Record the evidence of the demo's faults again: `PYTHONPATH=scripts python -m tests.record_faults [FAULT]`.

Only needed when the evidence's schema or the checks of plans/zeues.yml change. Fails at a window that does
not end as its story says.
"""

import io
import json
import lzma
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.record_stories import places
from tests.test_faults import EVIDENCE, STORIES, VARIABLES, assert_names_the_cause, watched


def main(only):
    for fault in only or STORIES:
        with tempfile.TemporaryDirectory() as folder:
            done, out = watched(fault, Path(folder))
            assert_names_the_cause(fault, done.returncode, out, done.stderr)
            (EVIDENCE / f"{fault}.tar.xz").write_bytes(packed(out, Path(folder)))


def packed(out, folder):
    """The window and its evidence as a .tar.xz, without the recording machine's paths."""
    target = json.loads((out / "window.json").read_text())["subject"]["target"]
    elsewhere = (*places(folder / "backend.log"), (str(folder), "/run"), (target, VARIABLES["TARGET_URL"]))
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as files:
        for path in [out / "window.json", *sorted((out / "evidence").iterdir())]:
            text = path.read_text()
            for place, instead in elsewhere:
                text = text.replace(place, instead)
            entry = tarfile.TarInfo(str(path.relative_to(out)))
            entry.size = len(text.encode())
            files.addfile(entry, io.BytesIO(text.encode()))
    return lzma.compress(made.getvalue(), preset=9)


if __name__ == "__main__":
    main(sys.argv[1:])
