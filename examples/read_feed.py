"""Reads a feed of verdicts, and again only where something is new.

    script/python examples/read_feed.py http://127.0.0.1:8080/feeds/verdicts.atom
"""

import sys

import feedparser

address = sys.argv[1]
feed = feedparser.parse(address)
if feed.bozo:
    sys.exit(f"not a feed: {feed.bozo_exception}")
for entry in feed.entries:
    print(entry.updated if "updated" in entry else entry.published, entry.title, f"<{entry.link}>")

again = feedparser.parse(address, etag=feed.etag)
print("nothing new" if again.status == 304 else f"{len(again.entries)} entries again")
