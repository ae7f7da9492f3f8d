"""FastAPI with redis-py's sync pool of 20, in threads."""

import os
import threading
import time

import redis
from broken import LOOK_EVERY_S, Fault
from fastapi import FastAPI, Response

SIZE = 20
STARTED_S = time.monotonic()
pool = redis.BlockingConnectionPool.from_url(
    os.environ["DATABASE_URL"], max_connections=SIZE, timeout=1, client_name="web"
)
store = redis.Redis(connection_pool=pool)
kept = []


def break_on_demand():
    fault = Fault()
    while True:
        for _ in range(fault.connections_to_keep(time.monotonic(), SIZE)):
            try:
                kept.append(pool.get_connection())
            except redis.RedisError:
                break
        time.sleep(LOOK_EVERY_S)


threading.Thread(target=break_on_demand, daemon=True).start()
app = FastAPI()


@app.get("/work")
def work():
    for _ in range(3):
        store.incr("work")
    return {"done": True}


@app.get("/health")
def health(response: Response):
    try:
        store.ping()
    except redis.RedisError as error:
        response.status_code = 503
        return {"status": "unhealthy", "detail": str(error)}
    return {"status": "healthy", "uptime_s": round(time.monotonic() - STARTED_S, 1)}


@app.get("/pool")
async def gauge():
    # The pool has no counter of its own: in use is what it opened minus the idle connections in its queue.
    free = sum(one is not None for one in pool.pool.queue)
    return {"used": len(pool._connections) - free, "limit": SIZE}
