"""Receives webhooks, and takes only what OnRecord has signed (https://www.standardwebhooks.com).

    SECRET=whsec_… script/python examples/webhook_receiver.py 8099 [--once]

Reach it from OnRecord on the same machine with ONRECORD_WEBHOOK_NETWORKS=127.0.0.0/8 ONRECORD_WEBHOOK_HTTP=true.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SECRET"])


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            event = webhook.verify(body, dict(self.headers.items()))
        except WebhookVerificationError as error:
            self.answer(400)
            print("not from OnRecord:", error, flush=True)
            return
        # Answer first, work later: what takes longer than some seconds is sent again.
        self.answer(204)
        claim = event["data"]["claim"] or {}
        print(event["type"], claim.get("text", ""), flush=True)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
if "--once" in sys.argv:
    server.handle_request()
else:
    server.serve_forever()
