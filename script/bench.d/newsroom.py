"""Measures what comes in and goes out, on a new server, and prints how it compares.

usage: newsroom.py URL KEY SOCKET PID [RECORDS]

Imports RECORDS (100,000) clean reviews and publishes them, against COPY of the rows that they became into the same tables, with their
triggers and indexes; reads pages, searches by Google's interface and exports; and delivers three events for each by a webhook. PID is the
server's, whose memory is looked at.
"""
import asyncio, json, pathlib, shutil, subprocess, sys, tempfile, threading, time, urllib.request

url, key, socket, pid = sys.argv[1:5]
many = int(sys.argv[5]) if len(sys.argv) > 5 else 100_000
# In this order one may refer to those before it.
TABLES = ["sources", "documents", "claims", "statements", "appearances", "verdicts", "evidence", "import_records"]
WORDS = "bridge river mayor vaccine border council water school election budget hospital railway harvest museum stadium airport".split()


def call(path, body=None, kind="application/json", method=None):
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
    with urllib.request.urlopen(urllib.request.Request(url + path, body, headers, method=method), timeout=3600) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def sql(*statements):
    arguments = [argument for statement in statements for argument in ("-c", statement)]
    done = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", socket, "-U", "onrecord", "-d", "onrecord", *arguments],
        check=True, capture_output=True, text=True)
    return done.stdout.strip()


def until(condition, every=0.2):
    while not condition():
        time.sleep(every)


def memory(figure):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(figure + ":"):
            return int(line.split()[1]) / 1024


def row(what, theirs, mine, ratio="", target=""):
    print(f"{what:<52} {theirs:>14} {mine:>14} {ratio:>8} {target:>9}", flush=True)


def review(n):
    words = " ".join(WORDS[(n * k) % len(WORDS)] for k in (3, 5, 7, 11))
    return {
        "@context": "https://schema.org", "@type": "ClaimReview", "url": f"https://checks.example/2024/{n}",
        "claimReviewed": f"The {words} of district {n} was closed for {n % 300} days by the minister",
        "datePublished": f"2024-{1 + n % 12:02}-{1 + n % 28:02}", "inLanguage": "en", "name": f"No, district {n} was not closed",
        "author": {"@type": "Organization", "name": f"Checkers {n % 20}", "url": "https://checks.example/"},
        "itemReviewed": {"@type": "Claim", "author": {"@type": "Person", "name": f"Speaker {n % 5000}"}, "datePublished": "2024-01-02"},
        "reviewRating": {"@type": "Rating", "alternateName": ("False", "True")[n % 2]},
    }


def imported(folder):
    file = folder / "reviews.ndjson"
    with file.open("w") as lines:
        for n in range(many):
            lines.write(json.dumps(review(n)) + "\n")
    before, began = memory("VmRSS"), time.time()
    job = call("/v1/imports?publish=true", file.read_bytes(), "application/x-ndjson")
    most = before
    while job["status"] not in ("done", "failed"):
        time.sleep(0.2)
        most = max(most, memory("VmRSS"))
        job = call(f"/v1/imports/{job['id']}")
    took = time.time() - began
    assert job["status"] == "done" and job["created"] == many, job
    row(f"memory before an import of {file.stat().st_size >> 20} MB, and at most", f"{before:.0f} MB", f"{most:.0f} MB", f"+{most - before:.0f} MB", "<= 64 MB")
    return many / took


def copied(folder):
    """COPY of the same rows into the same tables, with their triggers, in one transaction; records a second."""
    until(lambda: sql("SELECT count(*) FROM changes_unsequenced") == "0")
    folder.chmod(0o777)
    for table in TABLES:
        columns = sql(f"SELECT string_agg(quote_ident(attname), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''")
        sql(f"COPY (SELECT {columns} FROM {table}) TO '{folder}/{table}'")
        (folder / f"{table}.columns").write_text(columns)
    kept = sql("SELECT count(*) FROM imports")
    sql("SET session_replication_role = replica", f"TRUNCATE {', '.join(TABLES)}, search_entries, claim_findings CASCADE")
    assert sql("SELECT count(*) FROM imports") == kept
    times = {}
    for table in TABLES:
        began = time.time()
        sql(f"COPY {table} ({(folder / f'{table}.columns').read_text()}) FROM '{folder}/{table}'")
        times[table] = time.time() - began
    return many / sum(times.values())


def rate(path):
    """Requests a second of 32 connections, as the median of three rounds; those that were refused are told and not counted."""
    rates, refused = [], 0
    for _ in range(3):
        done = subprocess.run(["wrk", "-c", "32", "-t", "2", "-d", "4", "--timeout", "10s", "-s", "script/bench.d/load.lua", url, "--", path],
                              check=True, capture_output=True, text=True)
        figures = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("result ")][0]
        refused += int(figures[2])
        rates.append((int(figures[0]) - int(figures[2])) / int(figures[1]) * 1e6)
    if refused:
        row("  of the next line were refused", "-", str(refused))
    return sorted(rates)[1]


