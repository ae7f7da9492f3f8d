"""What a plan's requests may write, as far as it is known before the window. Pure."""

from collections.abc import Iterator, Mapping

from deploy_verdict.plan.placeholders import filled, filled_body, filled_path, names_in, names_in_body
from deploy_verdict.plan.requests import Request, changes_data
from deploy_verdict.plan.sections.test_data import TestData
from deploy_verdict.plan.writes.write_guard import Refusal, entities, refusals

# Stands for a value that a step will capture; no entity has this name.
_LATER = "capturedLater"


def known_refusals(request: Request, test_data: TestData, headers: Mapping[str, str]) -> Iterator[Refusal]:
    """Yield why the guard would refuse this request whatever is captured, certain refusals first.

    `headers` are all that go with it, including the service's.
    """
    if request.host is not None:
        return  # other hosts are only read, whatever test_data says
    places = dict.fromkeys(names_in(dict(headers)), _LATER)
    sent = {name: str(filled(value, places)) for name, value in headers.items()}
    for path, body in _forms(request):
        for one in refusals(request.method, path, body, test_data, headers=sent):
            by_document = one.in_path and test_data.openapi is not None
            if _LATER not in one.part and not by_document:
                yield one


def known_entities(request: Request, test_data: TestData) -> tuple[str, ...]:
    """Return the entities that this request may write; a captured one reads "as captured"."""
    found = {
        entity: None
        for path, body in _forms(request)
        if request.host is None and changes_data(request.method, path, body)
        for entity in entities(request.method, path, body, test_data)
    }
    return tuple(entity.replace(f"={_LATER}", " as captured") for entity in found)


def _forms(request: Request) -> Iterator[tuple[str, object]]:
    """Yield a request's path, and its second one if it has one, each with the body."""
    paths = [request.path, *filter(None, [getattr(request, "if_no_route", None)])]
    places = dict.fromkeys([*names_in(paths), *names_in_body(request)], _LATER)
    for path in paths:
        yield filled_path(path, places), filled_body(request, places)
