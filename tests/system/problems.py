"""What a refusal must look like: RFC 9457, exactly."""


def assert_problem(answer, status, type, *errors, detail=None):
    """`errors`: (pointer, code) of every fault, no more and no fewer."""
    assert answer.status == status, answer
    assert answer.content_type == "application/problem+json", answer.headers
    body = answer.json
    assert body["type"] == type, body
    assert body["status"] == status, body
    assert set(body) <= {"type", "title", "status", "detail", "errors"}, body
    assert body["title"] and body["detail"], body
    if detail is not None:
        assert body["detail"] == detail, body
    faults = body.get("errors", [])
    assert sorted((fault["pointer"], fault["code"]) for fault in faults) == sorted(errors), body
    assert all(fault["detail"] and set(fault) == {"pointer", "code", "detail"} for fault in faults), body
    assert_nothing_of_the_inside(answer.body)
    return body


def assert_nothing_of_the_inside(body):
    for word in (b"127.0.0.1", b"postgres", b"SELECT ", b"select ", b"insert into", b"Traceback", b".c:", b"librdkafka", b"JSON_", b"/src/"):
        assert word not in body, body
