"""A person's session on the Profile & Billing pages, as far as it must be known to every API process."""

from datetime import timedelta

from temporalio import workflow

from reprise.workflows.messages import PORTAL_SESSION, PortalSessionRun


@workflow.defn(name=PORTAL_SESSION)
class PortalSession:
    """Runs while a session is open; signing out terminates it.

    Its id comes from the one-time link, and no id starts twice: that is what makes the link good for one use, whichever
    API process is asked.
    """

    @workflow.run
    async def run(self, session: PortalSessionRun) -> None:
        """Last as long as the session may."""
        await workflow.sleep(timedelta(seconds=session.seconds), summary="the session expires")
