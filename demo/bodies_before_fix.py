"""The incident's own model, before commit f0ec7b5: the same name, but without `operacion`."""

from datetime import date

from pydantic import BaseModel


class CompletarRequest(BaseModel):
    tag_spool: str
    worker_id: int
    worker_nombre: str
    fecha_operacion: date
