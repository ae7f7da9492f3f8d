"""Write the workflow files by which a service's repository on GitHub calls this release; list the secrets.

    deploy-verdict adopt --plan verification.yml
    deploy-verdict adopt --plan verification.yml --from owner/deploy-verdict --commit 0a1b2c…

Run it in the service's repository. Writes .github/workflows/verify-*.yml with this release's commit, the
plan's path and the permissions of each job; a file that differs is replaced with --force only. Then it lists
each secret and variable by name, with the command that sets it. Nothing is committed or sent.

Exit codes: 0 the files are written, or were there; 2 wrong usage or plan, or a file differs; 3 trouble.
"""

import argparse
import re
from datetime import UTC, datetime
from pathlib import Path

from deploy_verdict.base.errors import UsageError
from deploy_verdict.cli.options import add_plan


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options to its parser."""
    add_plan(parser)
    add = parser.add_argument
    add("--dir", type=Path, default=Path(), metavar="DIR", help="the service's repository (.)")
    add("--repository", metavar="OWNER/NAME", help="its name on GitHub, instead of its git remote's")
    add("--from", dest="source", metavar="OWNER/NAME", help="where deploy-verdict lies on GitHub")
    add("--commit", metavar="SHA", help="the release's commit, all 40 digits: a tag can be moved")
    add("--one-job", action="store_true", help="one job holds the window: fewer files, no wait timers")
    add("--force", action="store_true", help="replace files that differ")


def main(options: argparse.Namespace) -> int:
    """Run the verb; return its exit code."""
    from deploy_verdict import __version__  # noqa: PLC0415  # --help needs none of it
    from deploy_verdict.adopt.caller_files import CALLERS, IN_ONE_JOB, settings, written  # noqa: PLC0415
    from deploy_verdict.adopt.post_preview import stand_ins  # noqa: PLC0415
    from deploy_verdict.adopt.release import Source, release_source, remote_of  # noqa: PLC0415
    from deploy_verdict.base.atomic_files import write_complete  # noqa: PLC0415
    from deploy_verdict.base.package_data import data_folder  # noqa: PLC0415
    from deploy_verdict.window.directory.plan_file import environment_for, load_plan  # noqa: PLC0415

    known = release_source()
    source = Source(options.source or known.repository, options.commit or known.commit)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", source.repository):
        raise UsageError("adopt: it is not known where this release lies — give --from OWNER/deploy-verdict")
    if not re.fullmatch(r"[0-9a-f]{40}", source.commit):
        raise UsageError("adopt: the release's commit is not known — give --commit with its 40 digits")
    plan = load_plan(
        options.plan, datetime.now(UTC), variables=stand_ins(options.plan, environment_for(options.plan))
    )
    root = options.dir.resolve()
    if not options.plan.resolve().is_relative_to(root):
        raise UsageError(f"{options.plan} is not in {options.dir} — the workflow reads it there: copy it")
    plan_path = options.plan.resolve().relative_to(root).as_posix()
    if not re.fullmatch(r"[\w./-]+", plan_path):
        raise UsageError(f"{plan_path}: give the plan a path without spaces and quotes")
    folder = data_folder("docs/adopt")
    names = IN_ONE_JOB if options.one_job else CALLERS
    texts = written({name: (folder / name).read_text() for name in names}, source, __version__, plan_path)
    for name, text in texts.items():
        path = options.dir / ".github" / "workflows" / name
        if path.exists() and path.read_text() != text and not options.force:
            raise UsageError(f"{path} differs from what this release writes — replace it with --force")
    for name, text in texts.items():
        path = options.dir / ".github" / "workflows" / name
        write_complete(path, text)
        print(f"wrote {path}")
    repository = options.repository or remote_of(options.dir)
    print("\nSet, once (gh asks for the value):")
    for command in settings(plan, options.plan.read_text(), repository):
        print(f"  {command}")
    print(f"\nThen commit the files and {plan_path}, and start it once by hand, with dry-run ticked:")
    print(
        "  Actions, Verify deployment, Run workflow"
        if not options.one_job
        else "  Actions, Verify in one job"
    )
    if not options.one_job:
        on = f"GITHUB_REPOSITORY={repository or 'owner/name'}"
        print(f"\nFor wait timers, in a public repository or with GitHub Enterprise, as its administrator:\n"
              f"  {on} GITHUB_TOKEN=… deploy-verdict setup-github --plan {plan_path}")  # fmt: skip
    return 0
