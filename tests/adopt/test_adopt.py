"""`adopt` writes callers that GitHub's rules have nothing against, and names each secret."""

import re
import subprocess

import pytest
import yaml

from deploy_verdict.adopt.release import owner_and_name
from tests.running import ROOT, script

SHA = "0a1b2c3d" * 5
PLAN = """
version: 1
name: shop
service: {base_url: "${TARGET_URL}", headers: {X-Key: "${SHOP_KEY}"}}
railway: {project: "${RAILWAY_PROJECT_ID:-}", service: s}
health: [{name: api, get: /, expect: {status: 200, $.ok: true}}]
"""


@pytest.fixture
def service(tmp_path):
    """A service's repository with a remote and a plan."""
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "plan.yml").write_text(PLAN)
    for command in (["init", "-q"], ["remote", "add", "origin", "git@github.com:acme/shop.git"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def adopted(service, *more):
    return script("adopt", "--plan", "ops/plan.yml", "--from", "tools/deploy-verdict", "--commit", SHA,
                  *more, cwd=service)  # fmt: skip


def test_every_file_is_written_with_the_release_and_the_plan(service):
    done = adopted(service)
    assert done.returncode == 0, done.stderr
    files = sorted((service / ".github" / "workflows").glob("*.yml"))
    assert len(files) == 4
    for path in files:
        text = path.read_text()
        assert "OWNER" not in text
        assert "0" * 40 not in text
        assert "verification.yml" not in text
        assert not re.search(r"Copy this file", text)
        template = (ROOT / "docs" / "adopt" / path.name).read_text()
        (job,) = yaml.safe_load(text)["jobs"].values()
        (before,) = yaml.safe_load(template)["jobs"].values()
        assert job["permissions"] == before["permissions"]
        assert re.fullmatch(rf"tools/deploy-verdict/\.github/workflows/[\w-]+\.yml@{SHA}", job["uses"])
        called = ROOT / job["uses"].removeprefix("tools/deploy-verdict/").partition("@")[0]
        assert called.is_file()
    assert "|| 'ops/plan.yml' }}" in files[0].read_text()


def test_each_secret_and_variable_has_its_command_with_the_repository(service):
    told = adopted(service).stdout
    for command in ("gh secret set RAILWAY_TOKEN", "gh secret set DEPLOY_VERDICT_DOTENV",
                    "gh variable set TARGET_URL", "gh variable set RAILWAY_PROJECT_ID"):  # fmt: skip
        assert f"{command} --repo acme/shop" in told
    assert "SHOP_KEY" in told


def test_a_changed_file_is_kept_and_the_same_one_is_no_trouble(service):
    adopted(service)
    assert adopted(service).returncode == 0
    path = service / ".github" / "workflows" / "verify-later.yml"
    path.write_text("name: mine\n")
    refused = adopted(service)
    assert (refused.returncode, path.read_text()) == (2, "name: mine\n")
    assert "--force" in refused.stderr
    assert adopted(service, "--force").returncode == 0
    assert "mine" not in path.read_text()


def test_a_plan_elsewhere_is_refused(service, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "plan.yml"
    other.write_text(PLAN)
    done = script("adopt", "--plan", other, "--from", "a/b", "--commit", SHA, cwd=service)
    assert done.returncode == 2
    assert "copy it" in done.stderr


def test_one_job_needs_two_files(service):
    done = adopted(service, "--one-job")
    assert done.returncode == 0, done.stderr
    text = (service / ".github" / "workflows" / "verify-in-one-job.yml").read_text()
    assert f"uses: tools/deploy-verdict@{SHA}" in text
    assert "plan: ops/plan.yml" in text


@pytest.mark.parametrize(
    "address",
    ["git@github.com:a/b.git", "https://github.com/a/b", "https://x:y@github.com/a/b.git", "ssh://git@github.com/a/b",
     "git+https://github.com/a/b.git"],
)  # fmt: skip
def test_owner_and_name_of_every_form_of_address(address):
    assert owner_and_name(address) == "a/b"


def test_another_host_is_no_repository_on_github():
    assert owner_and_name("https://git.example.com/github.com/a/b.git") == ""
