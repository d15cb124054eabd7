//! What a source said, how it was rated, and whom it relies on.

use serde_json::{Value, json};

use crate::dossier::queries;
use crate::review::correct;
use crate::support::{App, Client, claim, source, statement, verdict, with};
use crate::verdicts::{TRUE, complete};

const UNPROVEN: &str = "01890000-0000-7000-8000-000000000302";

/// The path of what the demo story has of a source.
pub fn demo_path(source: &str, what: &str) -> String {
    format!("/v1/sources/{}/{what}", onrecord::demo::id_of(source).unwrap())
}

/// The demo story's id.
pub fn id(name: &str) -> String {
    onrecord::demo::id_of(name).unwrap().to_string()
}

pub async fn record_of(client: &Client, source: &str) -> Value {
    client.get(&format!("/v1/sources/{source}/record")).await.expect(200).body
}

/// Names and numbers of related sources.
fn related(sources: &Value) -> Value {
    sources.as_array().unwrap().iter().map(|one| json!([one["name"], one["kind"], one["statements"]])).collect()
}

/// Slugs and numbers of ratings by the scale's name.
fn rated(record: &Value) -> Value {
    let of_scale = |scale: &Value| -> Value {
        let ratings = scale["ratings"].as_array().unwrap().iter();
        json!([scale["scale"], ratings.map(|one| json!([one["rating"]["slug"], one["claims"]])).collect::<Value>()])
    };
    record["ratings"].as_array().unwrap().iter().map(of_scale).collect()
}

#[actix_web::test]
async fn the_demos_outlets_report_on_the_word_of_others() {
    let app = App::demo().await;
    let record = app.anyone.get(&demo_path("agenpress", "record")).await.expect(200).body;
    assert_eq!(record["source"], app.anyone.get(&format!("/v1/sources/{}", id("agenpress"))).await.body);
    assert_eq!((&record["statements"], &record["by_stance"]), (&json!(14), &json!({"reports": 14})));
    assert_eq!((&record["first_said_on"], &record["last_said_on"]), (&json!("2023-10"), &json!("2023-10")));
    assert_eq!(
        record["by_year"],
        json!([{"year": 2023, "by_stance": {"reports": 14}, "relies_on": 9, "relied_on_by": 0}])
    );
    assert_eq!(
        (&record["claims_asserted"], &record["claims_rated"], rated(&record)),
        (&json!(0), &json!(0), json!([]))
    );
    assert_eq!(
        related(&record["relies_on"]),
        json!([["POLITICO", "publication", 8], ["Armenian government", "government", 1]])
    );
    assert_eq!(record["relied_on_by"], json!([]));
    let recent = record["recent"].as_array().unwrap();
    assert_eq!(recent.len(), 14);
    let displaced = recent.iter().find(|one| one["claim_id"] == id("displaced")).unwrap();
    assert_eq!(
        *displaced,
        json!({
            "statement_id": id("agenpress-reports-displaced"), "claim_id": id("displaced"),
            "claim": app.anyone.get(&format!("/v1/claims/{}", id("displaced"))).await.body["text"],
            "claim_language": "en", "stance": "reports", "said_on": "2023-10", "status": "published",
        })
    );

    // The outlet between the two: the year of a reliance is that of the statement that relies.
    let record = app.anyone.get(&demo_path("politico", "record")).await.expect(200).body;
    assert_eq!((&record["statements"], &record["first_said_on"]), (&json!(8), &Value::Null));
    assert_eq!(
        record["by_year"],
        json!([
            {"year": 2023, "by_stance": {}, "relies_on": 0, "relied_on_by": 8},
            {"year": null, "by_stance": {"reports": 8}, "relies_on": 5, "relied_on_by": 0},
        ])
    );
    assert_eq!(related(&record["relies_on"]), json!([["a senior diplomat", "unnamed", 5]]));
    assert_eq!(related(&record["relied_on_by"]), json!([["AgenPress", "publication", 8]]));
}

