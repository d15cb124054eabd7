//! Has this already been checked?

use serde_json::{Value, json};

use crate::support::{App, Client, claim, document, source, statement, verdict, with};

/// The rating "true" of the scale that comes with OnRecord.
const TRUE: &str = "01890000-0000-7000-8000-000000000105";

async fn matches(client: &Client, body: Value) -> Vec<Value> {
    let found = client.post("/v1/claims/match", &body).await.expect(200).body;
    assert_eq!(found["degraded"], false, "no embedding service is configured");
    found["matches"].as_array().unwrap().clone()
}

/// The texts that match, with their bands and why.
pub async fn told(client: &Client, body: Value) -> Vec<(String, String, Value)> {
    let text = |one: &Value| one.as_str().unwrap().to_owned();
    let told = |one: &Value| (text(&one["claim"]["text"]), text(&one["band"]), one["matched_by"].clone());
    matches(client, body).await.iter().map(told).collect()
}

pub async fn publish(client: &Client, text: &str, language: &str) -> String {
    client.id_of_new("claims", claim(json!({"text": text, "language": language, "status": "published"}))).await
}

/// Claims on other matters: what is rare among one claim tells nothing.
async fn fill(app: &App) {
    let fill = format!(
        "INSERT INTO claims (id, newsroom_id, text, language, status)
         SELECT new_uuid_v7(), '{}', format('The %s of %s number %s was seen', noun, place, n), 'en', 'published'
         FROM generate_series(1, 40) AS a(n), unnest('{{bridge,river,tower,castle,harbour}}'::text[]) AS b(noun), unnest('{{Rome,Oslo,Cairo}}'::text[]) AS c(place)",
        app.newsroom_id
    );
    app.sql().await.batch_execute(&fill).await.unwrap();
    app.words_counted().await;
}

#[actix_web::test]
async fn the_same_text_and_the_same_address_match_beyond_doubt() {
    let app = App::start().await;
    let editor = &app.editor;
    let id = publish(editor, "Eine „Straße“ in Köln, gesperrt!", "de").await;
    for text in
        ["eine straße in köln gesperrt", "EINE STRASSE IN KÖLN – GESPERRT", "Eine \"Straße\" in\n Köln; gesperrt?"]
    {
        let found = told(&app.anyone, json!({"text": text})).await;
        assert_eq!(found.len(), 1, "{text}");
        assert!(found[0].2.as_array().unwrap().contains(&json!("text")), "{text}: {:?}", found[0]);
    }
    let found = matches(&app.anyone, json!({"text": "Eine “Straße” in Köln　gesperrt"})).await;
    assert_eq!((found[0]["score"].as_f64(), found[0]["band"].as_str()), (Some(1.0), Some("same")));
    assert_eq!(found[0]["matched_by"], json!(["text", "words"]));
    assert_eq!(found[0]["verdict"], Value::Null);
    let who = editor.id_of_new("sources", source(json!({}))).await;
    let paper = editor.id_of_new("documents", document(json!({"url": "https://example.org/story?utm_source=x"}))).await;
    let carrier = editor.id_of_new("documents", document(json!({"url": "https://example.org/copy"}))).await;
    let said = json!({"document_id": paper, "appearances": [{"document_id": carrier}], "status": "published"});
    editor.create("statements", statement(&id, &who, said)).await;
    let judged = json!({"summary": "So.", "title": "Closed", "rating_id": TRUE, "reviewed_on": "2024", "url": "https://desk.example/review/1", "status": "published"});
    app.admin.create("verdicts", verdict(&id, judged.clone())).await;
    let bridge = publish(editor, "Die Brücke ist gesperrt", "de").await;
    let abroad = with(judged, json!({"url": "https://desk.example/faktencheck/brücke-köln?a=ü"}));
    app.admin.create("verdicts", verdict(&bridge, abroad)).await;
    for url in [
        "https://desk.example/faktencheck/brücke-köln?a=ü",
        "https://desk.example/faktencheck/br%C3%BCcke-k%C3%B6ln?a=%C3%BC",
    ] {
        let found = matches(&app.anyone, json!({"url": url})).await;
        assert_eq!((found.len(), &found[0]["claim"]["id"]), (1, &json!(bridge)), "{url}");
    }
    for url in [
        "HTTPS://EXAMPLE.org/story#top",
        "http://www.example.org/story/",
        "http://www.desk.example/review/1",
        "https://example.org/copy",
        "https://desk.example/review/1/?fbclid=1",
    ] {
        let found = matches(&app.anyone, json!({"url": url})).await;
        assert_eq!(found.len(), 1, "{url}");
        assert_eq!((found[0]["band"].as_str(), &found[0]["matched_by"]), (Some("same"), &json!(["url"])), "{url}");
        assert_eq!(found[0]["verdict"]["title"], "Closed");
        assert_eq!(found[0]["verdict"]["rating"]["slug"], "true");
    }
    assert!(matches(&app.anyone, json!({"url": "https://example.org/other"})).await.is_empty());
    // The claim's own page, as feeds and ClaimReview name it.
    for asked in
        [json!({"url": format!("{}/claims/{id}", app.url)}), json!({"text": format!("{}/claims/{id}?x#v", app.url)})]
    {
        assert_eq!(matches(&app.anyone, asked.clone()).await[0]["claim"]["id"], json!(id), "{asked}");
    }
    let draft = editor.id_of_new("claims", claim(json!({}))).await;
    let page = json!({"url": format!("{}/claims/{draft}", app.url)});
    assert!(matches(&app.anyone, page.clone()).await.is_empty());
    assert_eq!(matches(editor, page).await.len(), 1);
    let quoted = json!({"quote": "Niemand darf hinüber.", "quote_language": "de", "quote_kind": "verbatim", "status": "published"});
    editor.create("statements", statement(&bridge, &who, quoted)).await;
    let found = matches(&app.anyone, json!({"text": "NIEMAND DARF HINÜBER"})).await;
    assert_eq!((&found[0]["claim"]["id"], &found[0]["matched_by"]), (&json!(bridge), &json!(["text", "words"])));
    for text in
        ["Look at this: https://example.org/story.", "**https://example.org/story**!", "<https://example.org/story>"]
    {
        assert_eq!(told(&app.anyone, json!({"text": text})).await[0].2, json!(["url"]), "{text}");
    }
    // An address is not another that it begins with.
    let two = json!({"text": "https://example.org/storyétable https://example.org/story普京"});
    assert!(told(&app.anyone, two).await.len() <= 1);
    assert!(told(&app.anyone, json!({"text": "https://example.org/storyétable"})).await.is_empty());
}

