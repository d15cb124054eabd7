//! Finding what is recorded: by words in every language, by names with typing errors, and while typing.

use serde_json::{Value, json};

use crate::suggest::suggestions;
use crate::support::{App, Client, claim, document, source, statement, verdict};

/// The rating "true" of the scale that comes with OnRecord.
const TRUE: &str = "01890000-0000-7000-8000-000000000105";

/// Asserts which claims a query finds, in order.
async fn finds(client: &Client, q: &str, expected: &[&str]) {
    let found = client.get(&format!("/v1/claims?sort=relevance&q={q}")).await.expect(200);
    let found: Vec<_> = found.items().iter().map(|item| item["text"].as_str().unwrap()).collect();
    assert_eq!(found, expected, "{q}");
}

pub async fn publish(client: &Client, text: &str, language: &str) -> String {
    client.id_of_new("claims", claim(json!({"text": text, "language": language, "status": "published"}))).await
}

/// What `/v1/search` finds: type and title of each.
async fn results(client: &Client, query: &str) -> Vec<(String, String)> {
    let found = client.get(&format!("/v1/search?{query}")).await.expect(200);
    let told = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    found.items().iter().map(|item| (told(item, "type"), told(item, "title"))).collect()
}

/// Letters with marks that mean nothing to any language leave words of nothing, which are none.
#[actix_web::test]
async fn marks_that_leave_nothing_of_a_word_are_no_fault() {
    let app = App::start().await;
    publish(&app.editor, "كتب الطالب", "ar").await;
    for text in ["ก\u{345}", "\u{64b}\u{308}", "ก\u{345} กข\u{345} a\u{345}", "\u{e31}\u{345}", "ก\u{300}\u{345}x 'y"]
    {
        for language in ["th", "ar", "en", "und"] {
            publish(&app.editor, text, language).await;
        }
        let asked = url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        for path in ["/v1/claims?q=", "/v1/search?q=", "/v1/sources?q=", "/v1/documents?q=", "/v1/suggest?q="] {
            app.anyone.get(&format!("{path}{asked}")).await.expect(200);
            app.anyone.get(&format!("{path}%22{asked}+x%22")).await.expect(200);
        }
        app.anyone.post("/v1/claims/match", &json!({"text": text})).await.expect(200);
    }
}

#[actix_web::test]
async fn every_language_has_its_own_words() {
    let app = App::start().await;
    let texts = [
        ("The ministers were meeting secretly", "en"),
        ("Gli incontri segreti di città", "it"),
        ("Кремль подтвердил встречу", "ru"),
        ("Die Minister starben", "de"),
        ("俄罗斯总统普京星期三到访北京", "zh"),
        ("首相は東京で会談した", "ja"),
        ("รัฐบาลไทยปฏิเสธข่าวลือ", "th"),
        ("대통령은 회담을 확인했다", "ko"),
        ("Spotkanie odbyło się w Łodzi", "pl"),
        ("وأكد الكرملين الاجتماع", "ar"),
    ];
    for (text, language) in texts {
        publish(&app.editor, text, language).await;
    }
    for (q, nth) in [
        ("meetings", 0),
        ("incontro", 1),
        ("citta", 1),
        ("CITTÀ", 1),
        ("встреча", 2),
        ("普京", 4),
        ("北京", 4),
        ("会談", 5),
        ("ไทย", 6),
        ("ข่าว", 6),
        ("회담", 7),
        ("odbylo", 8),
        ("lodzi", 8),
        ("الكرملين", 9),
    ] {
        finds(&app.anyone, q, &[texts[nth].0]).await;
    }
    // "die" is an article in German and a word in English; "war" likewise.
    let war = publish(&app.editor, "They die in the war", "en").await;
    assert_eq!(app.anyone.get("/v1/claims?q=die%20war").await.ids(), [war.as_str()]);
    finds(&app.anyone, "die%20minister", &["Die Minister starben"]).await;
    // The language only filters.
    finds(&app.anyone, "meeting&language=it", &[]).await;
}

