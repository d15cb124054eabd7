//! How what was found divides.

use serde_json::{Value, json};

use crate::support::{App, Client, claim, source, statement, verdict};

/// The rating "true" of the scale that comes with OnRecord.
const TRUE: &str = "01890000-0000-7000-8000-000000000105";

const ALL: &str = "topic,language,rating,stance,newsroom,year";

async fn facets(client: &Client, query: &str) -> Value {
    client.get(&format!("/v1/claims?facets={ALL}&limit=1&{query}")).await.expect(200).body["facets"].clone()
}

/// Each count is what the list's own filter finds.
async fn add_up(client: &Client, query: &str) {
    let facets = facets(client, query).await;
    for (facet, values) in facets.as_object().unwrap() {
        // A filter is given once.
        let counted = values.as_array().unwrap().iter().filter(|_| !query.contains(&format!("{facet}=")));
        for value in counted {
            let filter = match (facet.as_str(), &value["value"]) {
                ("year", year) => format!("claimed_from={year}&claimed_to={year}"),
                ("rating", id) => format!("rating_id={}", id.as_str().unwrap()),
                ("newsroom", id) => format!("newsroom_id={}", id.as_str().unwrap()),
                (name, value) => format!("{name}={}", value.as_str().unwrap()),
            };
            let listed = client.get(&format!("/v1/claims?limit=200&{query}&{filter}")).await.expect(200);
            assert_eq!(json!(listed.items().len()), value["count"], "{query} {facet} {value}");
        }
    }
}

#[actix_web::test]
async fn facets_add_up_with_the_list_for_each_caller() {
    let app = App::start().await;
    let editor = &app.editor;
    let who = editor.id_of_new("sources", source(json!({}))).await;
    let else_one = editor.id_of_new("sources", source(json!({"name": "Else One"}))).await;
    for number in 0..12 {
        let status = if number % 4 == 0 { "draft" } else { "published" };
        let client = if number % 3 == 0 { &app.other } else { editor };
        let body = json!({
            "text": format!("Bridge {number}"), "language": (["en", "it", "pt-BR"][number % 3]), "status": status,
            "topics": (["bridges", "rivers"][..=number % 2]).to_vec(), "claimed_on": ([json!("2023"), json!("2023-05-01"), json!(null)][number % 3])
        });
        let id = client.id_of_new("claims", claim(body)).await;
        if number % 3 == 0 {
            continue;
        }
        editor.create("statements", statement(&id, &else_one, json!({"stance": "comments", "status": status}))).await;
        for (stance, status) in [("confirms", status), ("denies", "draft"), ("denies", "draft")] {
            editor.create("statements", statement(&id, &who, json!({"stance": stance, "status": status}))).await;
        }
        if status == "published" {
            let judged = json!({"summary": "So.", "rating_id": TRUE, "reviewed_on": "2024", "status": "published"});
            app.admin.create("verdicts", verdict(&id, judged)).await;
        }
    }
    for client in [&app.anyone, &app.reader, &app.other] {
        for query in [
            "",
            "q=bridge",
            "topic=rivers",
            "language=pt-BR&q=bridge",
            "stance=denies",
            "status=published",
            &format!("source_id={else_one}"),
        ] {
            add_up(client, query).await;
        }
    }
    let shown = facets(&app.anyone, "").await;
    assert_eq!(shown["year"], json!([{"value": 2023, "label": null, "count": 6}]));
    let stances = ["comments", "confirms"].map(|stance| json!({"value": stance, "label": null, "count": 6}));
    assert_eq!(shown["stance"], json!(stances));
    assert!(shown["newsroom"][0]["label"].is_string() && shown["rating"][0]["label"].is_string());
    let counted = facets(&app.reader, "").await;
    assert_eq!(counted["stance"][2], json!({"value": "denies", "label": null, "count": 8}));
}

/// A language is the same in whatever case its tag is written, for the filter and for its count.
#[actix_web::test]
async fn a_language_is_counted_once() {
    let app = App::start().await;
    for language in ["en-GB", "en-gb"] {
        app.editor.create("claims", claim(json!({"language": language, "status": "published"}))).await;
    }
    add_up(&app.anyone, "").await;
    assert_eq!(facets(&app.anyone, "").await["language"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn facets_are_asked_for_by_name() {
    let app = App::start().await;
    let page = app.anyone.get("/v1/claims").await.expect(200).body;
    assert_eq!(page["facets"], Value::Null);
    let page = app.anyone.get("/v1/claims?facets=year").await.expect(200).body;
    assert_eq!(page["facets"], json!({"year": []}));
    app.anyone.get("/v1/claims?facets=colour").await.problem(400, "topic, language");
    app.anyone.get("/v1/claims?facets=topic,").await.problem(400, "topic, language");
    app.anyone.get("/v1/claims?facets=year&as_of=2023-01-01T00:00:00Z").await.problem(400, "facets");
}
