"""Operations that hold all accounts against Stripe: begun here, and looked at until they are over."""

import hashlib
import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Response

from reprise.api.auth import Authorized
from reprise.api.dependencies import IdempotencyKeyDep
from reprise.api.problems import responses
from reprise.reconciliation.messages import RECONCILIATION_ID
from reprise.schemas.reconciliations import ReconciliationBegun, ReconciliationBody, ReconciliationView
from reprise.services import ServicesDep

router = APIRouter(prefix="/v1/reconciliations", tags=["operators"])

PathReconciliation = Annotated[
    str, Path(json_schema_extra={"pattern": f"^{RECONCILIATION_ID}$", "examples": ["3f0c6f8e5d4b4a0f9a55c7a1d2e3f405"]})
]


@router.post("", status_code=202, responses=responses(401, 403, 409, 422, 429, 503))
async def begin_reconciliation(
    services: ServicesDep,
    _: Authorized,
    key: IdempotencyKeyDep,
    response: Response,
    body: ReconciliationBody | None = None,
) -> ReconciliationBegun:
    """Hold every account against Stripe, in the background; nothing is changed on either side.

    With `repair`, accounts whose difference can be settled by looking are made to look at Stripe, as by a webhook: what
    they do then is by the rules, and in their timelines (R15, R22).
    """
    reconciliation = uuid.uuid4().hex if key is None else hashlib.sha256(key.encode()).hexdigest()[:32]
    await services.reconciliations.begin(reconciliation, body or ReconciliationBody())
    response.headers["Location"] = f"/v1/reconciliations/{reconciliation}"
    return ReconciliationBegun(id=reconciliation)


@router.get("/{reconciliation_id}", name="get_reconciliation", responses=responses(401, 403, 404, 422, 429, 503))
async def reconciliation(
    reconciliation_id: PathReconciliation, services: ServicesDep, _: Authorized
) -> ReconciliationView:
    """Return a reconciliation as it stands: how much was looked at, and each difference that was found."""
    return await services.reconciliations.look(reconciliation_id)
