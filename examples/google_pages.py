"""Publishes, corrects and deletes an article's fact check by Google's own client for its Fact Check Tools API, unchanged: only
the address is another, and a key of OnRecord stands for the token.

    script/python examples/google_pages.py http://127.0.0.1:8080 onr_... https://news.example/checks/moon "The claim" "False"
    script/python examples/google_pages.py http://127.0.0.1:8080 onr_... https://news.example/checks/moon     # deletes it
"""

import argparse
import datetime
import sys

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("server")
arguments.add_argument("key")
arguments.add_argument("url")
arguments.add_argument("claim", nargs="?")
arguments.add_argument("rating", nargs="?")
asked = arguments.parse_args()

service = build(
    "factchecktools",
    "v1alpha1",
    credentials=Credentials(token=asked.key),
    static_discovery=True,
    client_options={"api_endpoint": asked.server},
)
pages = service.pages()
try:
    found = pages.list(url=asked.url).execute().get("claimReviewMarkupPages", [])
    if asked.claim is None:
        pages.delete(name=found[0]["name"]).execute()
        print("deleted")
    else:
        markup = {"claimReviewed": asked.claim, "rating": {"textualRating": asked.rating}}
        if found:
            page = found[0]
            markups = page["claimReviewMarkups"]
            same = [known for known in markups if known["claimReviewed"] == asked.claim]
            # All markups of the page are sent back: what is left out of an update is retracted. What is known of the claim stays.
            for known in same:
                known["rating"] = {**known["rating"], **markup["rating"]}
            if not same:
                markups.append(markup)
            page = pages.update(name=page["name"], body=page).execute()
        else:
            today = datetime.date.today().isoformat()
            body = {"pageUrl": asked.url, "publishDate": today, "claimReviewMarkups": [markup]}
            page = pages.create(body=body).execute()
        print(page["name"], page["pageUrl"])
        for markup in page["claimReviewMarkups"]:
            print(f"{markup['rating']['textualRating']}: {markup['claimReviewed']}")
except HttpError as error:
    sys.exit(f"{error.status_code}: {error.reason}")
