"""The healthy backend keeps the contract that plans/zeues.yml is written against."""

import re
from concurrent.futures import ThreadPoolExecutor

POOL_STATS = {"max_connections", "active_connections", "available_connections", "utilization_percent"}
OTHER = {"worker_id": 94, "worker_nombre": "MG(94)"}


def test_health_has_every_field_of_the_mission(healthy):
    answer = healthy.get("/api/health")
    body = answer.json()
    stats = body["details"].pop("redis_pool_stats")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body.pop("timestamp"))
    assert answer.status_code == 200
    assert body == {
        "status": "healthy",
        "operational": True,
        "sheets_connection": "ok",
        "redis_connection": "ok",
        "details": {"redis_error": None},
    }
    assert set(stats) == POOL_STATS


def test_stats_numbers_agree_with_each_other(healthy):
    stats = healthy.stats()
    active = stats["active_connections"]
    assert stats["max_connections"] == 20
    assert stats["available_connections"] == 20 - active
    assert stats["utilization_percent"] == active * 5.0
    assert isinstance(stats["utilization_percent"], float)
    assert stats["alert"] is None


def test_gauge_moves_by_itself_within_healthy_limits(healthy, until):
    seen = []
    until(lambda: seen.append(healthy.active()) or set(seen), lambda values: len(values) >= 3)
    assert all(1 <= value <= 6 for value in seen), seen


def test_redis_health_is_healthy(healthy):
    assert healthy.get("/api/redis-health").json() == {"status": "healthy", "operational": True}


def test_workers_begin_with_mr_93_and_have_one_inactive(healthy):
    workers = healthy.get("/api/workers").json()["workers"]
    assert (workers[0]["id"], workers[0]["nombre"], workers[0]["nombre_completo"]) == (93, "MR", "MR(93)")
    assert [worker["activo"] for worker in workers].count(True) >= 3
    assert [worker["activo"] for worker in workers].count(False) == 1


def test_tomar_answers_the_mission_text(healthy):
    answer = healthy.tomar("TEST-02")
    healthy.pausar("TEST-02")
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "message": "Spool TEST-02 ocupado por MR(93) para ARM",
        "tag_spool": "TEST-02",
        "worker_nombre": "MR(93)",
        "operacion": "ARM",
    }


def test_tomar_of_a_held_spool_is_409_even_for_its_holder(healthy, spool):
    healthy.tomar(spool)
    again, other = healthy.tomar(spool), healthy.tomar(spool, OTHER)
    assert (again.status_code, other.status_code) == (409, 409)
    assert other.json() == {"detail": f"Spool {spool} ya está ocupado por MR(93)"}


def test_of_ten_simultaneous_tomars_one_wins(healthy, spool):
    workers = [{"worker_id": number, "worker_nombre": f"W({number})"} for number in range(10)]
    with ThreadPoolExecutor(10) as threads:
        answers = threads.map(lambda who: healthy.tomar(spool, who), workers)
        statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [409] * 9


def test_tomar_of_sold_needs_a_completed_arm(healthy, spool):
    assert healthy.tomar(spool, operacion="SOLD").status_code == 400
    healthy.finish(spool, "ARM")
    assert healthy.tomar(spool, operacion="SOLD").status_code == 200


def test_arm_can_be_done_again_after_everything_was_completed(healthy, spool):
    healthy.finish(spool, "ARM")
    healthy.finish(spool, "SOLD")
    healthy.inspect(spool)
    healthy.finish(spool, "ARM")


def test_unknown_spool_is_404_everywhere(healthy):
    answers = (
        healthy.tomar("FAKE-999"),
        healthy.pausar("FAKE-999"),
        healthy.completar("FAKE-999"),
        healthy.inspect("FAKE-999"),
        healthy.get("/api/history/FAKE-999"),
    )
    assert [answer.status_code for answer in answers] == [404] * 5
    assert answers[0].json() == {"detail": "Spool FAKE-999 no encontrado"}


def test_pausar_frees_the_spool(healthy, spool):
    healthy.tomar(spool)
    assert healthy.pausar(spool).status_code == 200
    assert healthy.tomar(spool, OTHER).status_code == 200


def test_pausar_of_another_workers_spool_is_403_and_leaves_it_held(healthy, spool):
    healthy.tomar(spool, OTHER)
    answer = healthy.pausar(spool)
    assert (answer.status_code, answer.json()) == (
        403,
        {"detail": f"Worker 93 no es el ocupante actual de {spool}"},
    )
    assert healthy.tomar(spool).status_code == 409


