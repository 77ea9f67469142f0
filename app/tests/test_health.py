"""Health checks."""

from conftest import wait_until


def test_healthz_needs_no_redis(run_web, redis_server):
    redis_server.stop()
    web = run_web()
    assert (web.get("/healthz").status, web.text("/healthz")) == (200, "ok\n")


def test_readyz_tells_whether_redis_answers(run_web, redis_server):
    web = run_web()
    assert (web.get("/readyz").status, web.text("/readyz")) == (200, "ok\n")

    redis_server.stop()
    assert web.get("/readyz").status == 503
    assert web.text("/readyz") == "Redis does not answer\n"

    redis_server.start()
    wait_until(lambda: web.get("/readyz").status == 200)


def test_readyz_names_a_wrong_password(run_web, redis_server):
    redis_server.password_file.write_text("wrong")
    web = run_web()
    assert web.get("/readyz").status == 503
    assert web.text("/readyz") == "Redis refuses the password\n"
