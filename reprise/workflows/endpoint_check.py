"""The workflow that sends a test to the product's endpoints: by a worker, on whose network and secrets it depends."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from reprise.activities import names
from reprise.workflows.messages import ENDPOINT_CHECK


@workflow.defn(name=ENDPOINT_CHECK)
class EndpointCheck:
    """Each endpoint is sent one message, once."""

    @workflow.run
    async def run(self, asked: names.EndpointTestInput) -> names.EndpointTests:
        """Send the test, and return what each endpoint answered."""
        tests: names.EndpointTests = await workflow.execute_activity(
            names.TEST_ENDPOINTS,
            asked,
            task_queue=names.ANNOUNCEMENTS_QUEUE,
            result_type=names.EndpointTests,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(maximum_attempts=1),
            summary="test the announcement endpoints",
        )
        return tests
