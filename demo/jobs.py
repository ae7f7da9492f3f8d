"""Background threads: the traffic that moves the gauge, the heartbeat, and faults that act on their own."""

import http.client
import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from redis import Redis, RedisError

from demo.backend import Backend
from demo.faults import (
    EXHAUSTED_AFTER_S,
    LEAKED_CONNECTIONS,
    NEW_ERROR_AFTER_S,
    RESTARTS_EVERY_S,
    TOO_MANY_CONNECTIONS_EVERY_S,
    Fault,
)
from demo.pool import held_connection
from demo.railway.records import USERS_AGENT

JOBS_LOG = logging.getLogger("backend.jobs")
REDIS_LOG = logging.getLogger("backend.redis")

# With the heartbeat at most four connections: whether all or none are in use, they stay within ten points of
# the median, which the plan allows, however few readings a sped-up burst has.
TRAFFIC_THREADS = 3
HOLD_S = (0.005, 0.150)
IDLE_S = (0.020, 0.160)
HEARTBEAT_S = 0.5
AFTER_FAILURE_S = 1.0
# So many that our own load is no change of the traffic, in a window; a few each second at a low speed.
USERS_EVERY_S, USERS_PAUSE_S = 3.0, (0.05, 0.3)
USERS_PATHS = ("/api/workers", "/api/history/TEST-02")


@contextmanager
def background(backend: Backend) -> Iterator[None]:
    """Run the jobs until the context ends; then set `backend.stopping` and join every thread."""
    held: list[Redis] = []
    if backend.fault is Fault.POOL_EXHAUSTED:
        _take_all(backend, held)
    threads = [threading.Thread(target=job, daemon=True) for job in _jobs(backend, held)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        backend.stopping.set()
        for thread in threads:
            thread.join()


def _jobs(backend: Backend, held: list[Redis]) -> list[Callable[[], None]]:
    jobs: list[Callable[[], None]] = [lambda: _heartbeat(backend)]
    jobs += [lambda: _traffic(backend)] * TRAFFIC_THREADS
    if backend.fault in LEAKED_CONNECTIONS:
        jobs.append(lambda: _leak(backend, held))
    if backend.fault is Fault.TOO_MANY_CONNECTIONS_IN_LOG:
        jobs.append(lambda: _complain(backend))
    if backend.fault is Fault.POOL_EXHAUSTED_LATER:
        jobs.append(lambda: _exhaust_later(backend, held))
    if backend.fault is Fault.NEW_ERROR_IN_LOG:
        jobs.append(lambda: _fail_once(backend))
    if backend.fault is Fault.RESTARTS:
        jobs.append(lambda: _restart(backend))
    return jobs


def _traffic(backend: Backend) -> None:
    """Hold a connection for a moment, again and again: each thread holds one about half of the time."""
    while not backend.stopping.is_set():
        try:
            with held_connection(backend.pool) as client:
                client.exists("demo:traffic")
                backend.stopping.wait(_between(HOLD_S))
            pause_s = _between(IDLE_S)
        except RedisError:
            # The heartbeat reports a missing Redis; three more threads would only flood the log.
            pause_s = AFTER_FAILURE_S
        backend.stopping.wait(pause_s)


def _between(limits_s: tuple[float, float]) -> float:
    return random.uniform(*limits_s)  # noqa: S311 - traffic, not cryptography


def _heartbeat(backend: Backend) -> None:
    """Keep one connection for good, as a queue consumer does, and log a line each time the work is done."""
    client: Redis | None = None
    while not backend.stopping.is_set():
        try:
            client = client or held_connection(backend.pool)
            client.ping()
            JOBS_LOG.info("background job did its work")
        except RedisError as error:
            REDIS_LOG.error("Redis not responding: %s", error)
            _close(client)
            client = None
        backend.stopping.wait(HEARTBEAT_S)
    _close(client)


def _close(client: Redis | None) -> None:
    if client is not None:
        client.close()


def _take_all(backend: Backend, held: list[Redis]) -> None:
    while len(held) < backend.pool.max_connections:
        held.append(held_connection(backend.pool))


def _exhaust_later(backend: Backend, held: list[Redis]) -> None:
    """Take and keep every connection that becomes free, until the backend stops."""
    if _window_is_open_for(backend, EXHAUSTED_AFTER_S):
        while not backend.stopping.is_set():
            try:
                held.append(held_connection(backend.pool))
            except RedisError:
                backend.stopping.wait(AFTER_FAILURE_S)


def _leak(backend: Backend, held: list[Redis]) -> None:
    """Take a connection each time that a sample makes one due, and keep it."""
    while len(held) < LEAKED_CONNECTIONS[backend.fault] and not backend.stopping.is_set():
        if not backend.leaks_due.acquire(timeout=HEARTBEAT_S):
            continue
        try:
            held.append(held_connection(backend.pool))
        except RedisError as error:
            # All are taken for the moment; the next round tries again, so the leak is late but complete.
            REDIS_LOG.error("Redis not responding: %s", error)
            backend.leaks_due.release()


def _complain(backend: Backend) -> None:
    while not backend.stopping.wait(TOO_MANY_CONNECTIONS_EVERY_S / backend.speed):
        REDIS_LOG.error("Too many connections")


def _restart(backend: Backend) -> None:
    """Log a restart, and report another process's start time from then on."""
    while _window_is_open_for(backend, RESTARTS_EVERY_S):
        backend.restarts.append(datetime.now(UTC))
        JOBS_LOG.info("Started server process [1]")


def _window_is_open_for(backend: Backend, plan_s: float) -> bool:
    """Wait so long after the first stats request, which begins the window; False when stopping."""
    while not backend.stats_asked.is_set() and not backend.stopping.is_set():
        backend.stats_asked.wait(HEARTBEAT_S)
    return not backend.stopping.wait(plan_s / backend.speed)


def _fail_once(backend: Backend) -> None:
    if _window_is_open_for(backend, NEW_ERROR_AFTER_S):
        JOBS_LOG.error("sheet row 4711 of 'Operaciones' was written twice; spool TEST-02 kept the older one")


@contextmanager
def users(backend: Backend, port: int) -> Iterator[None]:
    """Send real requests from other users, a few each second, until the context ends."""
    thread = threading.Thread(target=_use, args=(backend, port), daemon=True)
    thread.start()
    try:
        yield
    finally:
        backend.stopping.set()
        thread.join()


def _use(backend: Backend, port: int) -> None:
    number = 0
    shortest_s, longest_s = USERS_PAUSE_S
    pause_s = min(longest_s, max(shortest_s, USERS_EVERY_S / backend.speed))
    while not backend.stopping.wait(pause_s):
        if backend.records.switches.sleeping:
            # A service that is called all the time never sleeps.
            continue
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
        number += 1
        try:
            connection.request("GET", USERS_PATHS[number % 2], headers={"User-Agent": USERS_AGENT})
            connection.getresponse().read()
        except (OSError, http.client.HTTPException) as error:
            # Under the fault down nobody answers, and users try again.
            logging.getLogger("demo.users").debug("no answer: %s", error)
        finally:
            connection.close()
