"""Searches OnRecord by Google's own client for its Fact Check Tools API, unchanged: only the address is another.

    script/python examples/google_client.py http://127.0.0.1:8080 "meeting in Turkey" [--language en] [--site news.example] [--page-size 2]
"""

import argparse
import sys

from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("server")
arguments.add_argument("query", nargs="?")
arguments.add_argument("--language")
arguments.add_argument("--site")
arguments.add_argument("--page-size", type=int, default=10)
asked = arguments.parse_args()

service = build(
    "factchecktools",
    "v1alpha1",
    developerKey="none is needed to read",
    static_discovery=True,
    client_options={"api_endpoint": asked.server},
)
request = service.claims().search(
    query=asked.query,
    languageCode=asked.language,
    reviewPublisherSiteFilter=asked.site,
    pageSize=asked.page_size,
)
try:
    while request is not None:
        answer = request.execute()
        for claim in answer.get("claims", []):
            print(claim["text"])
            print("  claimed by", claim.get("claimant", "nobody named"), *filter(None, [claim.get("claimDate")]))
            for review in claim["claimReview"]:
                print(f"  {review['publisher']['name']}: {review['textualRating']} <{review['url']}>")
        request = service.claims().search_next(request, answer)
except HttpError as error:
    sys.exit(f"{error.status_code}: {error.reason}")
