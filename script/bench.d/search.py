"""Measures search, suggestions and matching over HTTP among many claims in twenty languages.

usage: search.py make DIR COUNT OUT    writes so many claims made of a set's texts, as COPY reads them
       search.py ask URL IN [meaning]  asks for words of them, or where vectors are compared, and prints times
       search.py embed FILE            is an embedding service of random vectors, and writes its address into a file

The texts of other languages are the English ones with each word replaced by one of that language's letters, always the same: so words
are as frequent as words are, and no two languages share them.
"""
import gzip, hashlib, http.client, http.server, json, random, re, sys, threading, time, urllib.parse

LETTERS = {
    "en": "", "de": "aeiouäöü bdfghklmnrstz", "fr": "aeiouéèê bcdfglmnprstv", "es": "aeiouáéó bcdfglmnprstñ", "it": "aeiouàèò bcdfglmnprstv",
    "pt": "aeiouãõé bcdfglmnprstv", "nl": "aeiou bdfghklmnprstvz", "sv": "aeiouåäö bdfghklmnrstv", "da": "aeiouæøå bdfghklmnrstv",
    "fi": "aeiouäöy hjklmnprstv", "hu": "aeiouáéő bdfgklmnrstz", "ro": "aeiouăâî bcdflmnprstț", "tr": "aeiouöüı bdfgklmnrstyşç",
    "ru": "аеиоуыя бвгдзклмнпрст", "el": "αεηιου βγδκλμνπρστ", "ar": "اوي بتجدرسعفقلمنه", "hi": "अआइउएओ कगजतदनपबमरलसह",
    "pl": "aeiouąęó bcdgklmnprstwz", "cs": "aeiouáéí bcdhklmnprstvz", "uk": "аеиоуії бвгдзклмнпрст",
}
COMMON = set("the of to a in and is on for that was by are with has it as from be at his an will were who he not have after".split())
WORD = re.compile(r"[^\W\d_]+")


class Language:
    def __init__(self, tag):
        self.tag, self.known = tag, {}
        self.vowels, _, self.consonants = LETTERS[tag].partition(" ")

    def word(self, word):
        if not self.vowels:
            return word
        made = self.known.get(word)
        if made is None:
            digest = hashlib.md5(f"{self.tag} {word}".encode()).digest()
            letters = [(self.consonants, self.vowels)[n % 2] for n in range(max(3, min(len(word), 16)))]
            made = "".join(some[byte % len(some)] for some, byte in zip(letters, digest))
            self.known[word] = made
        return made

    def text(self, text):
        if not self.vowels:
            return text
        words = (self.word(word.lower()) for word in WORD.findall(text) if word.lower() not in COMMON)
        return " ".join(words)


def make(directory, count, out):
    chance = random.Random(1)
    texts = []
    for line in gzip.open(f"{directory}/claims.jsonl.gz", "rt", encoding="utf-8"):
        claim = json.loads(line)
        text, title = (re.sub(r"[\s\\]+", " ", claim.get(name) or "").strip() for name in ("text", "title"))
        if WORD.search(text):
            texts.append((text[:1500], title[:300] or text[:60]))
    languages = [Language(tag) for tag in LETTERS]
    with open(out, "w", encoding="utf-8") as file:
        for n in range(int(count)):
            language = languages[n % len(languages)]
            (text, title), (other, _) = chance.choice(texts), chance.choice(texts)
            # Half of another's words, so that no two are alike.
            words, others = text.split(" "), other.split(" ")
            words = [chance.choice(others) if chance.random() < 0.5 else word for word in words]
            text = language.text(" ".join(words)) or language.word(f"empty{n}")
            file.write(f"{language.tag}\t{text}\t{language.text(title) or text[:60]}\n")


def requests(claims, chance):
    """For each kind of request, what is asked."""
    def words(most):
        while True:
            found = [word for word in chance.choice(claims).split(" ") if len(word) > 2]
            if found:
                return " ".join(chance.sample(found, min(len(found), chance.randint(1, most))))

    def typed():
        text = chance.choice(claims)
        return text[: chance.randint(2, 20)].strip() or text

    def half():
        return " ".join(word for word in chance.choice(claims).split(" ") if chance.random() < 0.6) or words(3)

    facets = "topic,language,rating,stance,newsroom,year"
    get = lambda path, **parameters: ("GET", f"{path}?{urllib.parse.urlencode(parameters)}", None)
    return {
        "q, newest": (lambda: get("/v1/claims", q=words(3)), 100),
        "q, best first": (lambda: get("/v1/claims", q=words(3), sort="relevance"), 100),
        "q, six facets": (lambda: get("/v1/claims", q=words(3), facets=facets), 250),
        "search": (lambda: get("/v1/search", q=words(3)), 100),
        "suggest": (lambda: get("/v1/suggest", q=typed()), 20),
        "match": (lambda: ("POST", "/v1/claims/match", json.dumps({"text": half()})), 150),
        "match, by meaning too": (lambda: ("POST", "/v1/claims/match", json.dumps({"text": half()})), 300),
    }


def ask(url, file, only=None, each=400, clients=4):
    chance = random.Random(2)
    claims = [line.split("\t")[1] for n, line in enumerate(open(file, encoding="utf-8")) if n % 50 < 20 and chance.random() < 0.2]
    host = urllib.parse.urlsplit(url).netloc

    def measure(asked):
        took, refused = [], []

        def work(mine):
            connection = http.client.HTTPConnection(host, timeout=60)
            for method, path, body in mine:
                since = time.perf_counter()
                connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
                answer = connection.getresponse()
                body = answer.read()
                took.append((time.perf_counter() - since) * 1000)
                if answer.status != 200 or b'"degraded":true' in body:
                    refused.append(answer.status)

        threads = [threading.Thread(target=work, args=(asked[n::clients],)) for n in range(clients)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        return sorted(took), refused

    for name, (request, asked) in requests(claims, chance).items():
        by_meaning = name == "match, by meaning too"
        if by_meaning != (only == "meaning"):
            continue
        measure([request() for _ in range(each // 2)])
        took, refused = measure([request() for _ in range(each)])
        at = lambda share: took[min(len(took) - 1, int(len(took) * share))]
        met = "PASS" if at(0.99) <= asked and not refused else "MISS"
        print(f"{name:21} ms: p50 {at(0.5):7.1f}  p90 {at(0.9):7.1f}  p99 {at(0.99):7.1f}  (p99 <= {asked}) {met}  refused {len(refused)}", flush=True)


def embed(file):
    class Service(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
            data = [{"index": n, "embedding": [random.uniform(-1, 1) for _ in range(384)]} for n in range(len(texts))]
            body = json.dumps({"data": data}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    open(file, "w").write(f"http://127.0.0.1:{server.server_port}/v1/embeddings")
    server.serve_forever()


{"make": make, "ask": ask, "embed": embed}[sys.argv[1]](*sys.argv[2:])