def exported(form):
    began, most = time.time(), memory("VmRSS")
    with urllib.request.urlopen(f"{url}/v1/exports/claims.{form}", timeout=3600) as answer:
        lines = 0
        while some := answer.read(1 << 16):
            lines += some.count(b"\n")
            most = max(most, memory("VmRSS"))
    assert lines >= many, lines
    return many / (time.time() - began), most


class Receiver(asyncio.Protocol):
    """Answers 204 to whatever ends a request, as fast as it can."""
    received = 0

    def connection_made(self, transport):
        self.transport, self.waiting = transport, b""

    def data_received(self, data):
        self.waiting += data
        while (head := self.waiting.find(b"\r\n\r\n")) >= 0:
            length = next(int(line[15:]) for line in self.waiting[:head].lower().split(b"\r\n") if line.startswith(b"content-length:"))
            if len(self.waiting) < head + 4 + length:
                return
            self.waiting = self.waiting[head + 4 + length:]
            Receiver.received += 1
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


def receive():
    """Starts a receiver in the background; its port."""
    port, listening = [], threading.Event()

    async def serve():
        server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
        port.append(server.sockets[0].getsockname()[1])
        listening.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    listening.wait()
    return port[0]


def delivered():
    """Replays three events for each review to one receiver: how many came, and how many a second behind the first thousand."""
    events = ["claim.published", "statement.published", "verdict.published"]
    hook = call("/v1/webhooks", {"name": "Bench", "url": f"http://127.0.0.1:{receive()}/", "events": events, "own": False})
    began = time.time()
    call(f"/v1/webhooks/{hook['id']}/replay", {"after": 0})
    until(lambda: Receiver.received >= min(1000, many), 0.01)
    first, began_at = time.time(), Receiver.received
    until(lambda: Receiver.received >= len(events) * many, 0.05)
    row("webhook deliveries, until the first thousand", "-", f"{first - began:.2f} s")
    return len(events) * many, (Receiver.received - began_at) / max(time.time() - first, 0.001)


def main(folder):
    print(f"{'measured':<52} {'against':>14} {'OnRecord':>14} {'result':>8} {'target':>9}")
    mine = imported(folder)
    theirs = copied(folder)
    row(f"import of {many:,} reviews, published, COPY and it", f"{theirs:.0f}/s", f"{mine:.0f}/s", f"{mine / theirs:.2f}", ">= 0.5")
    sql("VACUUM ANALYZE", "CHECKPOINT")
    until(lambda: sql("SELECT (SELECT count(*) FROM changes_unsequenced) + (SELECT count(*) FROM claims_unweighed) + (SELECT count(*) FROM word_deltas)") == "0")
    claims = [claim["id"] for claim in call("/v1/claims?limit=1")["items"]]
    claim, source = rate(f"/v1/claims/{claims[0]}"), None
    for what, path in (("page /claims/{id}", f"/claims/{claims[0]}"), ("claims:search, always the same", "/v1alpha1/claims:search?query=district%201234"),
                       ("claims:search, always another", "/v1alpha1/claims:search?query=district%20{1000..9999}"),
                       ("claims:search of a publisher", "/v1alpha1/claims:search?reviewPublisherSiteFilter=checks.example&query=district%20{1000..9999}"),
                       ("claims:search, with words that no claim has together", "/v1alpha1/claims:search?query=bridge%20district%20{1000..9999}")):
        mine = rate(path)
        row(f"{what}, GET /v1/claims/{{id}} and it", f"{claim:.0f}/s", f"{mine:.0f}/s", f"{mine / claim:.2f}", ">= 0.5")
    for form, copy in (("ndjson", "SELECT to_json(claims) FROM claims"), ("csv", "SELECT * FROM claims")):
        began = time.time()
        sql(f"COPY ({copy}) TO '{folder}/copied'")
        theirs = many / (time.time() - began)
        before = memory("VmRSS")
        mine, most = exported(form)
        row(f"export of claims.{form}, COPY and it", f"{theirs:.0f}/s", f"{mine:.0f}/s", f"{mine / theirs:.2f}")
        row("  memory before, and at most", f"{before:.0f} MB", f"{most:.0f} MB", f"+{most - before:.0f} MB")
    waiting, mine = delivered()
    row(f"webhook deliveries, {waiting:,} waiting", "-", f"{mine:.0f}/s", "", ">= 1000/s")


folder = pathlib.Path(tempfile.mkdtemp(prefix="onrecord-bench.", dir="/tmp"))
try:
    main(folder)
finally:
    shutil.rmtree(folder, ignore_errors=True)
