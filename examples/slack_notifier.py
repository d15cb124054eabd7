"""Tells a Slack channel of each verdict, in words of your own, by an incoming webhook of Slack's.

    SLACK=https://hooks.slack.com/services/… script/python examples/slack_notifier.py http://127.0.0.1:8080 --state notifier.json

It asks for what is new and remembers how far it came, so that it may be stopped, and tells nothing twice but what it was telling
when it was killed. A webhook of OnRecord's with "format": "slack" needs no program; this is for another wording, or another choice.
"""

import argparse
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from slack_sdk.webhook import WebhookClient

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("server")
arguments.add_argument("--state", type=pathlib.Path, required=True, help="the file that remembers how far it came")
arguments.add_argument("--from-start", action="store_true", help="tell what was published before, too")
arguments.add_argument("--once", action="store_true", help="end when all is told, as for cron")
asked = arguments.parse_args()
slack = WebhookClient(os.environ["SLACK"])

VERBS = {
    "verdict.published": ":white_check_mark: New verdict",
    "verdict.corrected": ":pencil: Corrected",
    "verdict.retracted": ":warning: Retracted",
    "verdict.withdrawn": ":warning: Withdrawn with its claim",
}


def events(after, **more):
    """A page of events after a position; waits when OnRecord says so, or is away."""
    query = urllib.parse.urlencode({"after": after, **more})
    while True:
        try:
            with urllib.request.urlopen(f"{asked.server}/v1/events?{query}", timeout=90) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                sys.exit(f"{error.code}: {json.load(error)['detail']}")
            time.sleep(int(error.headers.get("Retry-After", 5)))
        except OSError as error:
            print(f"{asked.server} cannot be reached ({error}), trying again", file=sys.stderr)
            time.sleep(5)


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def remember(after):
    asked.state.write_text(json.dumps({"after": after}))


def tell(event):
    data = event["data"]
    claim, links = data["claim"] or {}, data["links"]
    said = f"*{VERBS[event['type']]}: {escaped(data['rating'] or 'not rated')}*\n"
    said += f"{escaped(claim.get('text', ''))}\n<{links['page'] or links['dossier']}|All that is known>"
    answer = slack.send(text=said)
    if answer.status_code != 200:
        sys.exit(f"Slack answers {answer.status_code}: {answer.body}")


if asked.state.exists():
    after = json.loads(asked.state.read_text())["after"]
else:
    after = 0
    while not asked.from_start:
        page = events(after)
        after = page["after"]
        if not page["items"]:
            break
    remember(after)
while True:
    page = events(after) if asked.once else events(after, wait=30)
    for event in page["items"]:
        if event["type"] in VERBS:
            tell(event)
        after = event["data"]["position"]
        remember(after)
    if asked.once and not page["items"]:
        break
    after = page["after"]
    remember(after)
