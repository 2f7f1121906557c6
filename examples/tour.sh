#!/bin/sh
# An account's life over HTTP, with `reprise dev` running. The same as in README.md.
set -e
api=http://127.0.0.1:8000/v1/accounts
token=$(.venv/bin/reprise token --operator)
call() { curl -sS -H "Authorization: Bearer $token" -H "Content-Type: application/json" "$@"; echo; }

# Open: 3 carts at 25.00 USD a month. Amounts are in minor units. The first month is charged at once.
call $api -d '{"account_id": "shop-1", "email": "owner@example.com", "carts": 3,
  "plan": {"currency": "usd", "unit_amount": 2500}, "payment_method": "pm_card_visa"}'

# Cancel: service goes on to the term's end.
call -X POST $api/shop-1/cancel
call $api/shop-1/access

# On the dev server, an account's clock can be moved: here to the term's end.
.venv/bin/reprise fast-forward shop-1 --to term-end
call $api/shop-1/access

# Come back, with 5 carts. The quote and the charge come from the same function.
call -X PUT $api/shop-1/carts -d '{"carts": 5}'
call $api/shop-1/reactivation-quote
call $api/shop-1/reactivate -d '{"expected_amount": 12500}'
call $api/shop-1/invoices
