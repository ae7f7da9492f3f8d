"""Run scripts, the relay and the demo in processes forked from one that has imported them already.

    python tests/preloaded.py SOCKET < PIPE

Imports take most of a short script's time. Each request on the socket carries the new process's standard
streams, arguments, directory and environment; the response is its exit code. Ends when the pipe closes.
"""

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import socket
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
SCRIPTS = str(Path(ROOT) / "scripts")
MOST_BYTES = 1024 * 1024


def load():
    """Import the demo, and all that the command imports."""
    sys.path[:1] = [SCRIPTS, ROOT]
    package = importlib.import_module("deploy_verdict")
    for found in pkgutil.walk_packages(package.__path__, "deploy_verdict."):
        if found.name != "deploy_verdict.__main__":
            importlib.import_module(found.name)
    importlib.import_module("demo.serve")
    # runpy warns of a module that is loaded already; what it imports stays.
    del sys.modules["demo.serve"]
    sys.path.remove(ROOT)
    gc.freeze()


def next_script(listening):
    """Serve requests for ever; returns a script's arguments, and only in that script's process."""
    while True:
        # Reaped, not ignored, so that the children's time counts in `time make test`.
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        readable, _, _ = select.select([listening, sys.stdin], [], [])
        if sys.stdin in readable:
            sys.exit()
        connection, _ = listening.accept()
        if os.fork():
            connection.close()
            continue
        listening.close()
        arguments = become(connection)
        if arguments:
            return arguments


def become(connection):
    """Fork: one process becomes the script and returns its arguments; the other sends its exit code."""
    data, streams, _, _ = socket.recv_fds(connection, MOST_BYTES, 3)
    asked = json.loads(data)
    script = os.fork()
    if script:
        connection.sendall(f"{script}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(script, 0)[1])
        connection.sendall(f"{code}\n".encode())
        os._exit(0)
    connection.close()
    if asked.get("new_session"):
        os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    return asked["arguments"]


if __name__ == "__main__":
    load()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(sys.argv[1])
        listening.listen(64)
        print("ready", flush=True)
        sys.argv = next_script(listening)
    if sys.argv[0] == "-m":
        sys.path[0] = str(Path.cwd())
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(sys.argv[0]).parent)
        runpy.run_path(sys.argv[0], run_name="__main__")
