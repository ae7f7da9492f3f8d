"""Run our command and scripts as real processes in a scrubbed environment."""

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "scripts" / "deploy_verdict"
SCRUBBED = ("GITHUB_", "ACTIONS_", "GH_", "RAILWAY_", "TARGET_URL")
TIMEOUT_S = 300
# `make test-all` starts each script in a new interpreter, as users do.
FRESH = os.environ.get("DEPLOY_VERDICT_FRESH_PROCESSES") == "1" or not hasattr(socket, "SOCK_SEQPACKET")


def script(name, *arguments, cwd=ROOT, environment=None):
    """Run scripts/NAME.py, or the verb NAME such as "ci gate", to its end; returns the finished process."""
    asked, env = command(name, *arguments), scrubbed(environment)
    # A running interpreter ignores the variables that are read only at its start.
    if FRESH or any(variable.startswith(("PYTHON", "LC_", "LANG")) for variable in environment or {}):
        return subprocess.run(asked, cwd=cwd, env=env, capture_output=True, text=True, timeout=TIMEOUT_S,
                              check=False)  # fmt: skip
    return _forked(asked, cwd, env)


def program(name):
    """The arguments that make Python run scripts/NAME.py, or the verb NAME of the command."""
    path = ROOT / "scripts" / f"{name}.py"
    return [str(path)] if path.exists() else [str(PACKAGE), *name.split()]


def command(name, *arguments):
    return [sys.executable, *program(name), *map(str, arguments)]


def modules_loaded(path, *arguments):
    """The names of all modules in a process that has run a script, or the package, to its end."""
    code = (
        "import runpy, sys\n"
        f"sys.path.insert(0, {str(PACKAGE.parent)!r})\n"
        f"sys.argv = {[str(path), *map(str, arguments)]!r}\n"
        # Otherwise the script would end the process before its modules are listed.
        "sys.setprofile(lambda *_: None)\n"
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines())


def tops(modules):
    """Of each module, the package or module at the top."""
    return {name.split(".")[0] for name in modules}


def scrubbed(environment=None):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SCRUBBED)}
    return {**kept, **(environment or {})}


def server(command, environment, stdout, stderr):
    """Start a server of ours that runs beside the test: a Popen, or the part of one that tests use."""
    if FRESH:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=stdout, stderr=stderr, start_new_session=True
        )
    return ForkedServer(command, environment, stdout, stderr)


def demo(command, stderr):
    """Start the demo, as demo.running does."""
    read, write = os.pipe()
    with os.fdopen(write, "wb") as stdout:
        process = server(command, dict(os.environ), stdout, stderr)
    process.stdout = os.fdopen(read, "rb", buffering=0)
    return process


class ForkedServer:
    """A server's process, forked from the preloaded one."""

    def __init__(self, command, environment, stdout, stderr):
        self.returncode = None
        self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.connection.connect(_preloaded())
        request = {
            "arguments": command[1:],
            "cwd": str(ROOT),
            "environment": environment,
            "new_session": True,
        }
        with Path(os.devnull).open() as stdin:
            streams = [stream.fileno() for stream in (stdin, stdout, stderr)]
            socket.send_fds(self.connection, [json.dumps(request).encode()], streams)
            self.pid = int(self.connection.recv(64))

    def wait(self, timeout=None):
        if self.returncode is None:
            self.connection.settimeout(timeout)
            try:
                self.returncode = int(self.connection.recv(64))
            except (TimeoutError, BlockingIOError) as error:
                raise subprocess.TimeoutExpired("a server", timeout) from error
            self.connection.close()
        return self.returncode

    def poll(self):
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


def _forked(asked, cwd, env):
    env = {name: os.fspath(value) for name, value in env.items()}
    request = {"arguments": asked[1:], "cwd": os.fspath(cwd), "environment": env}
    with (
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
        Path(os.devnull).open() as stdin,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection,
    ):
        connection.settimeout(TIMEOUT_S)
        connection.connect(_preloaded())
        streams = [stream.fileno() for stream in (stdin, stdout, stderr)]
        socket.send_fds(connection, [json.dumps(request).encode()], streams)
        pid = int(connection.recv(64))
        try:
            code = int(connection.recv(64))
        except TimeoutError:
            os.kill(pid, 9)
            raise
        texts = [_text(stream) for stream in (stdout, stderr)]
    return subprocess.CompletedProcess(asked, code, *texts)


def _text(stream):
    stream.seek(0)
    return stream.read().decode()


@cache
def _preloaded():
    """The address of the process from which this worker forks scripts; it ends with the worker."""
    folder = tempfile.TemporaryDirectory()
    address = str(Path(folder.name) / "scripts")
    process = subprocess.Popen([sys.executable, str(ROOT / "tests" / "preloaded.py"), address], cwd=ROOT,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=scrubbed())  # fmt: skip
    assert process.stdout.readline() == b"ready\n"
    atexit.register(_end, process, folder)
    return address


def _end(process, folder):
    process.stdin.close()
    process.stdout.close()
    process.wait()
    folder.cleanup()