#[actix_web::test]
async fn the_demos_speakers_assert_what_was_rated() {
    let app = App::demo().await;
    for (name, by_stance, claims, ratings) in [
        ("peskov", json!({"confirms": 1, "disputes": 1}), [0, 0], json!([])),
        ("us-state-department", json!({"declines_to_comment": 1}), [0, 0], json!([])),
        ("us-official", json!({"asserts": 3, "confirms": 1}), [3, 0], json!([])),
        (
            "senior-diplomat",
            json!({"asserts": 4}),
            [4, 2],
            json!([["True to false", [["true", 1]]], ["Contested or manipulated", [["unproven", 1]]]]),
        ),
        // The verdict on what it asserts is a draft still, and the other one is on what it denies.
        ("moscow", json!({"asserts": 1, "denies": 1}), [1, 0], json!([])),
        ("kremlin", json!({}), [0, 0], json!([])),
    ] {
        let record = app.reader.get(&demo_path(name, "record")).await.expect(200).body;
        assert_eq!(record["by_stance"], by_stance, "{name}");
        assert_eq!(
            [&record["claims_asserted"], &record["claims_rated"]],
            [&json!(claims[0]), &json!(claims[1])],
            "{name}"
        );
        assert_eq!(rated(&record), ratings, "{name}");
    }
    // What a spokesman says is his, and the body's record leads to it.
    let kremlin = app.anyone.get(&demo_path("kremlin", "record")).await.expect(200).body;
    assert_eq!(related(&kremlin["spoken_for_by"]), json!([["Dmitry Peskov", "person", 2]]));
    assert_eq!((&kremlin["statements"], &kremlin["by_year"]), (&json!(0), &json!([])));
}

#[actix_web::test]
async fn a_record_counts_current_verdicts_on_every_scale() {
    let app = App::start().await;
    let speaker = app.editor.id_of_new("sources", source(json!({}))).await;
    let mut claims = Vec::new();
    for stance in ["asserts", "asserts", "asserts", "confirms"] {
        let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
        for said_on in ["2022", "2023-05"] {
            let said = json!({"stance": stance, "said_on": said_on, "status": "published"});
            app.editor.create("statements", statement(&id, &speaker, said)).await;
        }
        claims.push(id);
    }
    app.admin.patch(&format!("/v1/newsrooms/{}", app.newsroom_id), &json!({"four_eyes": false})).await.expect(200);
    let rate = async |claim: usize, rating: &str, status: &str| {
        let body = complete(json!({"rating_id": rating, "status": status}));
        format!("/v1/verdicts/{}", app.editor.id_of_new("verdicts", verdict(&claims[claim], body)).await)
    };
    // Twice the same rating is one claim; two scales are two.
    rate(0, TRUE, "published").await;
    rate(0, TRUE, "published").await;
    rate(0, UNPROVEN, "published").await;
    let mistaken = rate(1, TRUE, "published").await;
    rate(2, TRUE, "draft").await;
    rate(3, TRUE, "published").await;
    let before = record_of(&app.anyone, &speaker).await;
    assert_eq!((&before["claims_asserted"], &before["claims_rated"]), (&json!(3), &json!(2)));
    assert_eq!(
        rated(&before),
        json!([["True to false", [["true", 2]]], ["Contested or manipulated", [["unproven", 1]]]])
    );
    assert_eq!(before["ratings"][0]["ratings"][0]["rating"]["numeric_value"], 5);

    // A corrected verdict counts by its successor, and a retracted one not at all.
    let successor = correct(&app.editor, &mistaken, json!({"rating_id": "01890000-0000-7000-8000-000000000102"})).await;
    let after = record_of(&app.anyone, &speaker).await;
    assert_eq!(
        rated(&after),
        json!([["True to false", [["mostly_false", 1], ["true", 1]]], ["Contested or manipulated", [["unproven", 1]]]])
    );
    app.editor.post(&format!("{successor}/retract"), &json!({"reason": "It was no claim."})).await.expect(200);
    let after = record_of(&app.reader, &speaker).await;
    assert_eq!((&after["claims_asserted"], &after["claims_rated"]), (&json!(3), &json!(1)));
    assert_eq!(rated(&after)[0], json!(["True to false", [["true", 1]]]));
}

