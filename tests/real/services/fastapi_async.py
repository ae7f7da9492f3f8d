"""FastAPI with redis-py's async pool of 20."""

import asyncio
import os
import time
from contextlib import asynccontextmanager

import redis.asyncio
from broken import LOOK_EVERY_S, Fault
from fastapi import FastAPI, Response

SIZE = 20
STARTED_S = time.monotonic()
pool = redis.asyncio.BlockingConnectionPool.from_url(
    os.environ["DATABASE_URL"], max_connections=SIZE, timeout=1, client_name="web"
)
store = redis.asyncio.Redis(connection_pool=pool)
kept = []


async def break_on_demand():
    fault = Fault()
    while True:
        for _ in range(fault.connections_to_keep(time.monotonic(), SIZE)):
            try:
                kept.append(await pool.get_connection())
            except redis.RedisError:
                break
        await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def lifespan(app):
    task = asyncio.create_task(break_on_demand())
    yield
    task.cancel()


app = FastAPI(lifespan=lifespan)


@app.get("/work")
async def work():
    for _ in range(3):
        await store.incr("work")
    return {"done": True}


@app.get("/health")
async def health(response: Response):
    try:
        await store.ping()
    except redis.RedisError as error:
        response.status_code = 503
        return {"status": "unhealthy", "detail": str(error)}
    return {"status": "healthy", "uptime_s": round(time.monotonic() - STARTED_S, 1)}


@app.get("/pool")
async def gauge():
    used = {"used": len(pool._in_use_connections), "limit": SIZE}
    return used | ({"pid": os.getpid()} if os.environ.get("NAMES_ITSELF") else {})
