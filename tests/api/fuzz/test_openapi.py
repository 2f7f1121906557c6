"""Schemathesis over the served OpenAPI document, as each role: what is written there holds, whatever is sent."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api_side import Api, Json, new_account, token
from tests.plain_http import plain_client
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("worker")

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
"""`make fuzz EXAMPLES=…` asks for many and random ones, in all phases; the suite for a few, the same each time."""

CONFIG = """
hooks = "{hooks}"
continue-on-failure = true
warnings = false
request-timeout = 30

[dictionaries.accounts]
values = {accounts}
[dictionaries.cards]
values = ["pm_card_visa", "pm_card_chargeDeclined", "pm_card_authenticationRequired"]
[dictionaries.zones]
values = ["UTC", "Europe/Berlin", "Asia/Tokyo"]
[dictionaries.cursors]
values = {cursors}

[parameters]
"path.account_id" = {{ dictionary = "accounts", probability = 0.8 }}
"query.cursor" = {{ dictionary = "cursors", probability = 0.7 }}
"body.payment_method" = {{ dictionary = "cards", probability = 0.7 }}
"body.timezone" = {{ dictionary = "zones", probability = 0.7 }}

[checks]
# What cannot be said in a schema is refused all the same: `valid_input_is_taken` names each such field.
positive_data_acceptance.enabled = false
# Needs several identities in one run; each role's run, and `access_rights_hold`, say the same.
object_level_authorization.enabled = false
# Nothing is deleted by DELETE here, and a closed account is shown to its owner.
use_after_free.enabled = false
"""


async def _seeds(operator: Api) -> tuple[list[str], list[str]]:
    """Open accounts in several states; return their ids, and cursors that their lists have given."""
    kinds: list[Json] = [
        {},
        {"paid_through": "2026-01-01T00:00:00Z"},
        {"paid_through": "2099-01-01T00:00:00Z", "timezone": "Asia/Tokyo"},
        {"payment_method": "pm_card_chargeCustomerFail"},
    ]
    openings = [new_account(**kind) for kind in kinds * 3]  # a fuzzer closes some of them soon
    for body in openings:
        assert (await operator.ask("POST", "/v1/accounts", body)).status_code in {201, 202}
    accounts = [str(body["account_id"]) for body in openings]
    await operator.ask("POST", f"/v1/accounts/{accounts[0]}/cancel")
    lists = [await operator.get(f"/v1/accounts/{accounts[0]}/timeline?limit=1")]
    page = await until(lambda: operator.get("/v1/accounts?limit=1"), lambda it: it["next_cursor"])
    return accounts, [str(each["next_cursor"]) for each in (*lists, page) if each["next_cursor"]]


ROLES = ["operator", "billing", *(["foreign", "without-scope", "nobody"] if EXAMPLES else [])]


@pytest.mark.parametrize("role", ROLES)
async def test_R19_R20_whatever_is_sent(
    operator: Api, api_url: str, tmp_path: Path, role: str, record_property: Any
) -> None:
    """No 5xx, no undocumented status, no breach of a schema, bad input refused, rights held."""
    accounts, cursors = await _seeds(operator)
    config = tmp_path / "schemathesis.toml"
    hooks = Path(__file__).with_name("checks.py")
    config.write_text(CONFIG.format(hooks=hooks, accounts=json.dumps(accounts), cursors=json.dumps(cursors)))
    bearer = {
        "operator": token(scope="operator"),
        "billing": token(*accounts),
        "without-scope": token(*accounts, scope=""),
        "foreign": token("another-account"),
        "nobody": None,
    }[role]
    phases = "examples,coverage,fuzzing,stateful" if EXAMPLES else "fuzzing"
    how = [
        "--phases",
        phases,
        "--max-examples",
        str(EXAMPLES or 1),
        *([] if EXAMPLES else ["--generation-deterministic"]),
    ]
    as_whom = ["-H", f"Authorization: Bearer {bearer}"] if bearer else []
    run = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run", f"{api_url}/openapi.json",
        *how, *as_whom, "--no-color",
        env={**os.environ, "FUZZ_ROLE": role, "SCHEMATHESIS_HOOKS": "", "NO_PROXY": "*"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=tmp_path,
    )  # fmt: skip
    said = (await run.communicate())[0].decode()
    assert run.returncode == 0, said
    cases = re.search(r"(\d+) generated", said)
    assert cases is not None, said
    assert int(cases[1]) > 20, said
    if EXAMPLES:
        record_property("figure", f"{role}: {cases[1]} cases")
    async with plain_client() as http:
        assert (await http.get(f"{api_url}/healthz")).status_code == 200
