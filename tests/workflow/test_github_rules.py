"""Our workflow files break no rule of GitHub's that we know; each rule finds what is planted for it."""

import re

import pytest

from tests.workflow.expressions import condition, evaluated, filled
from tests.workflow.github_rules import RULES, Files, windows

FILES = Files.of_repository()
VERIFY, WATCH, POST = "docs/adopt/verify.yml", "docs/adopt/watch.yml", ".github/workflows/post.yml"
SHA = "0" * 40
# A caller, its watchdog and what it calls: the smallest that has a place for every mistake.
TEXTS = {
    VERIFY: f"""\
name: Verify
on:
  deployment_status:
  workflow_dispatch:
    inputs:
      plan: {{type: string, default: ""}}
      dry-run: {{type: boolean, default: false}}
permissions: {{}}
concurrency:
  group: verify-${{{{ github.run_id }}}}
  cancel-in-progress: false
jobs:
  verify:
    permissions: {{contents: read, statuses: write}}
    uses: OWNER/deploy-verdict/.github/workflows/post.yml@{SHA}
    with:
      plan: ${{{{ inputs.plan || 'plan.yml' }}}}
      dry-run: ${{{{ inputs.dry-run || false }}}}
    secrets:
      DOTENV: ${{{{ secrets.DOTENV }}}}
""",
    WATCH: f"""\
name: Watch
on:
  workflow_run: {{workflows: [Verify], types: [completed]}}
permissions: {{}}
concurrency:
  group: watch-${{{{ github.event.workflow_run.id }}}}
  cancel-in-progress: false
jobs:
  watch:
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions: {{actions: read}}
    steps:
      - uses: actions/checkout@{SHA}
      - run: python watch.py
""",
    POST: f"""\
name: Post
on:
  workflow_call:
    inputs:
      plan: {{type: string, default: ""}}
      dry-run: {{type: boolean, default: false}}
    secrets:
      DOTENV: {{required: false}}
permissions: {{}}
concurrency:
  group: window-${{{{ github.run_id }}}}
  cancel-in-progress: false
jobs:
  gate:
    timeout-minutes: 40
    permissions: {{contents: read}}
    environment: {{name: now, deployment: false}}
    outputs:
      open: ${{{{ steps.gate.outputs.open }}}}
      samples: ${{{{ steps.gate.outputs.samples }}}}
      places: ${{{{ steps.gate.outputs.places }}}}
    steps:
      - id: gate
        env: {{PLAN: "${{{{ inputs.plan }}}}", TOKEN: "${{{{ secrets.GITHUB_TOKEN }}}}"}}
        run: python tool ci gate --plan "$PLAN"
      - uses: actions/upload-artifact@{SHA}
        with: {{name: "window-a${{{{ github.run_attempt }}}}"}}
  sample:
    needs: gate
    if: ${{{{ needs.gate.outputs.open == 'true' && needs.gate.outputs.samples != '' }}}}
    timeout-minutes: 360
    permissions: {{contents: read, statuses: write}}
    strategy:
      matrix: {{sample: "${{{{ fromJSON(format('[\\"{{0}}\\"]', needs.gate.outputs.samples)) }}}}"}}
    steps:
      - env:
          SAMPLE: ${{{{ matrix.sample }}}}
          DOTENV: ${{{{ secrets.DOTENV }}}}
          PLACE: ${{{{ fromJSON(needs.gate.outputs.places)[0] }}}}
        run: python tool ci sample --samples "$SAMPLE"
      - uses: actions/upload-artifact@{SHA}
        with: {{name: "evidence-${{{{ matrix.sample }}}}-a${{{{ github.run_attempt }}}}"}}
""",
}
MATRIX = """matrix: {sample: "${{ fromJSON(format('[\\"{0}\\"]', needs.gate.outputs.samples)) }}"}"""
GATE_READS = "secrets.GITHUB_TOKEN }}"
# The rule, the file, what stands there, what stands there instead, and words of what must be found.
PLANTED = [
    ("no_deadlock", POST, "group: window-", "group: Verify-", "both in the group 'verify-1001'"),
    (
        "no_deadlock",
        POST,
        "  gate:\n",
        "  gate:\n    concurrency: 'verify-${{ github.run_id }}'\n",
        "job gate",
    ),
    (
        "no_deadlock",
        VERIFY,
        "    uses:",
        "    concurrency: 'window-${{ github.run_id }}'\n    uses:",
        "job verify",
    ),
    (
        "no_deadlock",
        VERIFY,
        "verify-${{ github.run_id",
        "${{ github.event_name == 'deployment_status' && 'window' || 'w' }}-${{ github.run_id",
        "on deployment_status",
    ),
    (
        "no_run_replaced_unseen",
        WATCH,
        "watch-${{ github.event.workflow_run.id }}",
        "watch",
        "share the group 'watch'",
    ),
    (
        "no_run_replaced_unseen",
        VERIFY,
        "github.run_id",
        "github.event.deployment.environment || 'hand'",
        "'verify-zeues / production'",
    ),
    ("no_run_replaced_unseen", POST, "  sample:\n", "  sample:\n    concurrency: sampling\n", "'sampling'"),
    ("matrix_holds_jobs", POST, " && needs.gate.outputs.samples != ''", "", "lets an empty matrix through"),
    (
        "matrix_holds_jobs",
        POST,
        MATRIX,
        f"matrix: {{a: {list(range(17))}, b: {list(range(16))}}}",
        "272 legs",
    ),
    (
        "matrix_holds_jobs",
        POST,
        MATRIX,
        "matrix: {include: []}",
        "0 legs",
    ),
    (
        "jobs_have_their_time",
        POST,
        "timeout-minutes: 40",
        "timeout-minutes: 20",
        "job gate alone: 20 min, but needs 25",
    ),
    ("jobs_have_their_time", POST, "    timeout-minutes: 40\n", "", "job gate: no timeout-minutes"),
    ("jobs_have_their_time", POST, "timeout-minutes: 360", "timeout-minutes: 100", "job sample 120: 100 min"),
    ("jobs_have_their_time", POST, "timeout-minutes: 360", "timeout-minutes: 361", "361 min"),
    ("jobs_have_their_time", WATCH, "watch.py", "watch.py --wait 10m", "10 min, but needs 15"),
    (
        "rights_are_the_callers",
        VERIFY,
        "statuses: write",
        "statuses: read",
        "job sample asks for statuses: write",
    ),
    ("rights_are_the_callers", VERIFY, "contents: read, ", "", "asks for contents: read"),
    (
        "rights_are_the_callers",
        POST,
        "permissions: {contents: read}",
        "permissions: write-all",
        "does not list what it",
    ),
    (
        "inputs_and_secrets_arrive",
        VERIFY,
        "      plan: ${{ inputs.plan || 'plan.yml' }}\n",
        "",
        "input plan is not passed",
    ),
    (
        "inputs_and_secrets_arrive",
        VERIFY,
        "    with:\n",
        "    with:\n      pace: 2\n",
        "input pace is not declared there",
    ),
    (
        "inputs_and_secrets_arrive",
        VERIFY,
        "      DOTENV: ${{ secrets.DOTENV }}\n",
        "      OTHER: x\n",
        "secret DOTENV is not",
    ),
    (
        "inputs_and_secrets_arrive",
        VERIFY,
        "inputs.dry-run || false",
        "inputs.dry-run",
        "boolean input dry-run gets None",
    ),
    ("inputs_and_secrets_arrive", VERIFY, "'plan.yml' }}", "inputs.plam }}", "inputs.plam is not declared"),
    ("inputs_and_secrets_arrive", POST, GATE_READS, "secrets.TOKEN }}", "secrets.TOKEN is not declared"),
    (
        "inputs_and_secrets_arrive",
        POST,
        "    needs: gate\n    if: ${{ ",
        "    needs: gate\n    if: ${{ inputs.x || ",
        "inputs.x is not declared",
    ),
    (
        "artifacts_have_their_own_names",
        POST,
        "evidence-${{ matrix.sample }}",
        "evidence",
        "both upload 'evidence-a1'",
    ),
    (
        "artifacts_have_their_own_names",
        POST,
        "window-a",
        "evidence-015-a",
        "both upload 'evidence-015-a1'",
    ),
    (
        "artifacts_have_their_own_names",
        POST,
        "window-a${{ github.run_attempt }}",
        "window",
        "in its second attempt",
    ),
    (
        "artifacts_have_their_own_names",
        VERIFY,
        "    permissions: {c",
        "    strategy: {matrix: {mode: [a, b]}}\n    permissions: {c",
        "both upload 'window-a1'",
    ),
    ("no_output_is_masked", POST, GATE_READS, "secrets.DOTENV }}", "secrets.DOTENV may mask a brace"),
    ("no_output_is_masked", POST, GATE_READS, "toJSON(secrets) }}", "secrets.… may mask"),
    (
        "no_output_is_masked",
        POST,
        "permissions: {}\n",
        "permissions: {}\nenv: {A: '${{ secrets.DOTENV }}'}\n",
        "DOTENV",
    ),
    (
        "nothing_rests_on_a_file_with_a_schedule",
        WATCH,
        "on:\n",
        "on:\n  schedule: [{cron: 0 0 * * *}]\n",
        "workflow_run ends",
    ),
    ("environments_make_no_deployment", POST, "{name: now, deployment: false}", "{name: now}", "job gate"),
    ("environments_make_no_deployment", POST, "{name: now, deployment: false}", "now", "job gate"),
    ("no_expression_in_a_script", WATCH, "watch.py", "watch.py ${{ github.run_id }}", "job watch"),
    ("actions_are_pinned", WATCH, f"checkout@{SHA}", "checkout@v7", "actions/checkout@v7"),
    ("actions_are_pinned", VERIFY, f"post.yml@{SHA}", "post.yml@main", "post.yml@main"),
    (
        "watched_workflows_exist",
        VERIFY,
        "name: Verify",
        "name: Verify deployment",
        "no workflow is named 'Verify'",
    ),
]
BY_NAME = {rule.__name__: rule for rule in RULES}


