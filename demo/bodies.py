"""The request bodies of the occupation endpoints. Unknown fields are ignored, as in the real service."""

from datetime import date
from typing import Literal

from pydantic import BaseModel

from demo.sheet import Operation

Resultado = Literal["APROBADO", "RECHAZADO"]


class TomarRequest(BaseModel):
    tag_spool: str
    worker_id: int
    worker_nombre: str
    operacion: Operation


class PausarRequest(BaseModel):
    tag_spool: str
    worker_id: int
    worker_nombre: str
    operacion: Operation | None = None


class CompletarRequest(BaseModel):
    tag_spool: str
    worker_id: int
    worker_nombre: str
    operacion: Operation
    fecha_operacion: date
    resultado: Resultado | None = None


class MetrologiaRequest(BaseModel):
    tag_spool: str
    worker_id: int
    worker_nombre: str | None = None
    resultado: Resultado