def test_of_two_simultaneous_pausars_one_wins(healthy, spool):
    healthy.tomar(spool)
    with ThreadPoolExecutor(2) as threads:
        statuses = sorted(answer.status_code for answer in threads.map(healthy.pausar, (spool, spool)))
    # 409 when both found the lock held, 400 when the other was through already.
    assert statuses in ([200, 400], [200, 409])


def test_pausar_of_a_free_spool_is_400(healthy, spool):
    assert healthy.pausar(spool).status_code == 400


def test_completar_answers_the_mission_text_and_frees_the_spool(healthy, spool):
    healthy.tomar(spool)
    answer = healthy.completar(spool)
    body = answer.json()
    assert answer.status_code == 200
    assert (body["message"], body["tag_spool"], body["estado"]) == (
        f"ARM completado para {spool}",
        spool,
        "ARM_Completado",
    )
    assert healthy.tomar(spool, OTHER).status_code == 200


def test_completar_without_occupying_is_403(healthy, spool):
    free = healthy.completar(spool)
    healthy.tomar(spool, OTHER)
    held_by_other = healthy.completar(spool)
    assert (free.status_code, held_by_other.status_code) == (403, 403)
    assert free.json() == {"detail": f"Worker 93 no es el ocupante actual de {spool}"}


def test_completar_of_another_operation_than_the_held_one_is_400(healthy, spool):
    healthy.tomar(spool)
    assert healthy.completar(spool, operacion="SOLD").status_code == 400


def test_completar_without_date_is_422(healthy, spool):
    body = {"tag_spool": spool, "worker_id": 93, "worker_nombre": "MR(93)", "operacion": "ARM"}
    assert healthy.post("/api/occupation/completar", **body).status_code == 422


def test_inspection_needs_arm_and_sold(healthy, spool):
    answer = healthy.inspect(spool)
    assert (answer.status_code, answer.json()) == (400, {"detail": f"ARM y SOLD pendientes en {spool}"})
    assert healthy.tomar(spool).status_code == 200, "a refused inspection must not keep the lock"


def test_inspection_of_a_held_spool_is_409(healthy, spool):
    healthy.tomar(spool)
    assert healthy.inspect(spool).status_code == 409


def test_inspection_happens_once_under_either_path(healthy, spool):
    healthy.finish(spool, "ARM")
    healthy.finish(spool, "SOLD")
    first, second = healthy.completar(spool, operacion="METROLOGIA"), healthy.inspect(spool)
    assert (first.status_code, second.status_code) == (200, 400)
    assert second.json() == {"detail": f"Metrología ya completada para {spool}"}


def test_history_has_what_was_done(healthy, spool):
    healthy.tomar(spool)
    healthy.pausar(spool)
    healthy.tomar(spool, OTHER)
    answer = healthy.get(f"/api/history/{spool}").json()
    ended, current = answer["sessions"]
    assert answer["tag_spool"] == spool
    assert (ended["worker_id"], ended["operacion"], ended["accion"]) == (93, "ARM", "PAUSAR")
    assert ended["end_time"] > ended["start_time"]
    assert ended["duration"] > 0
    assert (current["worker_nombre"], current["end_time"], current["duration"]) == ("MG(94)", None, None)


def test_log_announces_the_pool_and_its_use_at_each_tomar(healthy, spool):
    healthy.tomar(spool)
    start = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO backend\."
    pool_lines = healthy.logged("Redis pool initialized")
    assert len(pool_lines) == 1
    assert re.fullmatch(start + r"redis: Redis pool initialized with max_connections=20", pool_lines[0])
    tomar = healthy.logged("TOMAR operation")[-1]
    assert re.fullmatch(start + r"occupation: TOMAR operation: Redis pool at \d+% capacity", tomar)


def test_log_has_one_line_per_request(healthy, until):
    healthy.get("/api/workers?canary=42")
    # The line is written after the answer has left, so the answer can be here first.
    lines = until(lambda: healthy.logged("canary=42"), lambda found: found)
    assert len(lines) == 1
    assert re.search(r"INFO backend\.http: GET /api/workers\?canary=42 200 \d+ ms$", lines[0])


def test_healthy_log_has_no_error(healthy):
    assert healthy.logged(" ERROR ") == []