#[actix_web::test]
async fn a_message_finds_what_it_repeats_in_other_words() {
    let app = App::start().await;
    fill(&app).await;
    let wanted = "A photograph shows a shark swimming on a flooded highway in Houston";
    publish(&app.editor, wanted, "en").await;
    publish(&app.editor, "Hurricane Harvey flooded Houston", "en").await;
    publish(&app.editor, "Una foto mostra uno squalo su un'autostrada allagata", "it").await;
    app.words_counted().await;
    let tweet = "OMG sharks swimming on the flooded highways of #HoustonFlood!! https://t.co/abc pic.twitter.com/x1 — Some One (@someone) August 28, 2017";
    let found = told(&app.anyone, json!({"text": tweet, "limit": 3})).await;
    assert_eq!(
        (found[0].0.as_str(), found[0].1.as_str(), &found[0].2),
        (wanted, "same", &json!(["words"])),
        "{found:?}"
    );
    assert_ne!(found[1].1, "same", "{found:?}");
    let found = told(&app.anyone, json!({"text": "squali sulle autostrade allagate, una foto"})).await;
    assert!(found[0].0.starts_with("Una foto"), "{found:?}");
    let weak = told(&app.anyone, json!({"text": "My castle in the air is taller than yours"})).await;
    assert!(weak.iter().all(|one| one.1 == "weak"), "{weak:?}");
    assert!(told(&app.anyone, json!({"text": "Quarterly earnings disappointed investors"})).await.is_empty());
    let scores: Vec<f64> = matches(&app.anyone, json!({"text": tweet, "limit": 100}))
        .await
        .iter()
        .map(|one| one["score"].as_f64().unwrap())
        .collect();
    assert!(scores.is_sorted_by(|one, other| one >= other) && scores.iter().all(|score| (0.0..=1.0).contains(score)));
}

