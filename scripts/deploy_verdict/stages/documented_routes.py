"""The routes in the service's OpenAPI document, read once and only if a write needs them."""

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy_verdict.expect import Lacking
from deploy_verdict.expect.openapi import routes_of

if TYPE_CHECKING:
    from deploy_verdict.stages.context import Context

# An OpenAPI document with hundreds of endpoints is longer than the usual cap on a body.
MAX_DOCUMENT_BYTES = 8 * 1024 * 1024


@dataclass
class DocumentedRoutes:
    """The routes of the service.

    Empty if the plan names no document or it cannot be read: `lacking` says why.
    """

    lacking: str = ""
    _routes: tuple[str, ...] | None = field(default=None, repr=False)

    def of(self, context: "Context") -> tuple[str, ...]:
        """Return the routes as templates, such as /orders/{order_id}."""
        path = context.plan.test_data.openapi
        if path is None:
            return ()
        if self._routes is None:
            probe = copy.copy(context.probe)
            probe.max_body_bytes = MAX_DOCUMENT_BYTES
            exchange = probe.ask("GET", path, headers=context.plan.service.headers)
            found = (
                routes_of(exchange.body)
                if exchange.fault is None and exchange.status == 200
                else Lacking(exchange.fault.detail if exchange.fault else f"its status is {exchange.status}")
            )
            self._routes = () if isinstance(found, Lacking) else found
            if isinstance(found, Lacking):
                self.lacking = f"{path} shows no routes: {found.reason}"
        return self._routes
