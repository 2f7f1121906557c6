"""A product's webhook receiver: it verifies, orders and de-duplicates what Reprise announces.

ANNOUNCEMENTS_SECRET=whsec_… python examples/receiver.py 9000 shops.db
"""

import json
import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["ANNOUNCEMENTS_SECRET"])
db = sqlite3.connect(sys.argv[2])
db.execute(
    "CREATE TABLE IF NOT EXISTS shops (account_id TEXT PRIMARY KEY, sequence INTEGER, state TEXT, access_until TEXT)"
)

# What is not newer than what is known is a repeat: announcements come at least once.
NEWER = """INSERT INTO shops VALUES (:account_id, :sequence, :state, :access_until) ON CONFLICT (account_id) DO UPDATE
           SET sequence = excluded.sequence, state = excluded.state, access_until = excluded.access_until
           WHERE excluded.sequence > shops.sequence"""


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            webhook.verify(body, {name.lower(): value for name, value in self.headers.items()})
        except WebhookVerificationError:
            self.send_response(401)  # not from Reprise, or too old
        else:
            announcement = json.loads(body)
            if announcement["type"].startswith("account."):  # all but `announcements.test`
                with db:
                    db.execute(NEWER, announcement["data"])
            self.send_response(204)  # only now: until then, Reprise sends it again
        self.end_headers()


server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