/// Of claims that say the same, the first recorded comes first.
#[actix_web::test]
async fn twins_stand_in_the_order_in_which_they_were_recorded() {
    let app = App::start().await;
    let one = publish(&app.editor, "\"Sharks\" swim in Houston", "en").await;
    let two = publish(&app.editor, "Sharks swim in 'Houston'", "en").await;
    let found = matches(&app.anyone, json!({"text": "a shark in Houston"})).await;
    let ids: Vec<_> = found.iter().map(|one| one["claim"]["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [one.as_str(), two.as_str()]);
    assert_eq!(found[0]["score"], found[1]["score"]);
    // Nor is the first lost among hundreds.
    let many = "INSERT INTO claims (id, newsroom_id, text, language, status)
         SELECT new_uuid_v7(), newsroom_id, 'Sharks swim in Houston!', 'en', 'published' FROM claims, generate_series(1, 110)";
    app.sql().await.batch_execute(many).await.unwrap();
    let found = matches(&app.anyone, json!({"text": "Sharks swim in Houston", "limit": 1})).await;
    assert_eq!(found[0]["claim"]["id"], ids[0]);
}

/// Names are the same in many languages: that a text's language is known hides no claim in another.
#[actix_web::test]
async fn a_known_language_hides_no_claim_in_another() {
    let app = App::start().await;
    fill(&app).await;
    let names = "Zelensky incontra Macron Qwertov Blomkvist";
    publish(&app.editor, names, "it").await;
    app.words_counted().await;
    for language in ["en", "it", "fi"] {
        let asked = json!({"text": "Zelensky Macron Qwertov Blomkvist", "language": language});
        assert_eq!(told(&app.anyone, asked).await[0].0, names, "{language}");
    }
    let made = claim(json!({"text": "Zelensky met Macron, Qwertov and Blomkvist", "language": "en"}));
    let made = app.editor.create("claims", made).await;
    assert_eq!(made["similar"][0]["claim"]["text"], names);
    // As is a text so long that it is read by the rules of its own language only.
    let long = format!(
        "{} Zelensky, Macron, Qwertov and Blomkvist were there.",
        "The ministers spoke of many matters. ".repeat(60)
    );
    assert!(told(&app.anyone, json!({"text": long})).await.iter().any(|one| one.0 == names));
}

/// Narrowed before it is cut: more claims than are looked at have the same text, and only the last has the topic.
#[actix_web::test]
async fn the_same_text_is_found_within_a_topic() {
    let app = App::start().await;
    publish(&app.editor, "Lanes are closed", "en").await;
    let many = "INSERT INTO claims (id, newsroom_id, text, language, status)
         SELECT new_uuid_v7(), newsroom_id, text, language, status FROM claims, generate_series(1, 210)";
    app.sql().await.batch_execute(many).await.unwrap();
    let last = json!({"text": "Lanes are closed!", "status": "published", "topics": ["lanes"]});
    let last = app.editor.id_of_new("claims", claim(last)).await;
    let found = matches(&app.anyone, json!({"text": "Lanes are closed", "topic": "lanes"})).await;
    assert_eq!((found.len(), &found[0]["claim"]["id"], &found[0]["matched_by"][0]), (1, &json!(last), &json!("text")));
}

/// A word claims nothing, so that no verdict answers it: but for a claim of that word alone.
#[actix_web::test]
async fn a_word_is_weak() {
    let app = App::start().await;
    fill(&app).await;
    for (text, language) in [
        ("Die Brücke über den Kanal wird 2027 eröffnet", "de"),
        ("珠港澳大桥将于明年关闭", "zh"),
        ("Vaccines cause autism", "en"),
        ("Bankruptcy", "en"),
        ("COVID-19 was made in a laboratory", "en"),
    ] {
        publish(&app.editor, text, language).await;
    }
    app.words_counted().await;
    for word in ["2027", "Brücke", "the bridge?", "die Brücke", "大桥", "Autism", "COVID-19"] {
        let found = told(&app.anyone, json!({"text": word})).await;
        assert!(!found.is_empty() && found.iter().all(|one| one.1 == "weak"), "{word}: {found:?}");
    }
    for (sentence, claim) in [
        ("brücke 2027 eröffnet", "Die Brücke über den Kanal wird 2027 eröffnet"),
        ("港澳大桥明年关闭", "珠港澳大桥将于明年关闭"),
        ("Do vaccines cause autism?", "Vaccines cause autism"),
        ("bankruptcy!", "Bankruptcy"),
        ("Bankruptcy https://t.example/abc", "Bankruptcy"),
    ] {
        let found = told(&app.anyone, json!({"text": sentence})).await;
        assert_eq!((found[0].0.as_str(), found[0].1.as_str()), (claim, "same"), "{sentence}");
    }
}

/// A bot would answer with a verdict on another number.
#[actix_web::test]
async fn what_names_another_number_is_not_the_same() {
    let app = App::start().await;
    fill(&app).await;
    publish(&app.editor, "Windfarms off Scotland doubled their output by 15 gigawatts", "en").await;
    app.words_counted().await;
    for (number, band) in [(60, "related"), (15, "same")] {
        let text = format!("Windfarms off Scotland have doubled their output by {number} gigawatts, they say");
        let found = matches(&app.anyone, json!({"text": text})).await;
        assert_eq!(found[0]["band"], band, "{number}: {}", found[0]);
        assert_eq!(found[0]["score"].as_f64().unwrap() >= 0.7, band == "same", "{}", found[0]);
    }
    // What is said in the same words of another number stands behind what may be the same, however few are asked for.
    publish(&app.editor, "Windfarms off Scotland doubled output by 60 gigawatts", "en").await;
    app.words_counted().await;
    let text = "Windfarms off Scotland doubled their output by 60 gigawatts";
    let texts = async |limit: usize| told(&app.anyone, json!({"text": text, "limit": limit})).await;
    let found = texts(10).await;
    assert!(found[0].0.contains("60") && found[1].0.contains("15"), "{found:?}");
    assert_eq!(texts(1).await, found[..1]);
}

/// Many claims are made in one article: what is said beside its address tells which one is meant.
#[actix_web::test]
async fn a_link_to_an_article_does_not_outweigh_what_is_said() {
    let app = App::start().await;
    fill(&app).await;
    let editor = &app.editor;
    let url = "https://example.org/energy";
    let (article, who) = (document(json!({"url": url})), source(json!({})));
    let (article, who) = (editor.id_of_new("documents", article).await, editor.id_of_new("sources", who).await);
    let texts = ["Windfarms doubled their output by 15 gigawatts", "Solar panels are taxed twice", "Coal is banned"];
    for text in texts {
        let id = publish(editor, text, "en").await;
        let said = json!({"document_id": article, "status": "published"});
        editor.create("statements", statement(&id, &who, said)).await;
    }
    app.words_counted().await;
    for said in ["Coal is banned", "Coal has been banned, they say"] {
        let asked = json!({"text": format!("{said} https://example.org/energy"), "limit": 1});
        assert_eq!(told(&app.anyone, asked).await[0].0, "Coal is banned", "{said}");
    }
    let other = "Windfarms doubled their output by 60 gigawatts https://example.org/energy";
    let found = told(&app.anyone, json!({"text": other})).await;
    let windfarms = found.iter().find(|one| one.0 == texts[0]).unwrap();
    assert_eq!(windfarms.1, "related", "{found:?}");
    assert_eq!(told(&app.anyone, json!({"url": url, "limit": 1})).await[0].1, "same");
    // Nor do many with other numbers hide the one that has this number.
    let dams = document(json!({"url": "https://example.org/dams"}));
    let dams = editor.id_of_new("documents", dams).await;
    for n in 100..135 {
        let id = publish(editor, &format!("A dam of {n} metres"), "en").await;
        editor.create("statements", statement(&id, &who, json!({"document_id": dams, "status": "published"}))).await;
    }
    let wanted = "Fishermen saw 60 whales beside the harbour of Oslo";
    publish(editor, wanted, "en").await;
    app.words_counted().await;
    let text = format!("{wanted}, it is said https://example.org/dams");
    assert_eq!(told(&app.anyone, json!({"text": text, "limit": 1})).await[0].0, wanted);
}

#[actix_web::test]
async fn a_quote_and_a_verdict_find_their_claim() {
    let app = App::start().await;
    fill(&app).await;
    let editor = &app.editor;
    let id = publish(editor, "They met", "en").await;
    let who = editor.id_of_new("sources", source(json!({}))).await;
    let said = json!({"quote": "Gli orologi di Palermo erano fermi", "quote_language": "it", "quote_kind": "verbatim", "status": "published"});
    editor.create("statements", statement(&id, &who, said)).await;
    let judged = json!({"title": "Zebras were absent from Helsinki", "summary": "So.", "language": "en", "rating_id": TRUE, "reviewed_on": "2024", "status": "published"});
    app.admin.create("verdicts", verdict(&id, judged)).await;
    for text in ["orologi fermi a Palermo", "No zebra in Helsinki"] {
        assert_eq!(told(&app.anyone, json!({"text": text})).await[0].0, "They met", "{text}");
    }
}

#[actix_web::test]
async fn matches_are_those_that_the_caller_may_see_and_asked_for() {
    let app = App::start().await;
    let editor = &app.editor;
    let body = claim(json!({"text": "Flamingos nest in Tromsø", "topics": ["birds"]}));
    let similar = editor.create("claims", body.clone()).await["similar"].clone();
    assert_eq!(similar, json!([]));
    let text = json!({"text": "flamingos nest in tromsø"});
    assert!(matches(&app.anyone, text.clone()).await.is_empty());
    assert!(matches(&app.other, text.clone()).await.is_empty());
    assert_eq!(matches(&app.reader, text.clone()).await.len(), 1);
    // A newsroom is told of its own draft, another one is not.
    assert_eq!(editor.create("claims", body.clone()).await["similar"][0]["band"], "same");
    let other = app.other.create("claims", body).await;
    assert_eq!(other["similar"], json!([]));
    let path = format!("/v1/claims/{}", other["id"].as_str().unwrap());
    app.other.patch(&path, &json!({"status": "published"})).await.expect(200);
    assert_eq!(matches(&app.anyone, text.clone()).await.len(), 1);
    assert_eq!(matches(&app.reader, text.clone()).await.len(), 3);
    let narrowed = json!({"text": "flamingos nest", "newsroom_id": app.newsroom_id});
    assert_eq!(matches(&app.reader, narrowed).await.len(), 2);
    assert_eq!(matches(&app.reader, json!({"text": "flamingos", "topic": "birds"})).await.len(), 3);
    assert_eq!(matches(&app.reader, json!({"text": "flamingos", "topic": "fish"})).await.len(), 0);
    let similar = app.anyone.get(&format!("{path}/similar")).await.expect(200).body;
    assert_eq!(similar, json!({"matches": [], "degraded": false}));
    let similar = app.reader.get(&format!("{path}/similar?limit=1")).await.expect(200).body;
    assert_eq!(similar["matches"].as_array().unwrap().len(), 1);
    app.other.patch(&path, &json!({"status": "withdrawn", "withdrawn_reason": "No birds."})).await.expect(200);
    assert!(matches(&app.anyone, text.clone()).await.is_empty());
    assert!(matches(&app.other, text).await.is_empty());
    app.anyone.get(&format!("{path}/similar")).await.expect(410);
}

#[actix_web::test]
async fn many_are_asked_for_at_once() {
    let app = App::demo().await;
    let items =
        json!({"items": [{"text": "The meeting took place"}, {"url": "https://nowhere.example/"}, {"text": "the"}]});
    let found = app.anyone.post("/v1/claims/match/batch", &items).await.expect(200).body;
    let results = found["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!(results[0]["matches"][0]["band"], "same");
    assert_eq!((&results[1]["matches"], &results[2]["matches"]), (&json!([]), &json!([])));
    let item = json!({"text": "x"});
    app.anyone.post("/v1/claims/match/batch", &json!({"items": vec![item.clone(); 100]})).await.expect(200);
    app.anyone.post("/v1/claims/match/batch", &json!({"items": vec![item; 101]})).await.points_at(&["/items"]);
    app.anyone.post("/v1/claims/match/batch", &json!({"items": []})).await.points_at(&["/items"]);
    let wrong = json!({"items": [{"text": "x"}, {"txt": "x"}, {}]});
    app.anyone.post("/v1/claims/match/batch", &wrong).await.expect(422);
}

#[actix_web::test]
async fn bad_input_is_answered_or_refused() {
    let app = App::demo().await;
    let long = "word number ".repeat(10_000);
    let rare = (0..10_000).map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
    for text in [
        "the",
        "🙂🙂🙂",
        "a & b | !c <-> 'd' \\ : *",
        "\"unbalanced",
        "مرحبا hello 世界 שלום",
        "-",
        "@",
        "#",
        "\u{202E}abc",
        &long[..50_000],
        &rare[..50_000],
        &"x".repeat(50_000),
        "' '' \\' \\",
        "see https://a.example/%00",
    ] {
        matches(&app.anyone, json!({"text": text})).await;
    }
    for (body, pointer) in [
        (json!({}), "/text"),
        (json!({"text": "a", "url": "https://a.example"}), "/url"),
        (json!({"text": ""}), "/text"),
        (json!({"text": "a\u{0}b"}), "/text"),
        (json!({"text": "x".repeat(50_001)}), "/text"),
        (json!({"url": "example.org"}), "/url"),
        (json!({"text": "a", "limit": 0}), "/limit"),
        (json!({"text": "a", "limit": 101}), "/limit"),
        (json!({"text": "a", "language": "italiano"}), "/language"),
        (json!({"text": "a", "topic": "No Slug"}), "/topic"),
        (json!({"text": "a", "words": 1}), "/words"),
    ] {
        app.anyone.post("/v1/claims/match", &body).await.points_at(&[pointer]);
    }
    app.anyone.post("/v1/claims/match", &json!({"text": "x".repeat(20 << 20)})).await.expect(413);
}