#[actix_web::test]
async fn a_record_goes_by_what_the_caller_may_see() {
    let app = App::start().await;
    let public = json!({"status": "published"});
    let talks = app.editor.id_of_new("claims", claim(public.clone())).await;
    let speaker = app.editor.id_of_new("sources", source(json!({"note": "ours"}))).await;
    let origin = app.editor.id_of_new("sources", source(json!({"name": "Origin"}))).await;
    let path = format!("/v1/sources/{speaker}/record");
    app.reader.get(&path).await.expect(200);
    app.anyone.get(&path).await.expect(404);
    app.other.get(&format!("/v1/sources/{speaker}/network")).await.expect(404);
    let said = async |client: &Client, source: &str, changes: Value| {
        client.id_of_new("statements", statement(&talks, source, changes)).await
    };
    let on = |id: &str, changes: Value| with(json!({"relies_on": [{"statement_id": id}]}), changes);
    let first = said(&app.editor, &origin, json!({"status": "published", "stance": "asserts"})).await;
    let hidden = said(&app.editor, &origin, json!({"stance": "denies"})).await;
    let shown = said(&app.editor, &speaker, on(&first, json!({"status": "published", "said_on": "2021-05-04"}))).await;
    // Drafts: of the newsroom's own, and of another one.
    said(&app.editor, &speaker, on(&hidden, json!({"stance": "denies", "said_on": "2024"}))).await;
    said(&app.other, &speaker, on(&shown, json!({"stance": "comments"}))).await;
    // A source's own word is nobody else's.
    said(&app.editor, &speaker, on(&shown, json!({"status": "published", "stance": "reports", "said_on": "2021-06"})))
        .await;

    let seen = record_of(&app.anyone, &speaker).await;
    assert_eq!((&seen["statements"], &seen["by_stance"]), (&json!(2), &json!({"confirms": 1, "reports": 1})));
    assert_eq!((&seen["first_said_on"], &seen["last_said_on"]), (&json!("2021-05-04"), &json!("2021-06")));
    assert_eq!(
        seen["by_year"],
        json!([{"year": 2021, "by_stance": {"confirms": 1, "reports": 1}, "relies_on": 1, "relied_on_by": 0}])
    );
    assert_eq!((related(&seen["relies_on"]), &seen["relied_on_by"]), (json!([["Origin", "person", 1]]), &json!([])));
    assert_eq!(seen["recent"].as_array().unwrap().len(), 2);
    assert_eq!(seen["source"]["note"], Value::Null);
    let own = record_of(&app.reader, &speaker).await;
    assert_eq!(own["by_stance"], json!({"confirms": 1, "reports": 1, "denies": 1}));
    assert_eq!((&own["last_said_on"], &own["by_year"][1]["relies_on"]), (&json!("2024"), &json!(1)));
    assert_eq!(
        (related(&own["relies_on"]), &own["source"]["note"]),
        (json!([["Origin", "person", 2]]), &json!("ours"))
    );
    assert_eq!((&own["recent"][0]["status"], &own["recent"][0]["said_on"]), (&json!("draft"), &json!("2024")));
    let theirs = record_of(&app.other, &speaker).await;
    assert_eq!(theirs["by_stance"], json!({"confirms": 1, "reports": 1, "comments": 1}));

    // What is withdrawn counts for nothing, on either side of a reliance, and not for its newsroom either.
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "Misheard"});
    app.editor.patch(&format!("/v1/statements/{first}"), &withdrawn).await.expect(200);
    let left = record_of(&app.anyone, &speaker).await;
    assert_eq!((&left["statements"], &left["relies_on"]), (&json!(2), &json!([])));
    assert_eq!(related(&record_of(&app.reader, &speaker).await["relies_on"]), json!([["Origin", "person", 1]]));
    app.editor.patch(&format!("/v1/statements/{shown}"), &withdrawn).await.expect(200);
    for client in [&app.anyone, &app.reader] {
        let left = client.get(&path).await.expect(200);
        assert!(left.body["by_stance"].get("confirms").is_none() && !left.text.contains(&shown), "{}", left.text);
    }
}