#[actix_web::test]
async fn the_search_box_knows_phrases_alternatives_and_exceptions() {
    let app = App::start().await;
    let (near, far) = ("The secret talks were confirmed", "The talks were no secret");
    for text in [near, far] {
        publish(&app.editor, text, "en").await;
    }
    publish(&app.editor, "Un incontro", "it").await;
    finds(&app.anyone, "%22secret%20talks%22", &[near]).await;
    finds(&app.anyone, "talks%20-confirmed", &[far]).await;
    finds(&app.anyone, "incontro%20or%20confirmed", &["Un incontro", near]).await;
    finds(&app.anyone, "talks%20-%22secret%20talks%22", &[far]).await;
    finds(&app.anyone, "%22secret%20talks", &[near]).await;
    for nothing in
        ["the", "%F0%9F%98%80", "%22%22", "%26%20%7C%20!%20()%20%3A*", "'", "%5C", "or", "%E2%80%8F.%E2%80%8F"]
    {
        finds(&app.anyone, nothing, &[]).await;
    }
    let refused = ["%00", &"x".repeat(501), "", "-talks", "-%22secret%20talks%22%20or%20-x"];
    for q in refused {
        app.anyone.get(&format!("/v1/claims?q={q}")).await.problem(400, "q");
    }
    finds(&app.anyone, &"x".repeat(500), &[]).await;
    finds(&app.anyone, &format!("talks{}", "%20-x".repeat(100)), &[far, near]).await;
    app.anyone.get("/v1/claims?sort=relevance").await.problem(400, "relevance needs q");
}

/// A claim is found by its context, by what was said on it, and by verdicts; by each caller as far as they see these.
#[actix_web::test]
async fn a_claim_is_found_by_what_hangs_on_it() {
    let app = App::start().await;
    let editor = &app.editor;
    let id = editor
        .id_of_new("claims", claim(json!({"text": "They met", "context": "In a *hotel*", "status": "published"})))
        .await;
    let who = editor.id_of_new("sources", source(json!({}))).await;
    let quoted = |quote: &str, status: &str| {
        statement(
            &id,
            &who,
            json!({"quote": quote, "quote_language": "it", "quote_kind": "verbatim", "translation": "Astonishing", "status": status}),
        )
    };
    let said = editor.create("statements", quoted("Che sorprese", "published")).await;
    editor.create("statements", quoted("Un segreto", "draft")).await;
    let judged = json!({"title": "Confirmed by barbers", "summary": "The hairdressers agree.", "rating_id": TRUE, "reviewed_on": "2024", "language": "en", "status": "published"});
    app.admin.create("verdicts", verdict(&id, judged)).await;
    app.admin.create("verdicts", verdict(&id, json!({"title": "Unfinished", "language": "en"}))).await;
    for q in ["hotels", "sorpresa", "astonish", "barber", "hairdresser"] {
        finds(&app.anyone, q, &["They met"]).await;
    }
    for q in ["segreti", "unfinished"] {
        finds(&app.anyone, q, &[]).await;
        finds(&app.other, q, &[]).await;
        finds(&app.reader, q, &["They met"]).await;
    }
    // Not any more, once it is withdrawn or corrected.
    let path = format!("/v1/statements/{}", said["id"].as_str().unwrap());
    editor.patch(&path, &json!({"translation": "Amazing", "correction_note": "Closer."})).await.expect(200);
    finds(&app.anyone, "astonish", &[]).await;
    finds(&app.anyone, "amazing", &["They met"]).await;
    editor.patch(&path, &json!({"status": "withdrawn", "withdrawn_reason": "Misheard."})).await.expect(200);
    finds(&app.anyone, "sorpresa", &[]).await;
    editor.patch(&format!("/v1/claims/{id}"), &json!({"context": "In a park"})).await.expect(200);
    finds(&app.anyone, "hotel", &[]).await;
    finds(&app.anyone, "park", &["They met"]).await;
}

