"""The page of `compare`: a line for each run in every chart, harmless whatever the runs are called."""

import json
import re
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256

import pytest

from deploy_verdict.base.errors import UsageError
from deploy_verdict.cli.command import main
from deploy_verdict.window.directory.captured_runs import keep_capture
from deploy_verdict.window.judge_directory import read_verdict, write_verdict
from tests.bundles import T0
from tests.github.windows import COMMIT, POOLS, opened, read

HOSTILE = '<img src=x onerror=alert(1)>"x'
QUARTERS = tuple(900.0 * number for number in range(9))


@pytest.fixture
def runs(tmp_path):
    """Two windows of one plan; the second lacks its reading at T+30 min, and its folder's name is hostile."""
    made = []
    for name, used, missing in (("before", 15, None), (HOSTILE, 5, 1800.0)):
        offsets = tuple(offset_s for offset_s in QUARTERS if offset_s != missing)
        commit = COMMIT if name == "before" else "b" * 40
        _, out = opened(tmp_path / name, offsets=offsets, used=(used,), commit=commit)
        (out / "plan.yml").write_text(POOLS)
        bundle, _ = read(out)
        write_verdict(bundle, out, T0 + timedelta(hours=2), interrupted=False)
        made.append(
            out.rename(tmp_path / f"out-{len(made)}" if name == "before" else tmp_path / name / HOSTILE)
        )
    return made


def page_of(tmp_path, *names, more=()):
    path = tmp_path / "compared.html"
    assert main(["compare", *map(str, names), "--html", str(path), *more]) == 0
    return path.read_text()


def figures(page):
    titles = re.findall(r'<figcaption id="chart-\d+"><b>(.*?)</b>', page)
    return dict(zip(titles, page.split('<figure class="picture">')[1:], strict=True))


def test_every_chart_has_a_line_for_each_run(tmp_path, runs, capsys):
    page = page_of(tmp_path, *runs)
    assert "| Verdict " in capsys.readouterr().out
    found = figures(page)
    assert list(found) == ["Redis pool: peak", "Redis pool: mean", "Response times"]
    peak = found["Redis pool: peak"]
    assert re.findall(r'<path class="line (\w+)" d="M\d', peak) == ["one", "two", "one", "two"]
    assert "T+15min: out-0: 75; " in peak
    # What one run did not read is a gap in its line, and is said.
    assert re.search(r"<title>T\+30min: out-0: 75; &lt;img .*?: no reading</title>", peak)
    first, second = re.findall(r'<path class="line \w+" d="(M\d[^"]*M?[^"]*)"', peak)[:2]
    assert (first.count("M"), second.count("M")) == (1, 2)
    assert "critical at" in peak
    assert "<td>15</td><td>5</td>" in page
    assert f"<td>{COMMIT}</td><td>{'b' * 40}</td>" in page


def test_the_page_loads_nothing_and_its_policy_names_what_may_act(tmp_path, runs):
    page = page_of(tmp_path, *runs)
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    (script,), (style,) = (
        re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL) for tag in ("script", "style")
    )
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    assert policy.startswith("default-src 'none'; ")
    for text in (script, style):
        assert f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" in policy
    assert not re.findall(r'(?:src|href)="(?!#)', page)


def test_a_captured_run_stands_in_the_table_and_says_why_it_has_no_line(tmp_path, runs, capsys):
    bundle, _ = read(runs[0], runs[0] / "plan.yml")
    keep_capture(bundle, read_verdict(runs[0]), tmp_path / "crisis.json")
    page = page_of(tmp_path, tmp_path / "crisis.json", runs[1], more=["--json"])
    assert "crisis is a captured run: it keeps measures and no samples, so it has no line." in page
    columns = json.loads(capsys.readouterr().out)["columns"]
    assert [column["name"] for column in columns] == ["crisis", HOSTILE]
    assert re.findall(r'<path class="line (\w+)" d="M\d', figures(page)["Redis pool: peak"]) == ["two", "two"]


def test_deployments_are_found_by_id_and_commit_and_two_of_one_name_are_told_apart(tmp_path, runs):
    among = tmp_path / "windows"
    for number, out in enumerate(runs):
        (among / f"w{number}").mkdir(parents=True)
        out.rename(among / f"w{number}" / "x")
        (among / f"w{number}" / "x").rename(among / f"run-{number}")
    page = page_of(tmp_path, COMMIT[:7], "bbbb", more=["--among", str(among)])
    assert "run-0: " in page
    assert "run-1: " in page
    page = page_of(tmp_path, among / "run-0", among / "run-0")
    assert "run-0 (1): " in page
    assert "run-0 (2): " in page


@pytest.mark.parametrize("name", ["ccccccc", "b", "nowhere/at/all"])
def test_a_run_that_is_not_there_is_refused_with_those_that_are(tmp_path, runs, name):
    with pytest.raises(UsageError, match=rf"{name}: no such run, and no window in .* \(.*out-0: "):
        main(["compare", name, "--among", str(tmp_path)])