#[actix_web::test]
async fn a_record_shows_no_claim_that_is_hidden() {
    let app = App::start().await;
    let talks = app.other.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let speaker = app.editor.id_of_new("sources", source(json!({}))).await;
    app.editor.create("statements", statement(&talks, &speaker, json!({"status": "published"}))).await;
    assert_eq!(record_of(&app.anyone, &speaker).await["recent"][0]["claim"], "The meeting took place.");
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "No claim"});
    app.other.patch(&format!("/v1/claims/{talks}"), &withdrawn).await.expect(200);
    app.anyone.get(&format!("/v1/sources/{speaker}/record")).await.expect(404);
    let record = record_of(&app.reader, &speaker).await;
    assert_eq!((&record["statements"], &record["recent"][0]["claim_id"]), (&json!(1), &json!(talks)));
    assert_eq!((&record["recent"][0]["claim"], &record["recent"][0]["claim_language"]), (&Value::Null, &Value::Null));
}

#[actix_web::test]
async fn a_record_is_read_as_it_stood() {
    let app = App::demo().await;
    let path = demo_path("politico", "record");
    let before = app.anyone.get(&path).await.expect(200).body;
    let now = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
    let then: String = app.sql().await.query_one(now, &[]).await.unwrap().get(0);
    let corrected = json!({"stance": "asserts", "correction_note": "It said so itself", "relies_on": []});
    app.editor.patch(&format!("/v1/statements/{}", id("politico-reports-talks")), &corrected).await.expect(200);
    let after = app.anyone.get(&path).await.expect(200).body;
    assert_eq!(after["by_stance"], json!({"asserts": 1, "reports": 7}));
    assert_eq!(rated(&after), json!([["True to false", [["true", 1]]]]));
    assert_eq!(related(&after["relies_on"]), json!([["a senior diplomat", "unnamed", 4]]));
    assert_eq!(app.anyone.get(&format!("{path}?as_of={then}")).await.expect(200).body, before);
    app.anyone.get(&format!("{path}?as_of=2020-01-01T00:00:00Z")).await.expect(404);
    app.anyone.get(&format!("{path}?as_of=2999-01-01T00:00:00Z")).await.expect(400);
}

/// Whatever a record holds, it is read by the same number of statements.
#[actix_web::test]
async fn a_records_statements_to_the_database_do_not_grow_with_it() {
    let app = App::start().await;
    let speaker = app.editor.id_of_new("sources", source(json!({}))).await;
    let sql = app.sql().await;
    sql.batch_execute("CREATE EXTENSION pg_stat_statements").await.unwrap();
    let mut counts = Vec::new();
    for size in [1, 20] {
        for n in 0..size {
            let talks = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
            let origin = app.editor.id_of_new("sources", source(json!({"name": format!("Origin {n}")}))).await;
            let published = json!({"stance": "asserts", "status": "published"});
            let said = app.editor.id_of_new("statements", statement(&talks, &origin, published.clone())).await;
            let relying = with(published, json!({"relies_on": [{"statement_id": said}]}));
            app.editor.create("statements", statement(&talks, &speaker, relying)).await;
            app.admin.create("verdicts", verdict(&talks, complete(json!({})))).await;
        }
        for (what, most) in [("record", 9), ("network", 4)] {
            let path = format!("/v1/sources/{speaker}/{what}");
            app.anyone.get(&path).await.expect(200);
            app.in_order().await;
            let count = queries(&app, &sql, &path).await;
            assert!(count <= most, "{what} took {count}");
            counts.push(count);
        }
    }
    assert_eq!(counts[..2], counts[2..]);
}
