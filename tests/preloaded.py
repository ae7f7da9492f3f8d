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
    """Import the demo, and all that the command imports; build Railway's schema, which takes as long."""
    sys.path[:1] = [SCRIPTS, ROOT]
    package = importlib.import_module("deploy_verdict")
    for found in pkgutil.walk_packages(package.__path__, "deploy_verdict."):
        if found.name != "deploy_verdict.__main__":
            importlib.import_module(found.name)
    importlib.import_module("demo.serve")
    importlib.import_module("demo.railway.answering").schema(frozenset(), has_cancelled=False)
    # runpy warns of a module that is loaded already; what it imports stays.
    del sys.modules["demo.serve"]
    sys.path.remove(ROOT)
    gc.freeze()


def next_script(listening):
    """Serve requests for ever; returns a script's arguments, and only in that script's process."""
    scripts = {}
    while True:
        readable, _, _ = select.select([listening, sys.stdin, *scripts], [], [])
        if sys.stdin in readable:
            sys.exit()
        for ended in scripts.keys() & set(readable):
            answer(*scripts.pop(ended))
            os.close(ended)
        if listening not in readable:
            continue
        connection, _ = listening.accept()
        script = os.fork()
        if not script:
            listening.close()
            for other, (_, waiting) in scripts.items():
                os.close(other)
                waiting.close()
            return become(connection)
        with contextlib.suppress(ConnectionError):
            connection.sendall(f"{script}\n".encode())
        scripts[os.pidfd_open(script)] = (script, connection)


def answer(script, connection):
    """Send the exit code of a script that has ended to whoever started it, if it still waits."""
    code = os.waitstatus_to_exitcode(os.waitpid(script, 0)[1])
    with connection, contextlib.suppress(ConnectionError):
        connection.sendall(f"{code}\n".encode())


def become(connection):
    """Become the script that was requested; returns its arguments."""
    data, streams, _, _ = socket.recv_fds(connection, MOST_BYTES, 3)
    asked = json.loads(data)
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


def run(arguments):
    """Run a script or a module as the main program, with its arguments."""
    sys.argv = arguments
    if arguments[0] == "-m":
        sys.path[0] = str(Path.cwd())
        del sys.argv[0]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(sys.argv[0]).parent)
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    load()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(sys.argv[1])
        listening.listen(64)
        print("ready", flush=True)
        arguments = next_script(listening)
    try:
        run(arguments)
    except SystemExit as ended:
        # The demo; our command has ended itself. Freeing the memory takes longer than most of them.
        if isinstance(ended.code, int):
            sys.modules["deploy_verdict.cli.command"].end_now(ended.code)
        raise
