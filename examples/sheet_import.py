"""Imports fact checks that are kept in Google Sheets: first on trial, then for real.

    KEY=onr_… script/python examples/sheet_import.py http://127.0.0.1:8080 SHEET claim=Statement,rating=Verdict,url=Link [--publish]

SHEET is the address of the spreadsheet, shared with "anyone with the link", or of any table as CSV. Run it every hour if you like: what was
imported before is known again. The other way, a sheet shows what OnRecord has with =IMPORTDATA("https://…/v1/exports/claims.csv").
"""

import argparse
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("server")
arguments.add_argument("sheet")
arguments.add_argument("columns", help="which heading holds what: claim=Statement,rating=Verdict; see API.md, Importing ClaimReview")
arguments.add_argument("--publish", action="store_true", help="publish what has a rating and a date; else all are drafts")
asked = arguments.parse_args()


def table(address):
    """The sheet as CSV; a sheet's own address is turned into the one that exports it."""
    sheet = re.match(r"(https://docs\.google\.com/spreadsheets/d/[^/]+)", address)
    if sheet:
        page = re.search(r"gid=(\d+)", address)
        address = f"{sheet[1]}/export?format=csv" + (f"&gid={page[1]}" if page else "")
    with urllib.request.urlopen(address, timeout=60) as answer:
        if answer.headers.get_content_type() == "text/html":
            sys.exit("That is a page and no table: share the sheet with anyone who has the link.")
        return answer.read()


COUNTS = ("records", "created", "updated", "unchanged", "changed", "failed")


def call(path, body=None):
    headers = {"Authorization": f"Bearer {os.environ['KEY']}", "Content-Type": "text/csv; charset=utf-8"}
    try:
        with urllib.request.urlopen(urllib.request.Request(asked.server + path, body, headers), timeout=300) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.code}: {json.load(error)['detail']}")


def imported(rows, **options):
    """Has the table imported, and tells what became of it."""
    query = urllib.parse.urlencode({"columns": asked.columns, **options})
    job = call(f"/v1/imports?{query}", rows)
    while job["status"] in ("receiving", "waiting", "running"):
        time.sleep(0.5)
        job = call(f"/v1/imports/{job['id']}")
    if job["status"] != "done":
        sys.exit(f"The import failed: {job['problem']}")
    return job


rows = table(asked.sheet)
for what, options in (("on trial", {"dry_run": "true"}), ("imported", {"publish": str(asked.publish).lower()})):
    job = imported(rows, **options)
    print(f"{what}:", ", ".join(f"{job[count]} {count}" for count in COUNTS))