#[actix_web::test]
async fn relevance_puts_a_claims_own_text_first_and_pages_do_not_overlap() {
    let app = App::start().await;
    let editor = &app.editor;
    let in_context =
        claim(json!({"text": "They agreed", "context": "At the talks in Istanbul", "status": "published"}));
    editor.create("claims", in_context).await;
    publish(editor, "Talks in Istanbul", "en").await;
    finds(&app.anyone, "istanbul", &["Talks in Istanbul", "They agreed"]).await;
    for number in 0..9 {
        publish(editor, &format!("Istanbul has {number} bridges"), "en").await;
    }
    let whole = app.anyone.get("/v1/claims?q=istanbul&sort=relevance").await;
    for limit in [1, 2, 3, 5] {
        let walked = app.anyone.walk(&format!("/v1/claims?q=istanbul&sort=relevance&limit={limit}")).await;
        assert_eq!(walked, whole.items(), "limit {limit}");
    }
    let newest = app.anyone.walk("/v1/claims?q=istanbul&limit=2").await;
    assert_eq!(newest.len(), 11);
    assert!(newest.is_sorted_by(|one, other| one["id"].as_str() > other["id"].as_str()));
    let cursor = app.anyone.get("/v1/claims?q=istanbul&limit=2").await.body["next_cursor"].as_str().unwrap().to_owned();
    app.anyone.get(&format!("/v1/claims?q=istanbul&sort=relevance&cursor={cursor}")).await.problem(400, "cursor");
}

/// Where more is found than can be ranked, the newest come first, each once.
#[actix_web::test]
async fn thousands_of_results_are_walked_from_the_newest_on() {
    let app = App::start().await;
    let fill = format!(
        "INSERT INTO claims (id, newsroom_id, text, language, status)
         SELECT new_uuid_v7(), '{}', 'Bridge number ' || n || CASE n % 1000 WHEN 0 THEN ' red' ELSE '' END, 'en', CASE WHEN n % 10 = 0 THEN 'draft' ELSE 'published' END
         FROM generate_series(1, 2500) AS t(n)",
        app.newsroom_id
    );
    let sql = app.sql().await;
    sql.batch_execute(&fill).await.unwrap();
    // Found by the index at first; then as in an index so large that it is looked at in places before.
    for size in ["ANALYZE search_entries", "UPDATE pg_class SET reltuples = 500000 WHERE relname = 'search_entries'"] {
        sql.batch_execute(size).await.unwrap();
        for (client, expected) in [(&app.anyone, 2250), (&app.reader, 2500)] {
            for path in ["/v1/claims?q=bridges", "/v1/claims?q=bridges&sort=relevance", "/v1/search?q=bridges"] {
                let walked = client.walk(&format!("{path}&limit=200")).await;
                let ids: Vec<_> = walked.iter().map(|item| item["id"].as_str().unwrap()).collect();
                assert_eq!(ids.len(), expected, "{path}");
                assert!(ids.is_sorted_by(|one, other| one > other), "{path}");
            }
        }
        finds(&app.reader, "red%20bridge&limit=1", &["Bridge number 2000 red"]).await;
        let counted = app.reader.get("/v1/claims?q=bridge&facets=language&limit=1").await.expect(200).body;
        assert_eq!(counted["facets"], json!({"language": [{"value": "en", "label": null, "count": 2500}]}));
        let counted = app.anyone.get("/v1/search?q=bridge&facets=language&limit=1").await.expect(200).body;
        assert_eq!(counted["facets"]["language"][0]["count"], 2250);
    }
    many_are_counted_once(&app).await;
    many_are_found_behind_others(&app).await;
}

/// A claim counts once, however it is found, and as it is now.
async fn many_are_counted_once(app: &App) {
    let editor = &app.editor;
    let river = publish(editor, "The river is wide", "it").await;
    let red = editor.get("/v1/claims?q=red&limit=1").await.expect(200).items()[0]["id"].as_str().unwrap().to_owned();
    let who = editor.id_of_new("sources", source(json!({}))).await;
    for id in [&river, &red] {
        let said = json!({"quote": "No bridge", "quote_language": "en", "quote_kind": "verbatim"});
        editor.create("statements", statement(id, &who, said)).await;
    }
    let change = json!({"topics": ["rivers"], "claimed_on": "2020-05"});
    editor.patch(&format!("/v1/claims/{river}"), &change).await.expect(200);
    for path in ["/v1/claims?q=bridge", "/v1/search?q=bridge"] {
        let counted = editor.get(&format!("{path}&facets=language,topic,year,stance&limit=1")).await.expect(200).body;
        let counts = |facet: &str| -> Vec<(Value, Value)> {
            let values = counted["facets"][facet].as_array().unwrap();
            values.iter().map(|one| (one["value"].clone(), one["count"].clone())).collect()
        };
        assert_eq!(counts("language"), [(json!("en"), json!(2500)), (json!("it"), json!(1))], "{path}");
        assert_eq!(counts("topic"), [(json!("rivers"), json!(1))], "{path}");
        assert_eq!(counts("year"), [(json!(2020), json!(1))], "{path}");
        assert_eq!(counts("stance").len(), 1, "{path}");
    }
}

