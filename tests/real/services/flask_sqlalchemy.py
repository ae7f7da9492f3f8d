"""Flask with SQLAlchemy's QueuePool of 15 + 5 on PostgreSQL; run it with one process."""

import os
import threading
import time

from broken import LOOK_EVERY_S, Fault
from flask import Flask, jsonify
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

SIZE = 20
STARTED_S = time.monotonic()
engine = create_engine(
    os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"),
    pool_size=15, max_overflow=SIZE - 15, pool_timeout=1, pool_pre_ping=True,
    connect_args={"application_name": "web"},
)  # fmt: skip
kept = []


def break_on_demand():
    fault = Fault()
    while True:
        for _ in range(fault.connections_to_keep(time.monotonic(), SIZE)):
            try:
                kept.append(engine.connect())
            except SQLAlchemyError:
                break
        time.sleep(LOOK_EVERY_S)


threading.Thread(target=break_on_demand, daemon=True).start()
app = Flask(__name__)


@app.get("/work")
def work():
    with engine.connect() as connection:
        connection.execute(text("select count(*) from pg_class"))
    return jsonify(done=True)


@app.get("/health")
def health():
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
    except SQLAlchemyError as error:
        return jsonify(status="unhealthy", detail=str(error)), 503
    return jsonify(status="healthy", uptime_s=round(time.monotonic() - STARTED_S, 1))


@app.get("/pool")
def gauge():
    return engine.pool.status(), 200, {"Content-Type": "text/plain"}
