//! The dirt of real markup, and files that mean harm.

use reqwest::Method;
use serde_json::{Value, json};

use crate::imports::{FALSE, import, map, outcomes, problems, records, review};
use crate::support::App;

#[actix_web::test]
async fn dirt_is_survived_and_reported() {
    let app = App::start().await;
    let editor = &app.editor;
    let with = |n: usize, member: &str, value: Value| {
        let mut one = review(n);
        *one.pointer_mut(member).unwrap() = value;
        one
    };
    let long = |n: usize, member: &str| {
        let mut one = review(n);
        one[member] = json!("word ".repeat(1100));
        one
    };
    let cases: Vec<(Value, &str, &str)> = vec![
        (
            with(1, "/claimReviewed", json!(["The first of a list was closed by the government", "x"])),
            "created",
            "more than one claim",
        ),
        (with(2, "/claimReviewed", json!("")), "failed", "has no claim"),
        (
            with(
                3,
                "/claimReviewed",
                json!("“The&nbsp;bridge &quot;was&quot;\r\n <b>closed</b>\u{a0}by the government”"),
            ),
            "created",
            "",
        ),
        (with(4, "/claimReviewed", json!("x".repeat(5000))), "created", "longer than 2,000"),
        (
            with(
                5,
                "/claimReviewed",
                json!("The mayor said that the bridge\u{0}with the number 5 was\u{1} closed by the government"),
            ),
            "created",
            "",
        ),
        (with(6, "/datePublished", json!("7 October")), "created", "is no date"),
        (with(7, "/datePublished", json!(null)), "created", ""),
        (with(8, "/url", json!("/relative/8")), "created", "is no web address"),
        (with(9, "/url", json!("https:checks.example/9")), "created", ""),
        (with(10, "/url", json!("checks.example/10")), "created", ""),
        (with(11, "/author", json!("Just Text")), "created", ""),
        (with(12, "/author", json!(null)), "created", ""),
        (with(13, "/itemReviewed", json!([])), "created", ""),
        (
            with(
                14,
                "/itemReviewed/author",
                json!([{"name": ["Ann Mayor", "mayor"], "sameAs": ["https://www.wikidata.org/wiki/Q42"]}, {"name": ""}]),
            ),
            "created",
            "",
        ),
        (
            with(15, "/reviewRating", json!({"ratingValue": "-1", "bestRating": "", "worstRating": 0})),
            "created",
            "only a number",
        ),
        (
            with(
                16,
                "/reviewRating",
                json!([{"alternateName": " False ", "ratingValue": 5, "bestRating": 1, "worstRating": 5}]),
            ),
            "created",
            "",
        ),
        (with(17, "/claimReviewed", json!("Nein")), "created", "language"),
        (with(18, "/reviewRating/alternateName", json!("x".repeat(3000))), "created", "stands for no rating"),
        (with(19, "/reviewRating/alternateName", json!("x".repeat(3000))), "created", "longer than 300"),
        (with(20, "/author/name", json!("x".repeat(301))), "created", "\"author\": \"is longer than 300"),
        (
            with(21, "/itemReviewed/author/name", json!("x".repeat(301))),
            "created",
            "\"itemReviewed/author\": \"is longer",
        ),
        (long(23, "headline"), "created", "\"headline\": \"is longer than 500"),
        (long(24, "reviewBody"), "created", "\"reviewBody\": \"is longer than 5000"),
        (
            with(25, "/itemReviewed/author/name", json!("Jos\u{FFFD} Mayor")),
            "created",
            "\"itemReviewed\": \"has characters that cannot be read",
        ),
        (with(26, "/datePublished", json!("\u{0}")), "created", "is no date"),
        (with(27, "/itemReviewed/datePublished", json!("no\u{0} date")), "created", "is no date"),
    ];
    map(editor, "Bogus", FALSE).await;
    let file = Value::Array(cases.iter().map(|(one, ..)| one.clone()).collect());
    let done = import(editor, "application/json", "", file.to_string()).await;
    let records = records(editor, &done).await;
    assert_eq!(records.len(), cases.len());
    for (record, (one, outcome, problem)) in records.iter().zip(&cases) {
        assert_eq!(record["outcome"], *outcome, "{one} {record}");
        assert!(problems(record).contains(problem), "{one} {record}");
        if problem.is_empty() {
            assert_eq!(problems(record), "", "{one}");
        }
    }
    let text = async |nth: usize| {
        let claim = editor.get(&format!("/v1/claims/{}", records[nth]["claim_id"].as_str().unwrap())).await.expect(200);
        claim.body["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(text(2).await, "The bridge \"was\" closed by the government");
    assert_eq!(text(4).await, "The mayor said that the bridge with the number 5 was closed by the government");
    // Whose review it is is told by the site where nobody is named.
    assert_eq!(records[11]["publisher"], "checks.example");
    let verdict =
        editor.get(&format!("/v1/verdicts/{}", records[14]["verdict_id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!(verdict["rating_id"], Value::Null, "no number is made a rating");
}

/// What a review in a page refers to is read with it, as the plug-ins of content systems write it, and never without end.
#[actix_web::test]
async fn references_within_a_page_are_followed() {
    let app = App::start().await;
    let editor = &app.editor;
    let mut one = review(1);
    one["author"] = json!({"@id": "#org"});
    one["itemReviewed"] = json!({"@id": "#claim"});
    let mut lost = review(2);
    lost["author"] = json!({"@type": "Organization", "@id": "#nobody"});
    let nodes = [
        json!({"@type": "Organization", "@id": "#org", "name": "Graph Checkers", "url": "https://graph.example/", "parentOrganization": {"@id": "#org"}}),
        json!({"@type": "Claim", "@id": "#claim", "author": {"@id": "#ann"}, "datePublished": "2024-02-01"}),
        json!({"@type": "Person", "@id": "#ann", "name": "Ann Graph", "knows": [{"@id": "#ann"}, {"@id": "#claim"}]}),
    ];
    let graph = json!({"@context": "https://schema.org", "@graph": [one, lost, nodes]});
    let page = format!("<html><head><script type=\"application/ld+json\">{graph}</script></head></html>");
    map(editor, "Bogus", FALSE).await;
    let done = import(editor, "text/html", "", page).await;
    let made = records(editor, &done).await;
    assert_eq!(made.len(), 2);
    assert_eq!((&made[0]["publisher"], problems(&made[0])), (&json!("Graph Checkers"), String::new()));
    let claim = editor.get(&format!("/v1/claims/{}", made[0]["claim_id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!(claim["claimed_on"], "2024-02-01");
    assert_eq!(editor.get("/v1/sources?q=Ann%20Graph").await.expect(200).items().len(), 1);
    // What is not there is told of; the publisher is told by the address.
    assert_eq!(made[1]["publisher"], "checks.example");
    assert!(problems(&made[1]).contains("refers to #nobody"), "{}", made[1]);
    // In other files, which may be of any size, each record stands for itself.
    let mut alone = review(3);
    alone["author"] = json!({"@id": "#org"});
    let done = import(editor, "application/ld+json", "", json!({"@graph": [alone, nodes]}).to_string()).await;
    let made = records(editor, &done).await;
    assert!(problems(&made[0]).contains("refers to #org"), "{}", made[0]);
}

#[actix_web::test]
async fn hostile_files_are_bounded_and_encodings_read() {
    let app = App::start().await;
    let editor = &app.editor;
    let deep = "[".repeat(100_000);
    let huge = json!([{"@type": "ClaimReview", "claimReviewed": "x".repeat(3 << 20)}, review(1)]).to_string();
    let cut = review(2).to_string()[..200].to_owned();
    for (kind, file, expected) in [
        ("application/json", deep.into_bytes(), vec!["failed"]),
        ("application/json", huge.clone().into_bytes(), vec!["failed", "created"]),
        ("application/x-ndjson", format!("{huge}\n{}", review(3)).into_bytes(), vec!["failed", "created"]),
        ("application/json", cut.into_bytes(), vec!["failed"]),
        ("application/json", b"<html>".to_vec(), vec!["failed"]),
        ("application/json", vec![0; 1000], vec!["failed"]),
        ("application/json", b"\xff\xfe\xfd garbage".to_vec(), vec!["failed"]),
        ("application/json", b"{\"@type\": \"Thing\"}".to_vec(), vec![]),
        ("application/json", b"not json".to_vec(), vec![]),
        ("text/html", "<script type=application/ld+json>".repeat(1000).into_bytes(), vec!["failed"]),
        ("text/html", vec![b'<'; 100_000], vec![]),
        ("text/csv", b"a,b\n1,2\n".to_vec(), vec!["failed", "failed"]),
        ("text/csv", format!("claim\n\"{}", "x".repeat(3 << 20)).into_bytes(), vec!["failed"]),
    ] {
        let done = import(editor, kind, "", file).await;
        // What holds no review at all is no success.
        assert_eq!(done["status"], if expected.is_empty() { "failed" } else { "done" }, "{done}");
        assert_eq!(outcomes(editor, &done).await, expected, "{kind}");
    }
    let said = "La façade du pont a été fermée par le gouvernement";
    let table = format!("claim,url\n{said},https://a.example/1\n");
    let latin: Vec<u8> = table.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let utf16: Vec<u8> =
        std::iter::once(0xFEFF).chain(table.replace("/1", "/2").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let bom = [b"\xef\xbb\xbf".as_slice(), table.replace("/1", "/3").as_bytes()].concat();
    for (kind, file) in [("text/csv; charset=windows-1252", latin), ("text/csv", utf16), ("text/csv", bom)] {
        let done = import(editor, kind, "", file.clone()).await;
        let kept = editor.request(Method::GET, &format!("/v1/imports/{}/file", done["id"].as_str().unwrap()));
        assert_eq!(kept.send().await.unwrap().bytes().await.unwrap(), file, "{kind}");
        let record = records(editor, &done).await.remove(0);
        let claim = editor.get(&format!("/v1/claims/{}", record["claim_id"].as_str().unwrap())).await.expect(200).body;
        assert_eq!((claim["text"].as_str(), &claim["language"]), (Some(said), &json!("fr")), "{kind}");
    }
    let send = async |kind: &str, query: &str, file: Vec<u8>| {
        editor
            .send(editor.request(Method::POST, &format!("/v1/imports{query}")).header("content-type", kind).body(file))
            .await
    };
    let before = app.count("imports").await;
    send("image/png", "", vec![1]).await.expect(415);
    send("text/csv; charset=nonsense", "", vec![1]).await.expect(415);
    send("text/csv", "", vec![]).await.expect(400);
    send("text/csv", "?columns=nonsense=x", vec![1]).await.expect(400);
    send("text/csv", "?language=italiano", vec![1]).await.expect(400);
    send("text/csv", "?publish=perhaps", vec![1]).await.expect(400);
    assert_eq!(app.count("imports").await, before, "what is refused is not kept");
}