/// Nothing is lost where all that is found is old, and where a claim is hidden from a newsroom that has spoken on it.
async fn many_are_found_behind_others(app: &App) {
    let hidden = publish(&app.editor, "The lake is deep", "en").await;
    let who = app.other.id_of_new("sources", source(json!({}))).await;
    let said = json!({"quote": "A bridge", "quote_language": "en", "quote_kind": "verbatim"});
    app.other.create("statements", statement(&hidden, &who, said)).await;
    finds(&app.other, "a%20bridge%20-number", &["The lake is deep"]).await;
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "Not checked"});
    app.admin.patch(&format!("/v1/claims/{hidden}"), &withdrawn).await.expect(200);
    let others = "INSERT INTO search_entries (record_id, noun, claim_id, newsroom_id, public, words)
         SELECT id, 'claim', id, gen_random_uuid(), true, 'hill' FROM (SELECT new_uuid_v7() AS id FROM generate_series(1, 31000)) AS t";
    let behind = format!("SET session_replication_role = replica; {others}; SET session_replication_role = origin");
    app.sql().await.batch_execute(&behind).await.unwrap();
    for path in ["/v1/claims?q=bridge", "/v1/search?q=bridge&type=claim"] {
        let walked = app.other.walk(&format!("{path}&limit=200")).await;
        assert_eq!(walked.len(), 2250, "{path}");
        assert!(walked.is_sorted_by(|one, other| one["id"].as_str() > other["id"].as_str()), "{path}");
    }
}

#[actix_web::test]
async fn everything_is_found_in_one_place_with_what_was_found_marked() {
    let app = App::start().await;
    let editor = &app.editor;
    let id = publish(editor, "The <b>talks</b> took place & ended", "en").await;
    let who = editor
        .id_of_new(
            "sources",
            source(json!({"name": "Dmitry Peskov", "aliases": ["Песков"], "description": "Spoke of talks"})),
        )
        .await;
    let paper =
        editor.id_of_new("documents", document(json!({"title": "Secret talks", "authors": ["Ann Talk"]}))).await;
    let said = json!({"quote": "Talks? \"Yes\"", "quote_language": "en", "quote_kind": "verbatim", "document_id": paper, "status": "published"});
    editor.create("statements", statement(&id, &who, said)).await;
    let judged = json!({"title": "Talks: yes", "summary": "They talked.", "rating_id": TRUE, "reviewed_on": "2024", "language": "en", "status": "published"});
    app.admin.create("verdicts", verdict(&id, judged)).await;
    let mut found = results(&app.anyone, "q=talks").await;
    found.sort();
    let all = [
        ("claim", "The <b>talks</b> took place & ended"),
        ("document", "Secret talks"),
        ("source", "Dmitry Peskov"),
        ("statement", "Dmitry Peskov"),
        ("verdict", "Talks: yes"),
    ];
    assert_eq!(found, all.map(|(kind, title)| (kind.to_owned(), title.to_owned())));
    for (kind, title) in all {
        assert_eq!(results(&app.anyone, &format!("q=talks&type={kind}")).await, [(kind.to_owned(), title.to_owned())]);
    }
    let claim = app.anyone.get("/v1/search?q=talks&type=claim").await.expect(200).items()[0].clone();
    assert_eq!(claim["snippet"], "The &lt;b&gt;<mark>talks</mark>&lt;/b&gt; took place &amp; ended");
    assert_eq!(claim["record"], app.anyone.get(&format!("/v1/claims/{id}")).await.body);
    let said = app.anyone.get("/v1/search?q=talks&type=statement").await.expect(200).items()[0].clone();
    assert_eq!(said["snippet"], "<mark>Talks</mark>? &quot;Yes&quot;");
    // Names with typing errors, in any script they are known by.
    for q in
        ["peskof", "dimitri+peskow", "%D0%9F%D0%B5%D1%81%D0%BA%D0%BE%D1%84", "%D0%BF%D0%B5%D1%81%D0%BA%D0%BE%D0%B2"]
    {
        assert_eq!(results(&app.anyone, &format!("q={q}")).await[0].1, "Dmitry Peskov", "{q}");
    }
    assert_eq!(app.anyone.get("/v1/sources?q=peskof").await.expect(200).ids(), [who.as_str()]);
    assert_eq!(app.anyone.get("/v1/documents?q=secret+tolks").await.expect(200).ids(), [paper.as_str()]);
    // Not so in long texts.
    finds(&app.anyone, "plaice", &[]).await;
    app.anyone.get("/v1/search").await.problem(400, "q");
    app.anyone.get("/v1/search?q=a&type=claims").await.problem(400, "type");
}

