"""What was revoked, as far as it must be known to every API process, without a database of ours."""

from datetime import timedelta

from temporalio import workflow

from reprise.workflows.messages import REVOCATION, RevocationRun


@workflow.defn(name=REVOCATION)
class Revocation:
    """Runs while something is revoked: a token, all earlier tokens of a subject, all earlier sessions of a user.

    That it runs is what counts, and can be asked of the server without a worker; what it holds stands in its memo. To
    take a revocation back, terminate it.
    """

    @workflow.run
    async def run(self, revoked: RevocationRun) -> None:
        """Last as long as what was revoked could be used; without an end, for good."""
        if revoked.seconds is None:
            await workflow.wait_condition(lambda: False)
        else:
            await workflow.sleep(timedelta(seconds=revoked.seconds), summary="what was revoked has expired")
