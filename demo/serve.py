"""Start the demo backend on 127.0.0.1 and serve until SIGTERM or SIGINT, then exit 0.

Three lines go to stdout once it answers: `redis redis://127.0.0.1:PORT/0`, the address of its Redis;
`railway http://127.0.0.1:PORT/graphql/v2`, where a Railway of its own answers for it; and
`ready http://127.0.0.1:PORT`. Everything else goes to the log file.
REDIS_URL in the environment names a real Redis server; without it one runs inside this process.
"""

import argparse
import gc
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from redis import RedisError

from demo.app import build_app
from demo.backend import Backend, open_backend
from demo.faults import FAULTS, Fault
from demo.jobs import background, users
from demo.listening import Listening, NotAnsweringError, refusing
from demo.logfile import open_log, silence_log
from demo.railway.app import PATH, build_railway
from demo.railway.habits import Habits, habits_of
from demo.railway.story import Story
from demo.railway.switches import MEANINGS, Switches, switches_from

COULD_NOT_RUN = 3


def main(arguments: Sequence[str]) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        switches = switches_from(options.railway)
    except ValueError as error:
        parser.error(str(error))
    stop = _stop_signal()
    try:
        open_log(options.log)
        with open_backend(Fault(options.fault), options.speed) as backend, background(backend):
            habits = habits_of(options.railway_as) if options.railway_as else Habits()
            _serve(backend, options.port, stop, switches, habits)
    except (OSError, RedisError, NotAnsweringError) as error:
        print(f"demo.serve could not run: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    return 0


def _serve(backend: Backend, port: int, stop: threading.Event, switches: Switches, habits: Habits) -> None:
    print(f"redis {backend.redis_url}")
    story = Story(fault=backend.fault, speed=backend.speed, records=backend.records, habits=habits)
    story.switch(switches)
    with (
        closing(Listening(build_railway(story), 0, alive="/")) as railway,
        closing(Listening(build_app(backend), port)) as listening,
        users(backend, listening.port),
    ):
        railway.await_answer()
        listening.await_answer()
        print(f"railway http://127.0.0.1:{railway.port}{PATH}")
        if backend.fault is Fault.LOG_SILENT:
            silence_log()
        if backend.fault is Fault.DOWN:
            listening.close()
            with refusing(listening.port):
                _wait_ready(listening.port, stop)
        else:
            _wait_ready(listening.port, stop)
        # First, so that a waiting request (slow) gives up and does not hold up the shutdown.
        backend.stopping.set()


def _wait_ready(port: int, stop: threading.Event) -> None:
    print(f"ready http://127.0.0.1:{port}", flush=True)
    stop.wait()


def _stop_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, FAULTS))
    faults = "\n".join(f"  {name:<{width}}  {what}" for name, what in FAULTS.items())
    widest = max(map(len, MEANINGS))
    switches = "\n".join(f"  {name:<{widest}}  {what}" for name, what in MEANINGS.items())
    parser = argparse.ArgumentParser(
        prog="python -m demo.serve",
        description=__doc__,
        epilog=f"faults:\n{faults}\n\nof Railway:\n{switches}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--fault", default="none", choices=list(FAULTS), metavar="NAME", help="listed below")
    parser.add_argument("--speed", type=_speed, default=600.0, help="plan seconds per second; default 600")
    parser.add_argument("--log", type=Path, required=True, metavar="FILE", help="lines are appended")
    words = "the file of `deploy-verdict railway probe`, which this Railway then behaves as"
    parser.add_argument("--railway-as", type=Path, metavar="FILE", help=words)
    parser.add_argument(
        "--railway", action="append", default=[], metavar="NAME[=VALUE]", help="how Railway misbehaves"
    )
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    return parser


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a speed; give a number above 0, such as 600")
    return speed


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    # Skips the interpreter's last garbage collection, which costs 0.2 s at shutdown for nothing.
    gc.freeze()
    sys.exit(exit_code)