/// What is another newsroom's secret is not found, suggested or counted.
#[actix_web::test]
async fn nobody_finds_what_they_may_not_see() {
    let app = App::start().await;
    let editor = &app.editor;
    let id = editor
        .id_of_new("claims", claim(json!({"text": "Canary yellow", "topics": ["canaries"], "claimed_on": "2024"})))
        .await;
    let who = editor.id_of_new("sources", source(json!({"name": "Canary Wharf", "note": "Xylophone"}))).await;
    editor.create("documents", document(json!({"title": "Canary songs"}))).await;
    let said = json!({"quote": "Canary, canary", "quote_language": "en", "quote_kind": "verbatim"});
    editor.create("statements", statement(&id, &who, said)).await;
    editor.create("verdicts", verdict(&id, json!({"title": "Canary free", "language": "en"}))).await;
    for client in [&app.anyone, &app.other] {
        assert!(results(client, "q=canary").await.is_empty());
        assert!(suggestions(client, "can").await.is_empty());
        assert!(suggestions(client, "canory").await.is_empty());
        let page =
            client.get("/v1/claims?q=canary&facets=topic,language,rating,stance,newsroom,year").await.expect(200).body;
        assert_eq!(page["items"], json!([]));
        assert!(page["facets"].as_object().unwrap().values().all(|values| values == &json!([])), "{page}");
    }
    assert_eq!(results(&app.reader, "q=canary").await.len(), 5);
    assert_eq!(
        suggestions(&app.reader, "can").await,
        ["source Canary Wharf", "topic canaries", "document Canary songs", "claim Canary yellow"]
    );
    // Notes are not searched, not even by members.
    assert!(results(&app.reader, "q=xylophone").await.is_empty());
}

/// The counts that matching goes by follow what is public.
#[actix_web::test]
async fn words_are_counted_as_they_come_and_go() {
    let app = App::start().await;
    let sql = app.sql().await;
    let counted = async |word: &str| {
        app.words_counted().await;
        let row = sql.query_opt("SELECT entries FROM word_counts WHERE word = $1", &[&word]).await.unwrap();
        row.map_or(0, |row| row.get::<_, i64>(0))
    };
    let id = publish(&app.editor, "A pelican, a Pelican", "en").await;
    app.editor.create("claims", claim(json!({"text": "A draft pelican"}))).await;
    assert_eq!((counted("pelican").await, counted("=english").await), (1, 1));
    let path = format!("/v1/claims/{id}");
    app.editor.patch(&path, &json!({"text": "A gull"})).await.expect(200);
    assert_eq!((counted("pelican").await, counted("gull").await), (0, 1));
    app.editor.patch(&path, &json!({"status": "withdrawn", "withdrawn_reason": "Wrong bird."})).await.expect(200);
    assert_eq!((counted("gull").await, counted("=english").await), (0, 0));
}

/// A translation is in the claim's language, whatever that becomes.
#[actix_web::test]
async fn a_change_of_language_is_followed() {
    let app = App::start().await;
    let checker = &app.checker;
    let id = checker.id_of_new("claims", claim(json!({"text": "Si videro"}))).await;
    let who = checker.id_of_new("sources", source(json!({}))).await;
    let said = json!({"quote": "Yes", "quote_language": "en", "quote_kind": "verbatim", "translation": "Gli incontri"});
    checker.create("statements", statement(&id, &who, said)).await;
    checker.create("verdicts", verdict(&id, json!({"title": "Le città lontane"}))).await;
    finds(&app.reader, "incontro", &[]).await;
    checker.patch(&format!("/v1/claims/{id}"), &json!({"language": "it"})).await.expect(200);
    for q in ["incontro", "lontano", "vedere%20or%20videro"] {
        finds(&app.reader, q, &["Si videro"]).await;
    }
}
