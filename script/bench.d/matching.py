"""Measures matching over HTTP on a set of claims, queries and relevance judgements.

usage: matching.py URL KEY load DIR            records the set's claims
       matching.py URL KEY ask DIR SPLIT IDS   asks for each query of a split

A set is claims.jsonl.gz (id, title, text, and lang where it is not English), queries.SPLIT.tsv and qrels.SPLIT.tsv. A claim's
text is recorded as text, its title as context. IDS is where `load` has written which claim became which.
"""
import gzip, http.client, json, sys, threading, time, unicodedata, urllib.parse


def post(connection, path, key, body):
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = "Bearer " + key
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status not in (200, 201):
        sys.exit(f"{path} answered {answer.status}: {text[:2000].decode()}")
    return json.loads(text)


def connect(url):
    return http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)


def clean(text, most):
    """Text as it can be recorded: without control characters, no longer than a claim may be."""
    text = "".join(c for c in unicodedata.normalize("NFC", text or "") if c in "\n\t" or unicodedata.category(c) != "Cc")
    return text.strip()[:most].strip()


def load(url, key, directory, ids):
    connection, known, bundle = connect(url), {}, []

    def flush():
        if bundle:
            known.update(post(connection, "/v1/bundles", key, {"claims": bundle})["ids"])
            bundle.clear()

    since, count = time.time(), 0
    for line in gzip.open(f"{directory}/claims.jsonl.gz", "rt", encoding="utf-8"):
        claim = json.loads(line)
        title, text = clean(claim.get("title"), 10000), clean(claim.get("text"), 2000)
        record = {"ref": claim["id"], "text": text or title[:2000] or claim["id"], "language": claim.get("lang") or "en", "status": "published"}
        if title:
            record["context"] = title
        bundle.append(record)
        count += 1
        if len(bundle) == 500:
            flush()
    flush()
    json.dump(known, open(ids, "w"))
    print(f"{count} claims recorded, {count / (time.time() - since):.0f} a second", file=sys.stderr)


def ask(url, key, directory, split, ids, clients=2, top=100):
    known = {uuid: ref for ref, uuid in json.load(open(ids)).items()}
    relevant = {}
    for line in open(f"{directory}/qrels.{split}.tsv", encoding="utf-8"):
        query, _, claim, relevance = line.split()
        if float(relevance) > 0:
            relevant.setdefault(query, set()).add(claim)
    queries = [line.rstrip("\n").split("\t", 1) for line in open(f"{directory}/queries.{split}.tsv", encoding="utf-8")]
    queries = [(query, clean(text, 50000)) for query, text in queries if query in relevant]
    found, took, degraded = {}, [], []

    def work(mine):
        connection = connect(url)
        for query, text in mine:
            since = time.perf_counter()
            answer = post(connection, "/v1/claims/match", None, {"text": text, "limit": top})
            took.append((time.perf_counter() - since) * 1000)
            degraded.append(answer["degraded"])
            found[query] = [known.get(match["claim"]["id"]) for match in answer["matches"]]

    threads = [threading.Thread(target=work, args=(queries[n::clients],)) for n in range(clients)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return scores(relevant, found), sorted(took), sum(degraded)


def scores(relevant, found):
    def precision(query, k):
        hits, total = 0, 0.0
        for rank, claim in enumerate(found.get(query, [])[:k], 1):
            if claim in relevant[query]:
                hits += 1
                total += hits / rank
        return total / min(len(relevant[query]), k)

    def success(query, k):
        return any(claim in relevant[query] for claim in found.get(query, [])[:k])

    mean = lambda value, k: sum(value(query, k) for query in relevant) / len(relevant)
    return {"MAP@1": mean(precision, 1), "MAP@5": mean(precision, 5), "S@10": mean(success, 10), "S@100": mean(success, 100)}


def main(url, key, command, directory, *rest):
    if command == "load":
        return load(url, key, directory, *rest)
    measured, took, degraded = ask(url, key, directory, *rest)
    at = lambda share: took[min(len(took) - 1, int(len(took) * share))]
    values = "  ".join(f"{name} {value:.3f}" for name, value in measured.items())
    print(f"{rest[0]:6} {values}  {len(took)} queries, ms: p50 {at(0.5):.1f} p95 {at(0.95):.1f} p99 {at(0.99):.1f}, degraded {degraded}")


main(*sys.argv[1:])