def found(rule, files):
    return list(dict.fromkeys(rule(files)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_our_files_break_no_rule(rule):
    assert found(rule, FILES) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_small_repository_breaks_no_rule(rule):
    assert found(rule, Files.of(TEXTS)) == []


@pytest.mark.parametrize(("name", "path", "there", "instead", "words"), PLANTED)
def test_a_planted_violation_is_found_by_its_rule(name, path, there, instead, words):
    assert there in TEXTS[path]
    broken = Files.of({**TEXTS, path: TEXTS[path].replace(there, instead)})
    sentences = found(BY_NAME[name], broken)
    assert [text for text in sentences if words in text], sentences


def test_each_rule_has_a_planted_violation_and_names_its_source():
    assert {name for name, *_ in PLANTED} == set(BY_NAME)
    for rule in RULES:
        assert re.search(r"docs\.github\.com|[\w.-]+/[\w.-]+#\d+", rule.__doc__), rule.__name__


def test_an_older_run_may_go_where_the_file_says_so():
    everyone = TEXTS[WATCH].replace("watch-${{ github.event.workflow_run.id }}", "watch")
    saying = {
        "# Only the newest counts.\nconcurrency:": "concurrency:",
        "cancel-in-progress: true": "cancel-in-progress: false",
        "queue: max": "cancel-in-progress: false",
    }
    for instead, there in saying.items():
        files = Files.of({**TEXTS, WATCH: everyone.replace(there, instead)})
        assert found(BY_NAME["no_run_replaced_unseen"], files) == []


def test_the_steps_of_our_own_actions_count():
    using = TEXTS[WATCH].replace("run: python watch.py", "uses: ./verdict-tool/.github/actions/prepare")
    action = (
        "runs: {using: composite, steps: [{run: 'watch.py --wait 30m ${{ x }}'}, {uses: actions/cache@v5}]}"
    )
    files = Files.of({**TEXTS, WATCH: using}, {"prepare": action})
    assert len(found(BY_NAME["jobs_have_their_time"], files)) == 1
    assert found(BY_NAME["no_expression_in_a_script"], files) == [
        "action prepare: watch.py --wait 30m ${{ x }}"
    ]
    assert found(BY_NAME["actions_are_pinned"], files) == ["action prepare: actions/cache@v5"]


@pytest.mark.parametrize("used", ["./", "$/", f"OWNER/deploy-verdict@{SHA}"])
def test_the_inputs_of_our_own_action_are_held_too(used):
    action = {"action.yml": "inputs: {plan: {required: true}}\nruns: {using: composite, steps: []}"}
    rule = BY_NAME["inputs_and_secrets_arrive"]
    mistakes = {
        "plan: a": None,
        "plan: a, pace: 2": "pace is not declared there",
        "": "plan is not passed on",
    }
    for given, words in mistakes.items():
        using = TEXTS[WATCH].replace("run: python watch.py", f"{{uses: '{used}', with: {{{given}}}}}")
        sentences = found(rule, Files.of({**TEXTS, WATCH: using}, action))
        assert len(sentences) == (words is not None)
        assert all(words in sentence for sentence in sentences)


def test_every_plan_is_spread_over_jobs_in_every_mode():
    assert {window.name.rsplit(" ", 1)[1] for window in windows()} == {"timer", "sleep", "single"}
    assert all(window.outputs["samples"].count('","') + 1 == len(window.takes_min) for window in windows())


def test_two_jobs_that_never_run_together_may_upload_one_name():
    declared = "      dry-run: {type: boolean, default: false}\n"
    kinds = TEXTS[POST].replace("  workflow_call:\n", "  workflow_dispatch:\n    inputs:\n"
                                "      kind: {type: string, default: window}\n      plan: {type: string}\n"
                                f"{declared}  workflow_call:\n")  # fmt: skip
    later = f"""\
  later:
    if: ${{{{ inputs.kind == 'tail' }}}}
    timeout-minutes: 10
    permissions: {{contents: read}}
    steps:
      - uses: actions/upload-artifact@{SHA}
        with: {{name: "window-a${{{{ github.run_attempt }}}}"}}
"""
    rule = BY_NAME["artifacts_have_their_own_names"]
    both = kinds + later
    assert any("job later" in text for text in found(rule, Files.of({**TEXTS, POST: both})))
    apart = both.replace("  gate:\n", "  gate:\n    if: ${{ inputs.kind != 'tail' }}\n")
    assert found(rule, Files.of({**TEXTS, POST: apart})) == []


# What GitHub's own evaluator (npm @actions/expressions 0.3.61) gives for these.
@pytest.mark.parametrize(("text", "value"), [
    ("github.none || 'other'", "other"),
    ("github.run_id && 'yes' || 'no'", "yes"),
    ("'' || false", False),
    ("'Prod' == 'prod'", True),
    ("null == ''", True),
    ("true == 1", True),
    ("'1' == 1", True),
    ("!github.none", True),
    ("github.event['a b'].C", "deep"),
    ("github.list[1]", "y"),
    ("startsWith('Verify-t', 'verify-')", True),
    ("contains(github.list, 'Y')", True),
    ("contains('Hello', 'ELL')", True),
    ("format('{0}-{1} {{x}}', 'a', 2)", "a-2 {x}"),
    ("fromJSON('[1, 2]')[0]", 1),
    ("join(github.list, '+')", "x+y"),
    ("'it''s'", "it's"),
    ("(false || true) && !(1 == 2)", True),
    ("1 != 2 && 'x' || 'y'", "x"),
])  # fmt: skip
def test_an_expression_has_githubs_value(text, value):
    github = {"run_id": 5, "event": {"a b": {"c": "deep"}}, "list": ["x", "y"]}
    assert evaluated(text, {"github": github}) == value
    assert type(evaluated(text, {"github": github})) is type(value)


def test_a_template_keeps_the_type_of_one_expression_alone():
    context = {"matrix": {"timeout": 15}, "inputs": {}}
    assert filled("${{ matrix.timeout }}", context) == 15
    assert filled("a-${{ matrix.timeout }}-${{ inputs.none }}", context) == "a-15-"
    assert condition("matrix.timeout == 15", context)
    assert not condition("${{ inputs.none }}", context)
