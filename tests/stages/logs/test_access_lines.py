"""Access lines as servers and frameworks write them, and lines that only look like one."""

import pytest

from deploy_verdict.stages.logs.counting.access_lines import answered


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("GET /orders 200", ("GET", "/orders", "200")),
        ('127.0.0.1:5 - "GET /orders?x=1 HTTP/1.1" 401 Unauthorized', ("GET", "/orders?x=1", "401")),
        ('10.0.0.7 - - [1/Jan/2026] "POST /a/b HTTP/1.1" 404 123', ("POST", "/a/b", "404")),
        ('[GIN] | 401 |  1.2ms | 10.0.0.1 | GET      "/orders"', ("GET", "/orders", "401")),
        ("GET /orders 429 5.1 ms - 12", ("GET", "/orders", "429")),
        ("HTTP GET /orders responded 401 in 1.2 ms", ("GET", "/orders", "401")),
        ("Request finished HTTP/1.1 GET http://host/orders - 403 0 - 5ms", ("GET", "/orders", "403")),
        ("method=GET path=/orders format=html status=401 duration=3", ("GET", "/orders", "401")),
        ('{"method":"GET","url":"/x","statusCode":499}', ("GET", "/x", "499")),
        ('done\nreq={"method": "GET", "url": "/x"}\nres={"statusCode": 401}', ("GET", "/x", "401")),
        ("Completed 401 Unauthorized in 3ms", ("*", "*", "401")),
        ("fetching GET /orders for 3 users", None),
        ("GET /orders returned 250 rows", None),
        ("GET /orders took 250 ms", None),
        ("GET /v1/items/200 pending", None),
        ("status 404 of a page", None),
    ],
)
def test_a_line_is_read(line, found):
    assert answered(line) == found
