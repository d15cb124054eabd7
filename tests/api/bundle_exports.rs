//! `onrecord export`: what is written there is recorded elsewhere with nothing changed but ids, and what the server sets.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::support::{App, Client, Program, claim, source, statement, verdict, with};

const LISTS: [&str; 5] = ["sources", "documents", "claims", "statements", "verdicts"];
const TRUE: &str = "01890000-0000-7000-8000-000000000105";

/// What a newsroom's bundles say, and what was said about them.
async fn export(app: &App, more: &[&str]) -> (Vec<Value>, String) {
    let program = Program::new();
    let newsroom = app.newsroom_id.to_string();
    let whose = ["export", "-", "--newsroom", &newsroom, "--database-url", &app.database];
    let ended = program.run(&[&whose, more].concat()).await;
    let said = ended.err.clone();
    (ended.done().lines().map(|line| serde_json::from_str(line).unwrap()).collect(), said)
}

async fn import(app: &App, bundles: &[Value]) -> String {
    let program = Program::new();
    let lines: Vec<_> = bundles.iter().map(Value::to_string).collect();
    let file = program.file("bundles.ndjson", &(lines.join("\n") + "\n"));
    let admin = admin_of(app).await;
    program.run(&["import", &file, "--member", &admin, "--database-url", &app.database]).await.done()
}

async fn admin_of(app: &App) -> String {
    let members = app.admin.walk("/v1/members").await;
    members.iter().find(|member| member["role"] == "admin").unwrap()["id"].as_str().unwrap().to_owned()
}

/// A value with each id, wherever it stands in a text, as the place that it has in `places`.
fn placed(value: &Value, places: &HashMap<String, String>) -> Value {
    match value {
        Value::String(text) => json!(places.get(text.trim_start_matches('#')).unwrap_or(text)),
        Value::Array(items) => items.iter().map(|item| placed(item, places)).collect(),
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), placed(member, places))).collect(),
        other => other.clone(),
    }
}

/// Bundles with the place of each item in the place of its ref.
fn by_place(bundles: &[Value]) -> Vec<Value> {
    let mut places = HashMap::new();
    for list in LISTS {
        let items = bundles.iter().flat_map(|bundle| bundle[list].as_array().into_iter().flatten());
        places.extend(
            items.enumerate().map(|(nth, item)| (item["ref"].as_str().unwrap().to_owned(), format!("{list} {nth}"))),
        );
    }
    bundles.iter().map(|bundle| placed(bundle, &places)).collect()
}

/// All that a client sees, oldest first, without what the server sets.
async fn records(client: &Client) -> Vec<Value> {
    let mut lists = Vec::new();
    let mut places = HashMap::new();
    for list in LISTS {
        let mut records = client.walk(&format!("/v1/{list}?limit=200")).await;
        records.reverse();
        for (nth, record) in records.iter_mut().enumerate() {
            places.insert(record["id"].as_str().unwrap().to_owned(), format!("{list} {nth}"));
            record.as_object_mut().unwrap().retain(|name, _| {
                !["id", "newsroom_id", "created_at", "updated_at", "version"].contains(&name.as_str())
            });
        }
        lists.push(json!(records));
    }
    lists.iter().map(|list| placed(list, &places)).collect()
}

#[actix_web::test]
async fn the_demo_comes_back_as_it_was() {
    let (demo, empty) = (App::demo().await, App::start().await);
    let (exported, said) = export(&demo, &[]).await;
    assert_eq!(exported.len(), 1);
    assert!(said.contains("in 1 bundle.") && said.contains("1 links between claims, 1 comment requests"), "{said}");
    // What a client sends is what the command records.
    empty.admin.post("/v1/bundles", &exported[0]).await.expect(201);
    assert_eq!(records(&empty.anyone).await, records(&demo.anyone).await);
    let again = export(&empty, &[]).await.0;
    assert_eq!(by_place(&again), by_place(&exported));
}

/// Each kind of thing that is more than a row.
async fn story(app: &App) {
    let editor = &app.editor;
    let scale = json!({"slug": "inches", "name": "Inches", "ratings": [{"slug": "long", "label": "Long", "order": 1}]});
    let scale = app.admin.create("rating-scales", scale).await;
    let long = scale["ratings"][0]["id"].as_str().unwrap();
    let body = source(json!({"kind": "organization", "name": "Agency", "note": "call them early"}));
    let agency = editor.id_of_new("sources", body).await;
    editor.create("sources", source(json!({"name": "Nobody asks", "kind": "person"}))).await;
    let whole = editor.id_of_new("claims", claim(json!({"text": "All of it", "status": "published"}))).await;
    let part = claim(json!({"text": "A part", "part_of_id": whole, "status": "published", "topics": ["rain"]}));
    let part = editor.id_of_new("claims", part).await;
    editor.create("claims", claim(json!({"text": "A draft", "place": "=1+1"}))).await;
    let said = |more: Value| statement(&part, &agency, with(json!({"stance": "reports", "status": "published"}), more));
    let one = editor.id_of_new("statements", said(json!({"note": "by phone"}))).await;
    let gone = editor.id_of_new("statements", said(json!({}))).await;
    let two = json!({"relies_on": [{"statement_id": one, "wording": "citing"}, {"statement_id": gone}]});
    let two = editor.id_of_new("statements", said(two)).await;
    let circle = json!({"relies_on": [{"statement_id": two}]});
    editor.patch(&format!("/v1/statements/{one}"), &circle).await.expect(200);
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "Not said."});
    editor.patch(&format!("/v1/statements/{gone}"), &withdrawn).await.expect(200);
    let judged = json!({"summary": "So it is.", "rating_id": TRUE, "reviewed_on": "2024", "status": "published", "evidence": [{"statement_id": one, "bearing": "supports", "note": "it says so"}]});
    let first = app.admin.id_of_new("verdicts", verdict(&part, judged.clone())).await;
    let corrected = json!({"rating_id": long, "supersedes_id": first, "correction_reason": "our_error", "correction_note": "It was longer."});
    let second = app.admin.id_of_new("verdicts", verdict(&part, with(judged.clone(), corrected))).await;
    let draft = json!({"summary": "Not yet.", "supersedes_id": second, "correction_note": "Longer still."});
    app.admin.create("verdicts", verdict(&part, draft)).await;
    // Superseded by one that was retracted: alone it would stand again.
    let third = app.admin.id_of_new("verdicts", verdict(&whole, with(judged.clone(), json!({"evidence": []})))).await;
    let fourth = json!({"supersedes_id": third, "evidence": []});
    let fourth = app.admin.id_of_new("verdicts", verdict(&whole, with(judged, fourth))).await;
    let why = json!({"reason": "We were wrong."});
    app.admin.post(&format!("/v1/verdicts/{fourth}/retract"), &why).await.expect(200);
}

#[actix_web::test]
async fn drafts_circles_corrections_and_own_ratings_come_back() {
    let (app, empty) = (App::start().await, App::start().await);
    story(&app).await;
    let (exported, said) = export(&app, &["--all"]).await;
    assert!(said.contains("2 sources, 0 documents, 3 claims, 2 statements, 3 verdicts in 1 bundle."), "{said}");
    for lacking in
        ["1 statements that were withdrawn", "2 verdicts that were retracted", "1 references to what is not in it"]
    {
        assert!(said.contains(lacking), "{lacking} is not in {said}");
    }
    let text = exported[0].to_string();
    assert!(text.contains("call them early") && text.contains("by phone") && text.contains("#inches/long"), "{text}");
    let scale = json!({"slug": "inches", "name": "Inches", "ratings": [{"slug": "long", "label": "Long", "order": 1}]});
    empty.admin.create("rating-scales", scale).await;
    let recorded = import(&empty, &exported).await;
    assert!(
        recorded.contains("recorded 2 sources, 0 documents, 3 claims, 2 statements, 3 verdicts; reused 0"),
        "{recorded}"
    );
    let again = export(&empty, &["--all"]).await.0;
    assert_eq!(by_place(&again), by_place(&exported));
    let statuses = async |app: &App| -> Vec<Value> {
        app.admin.walk("/v1/verdicts").await.iter().rev().map(|verdict| verdict["status"].clone()).collect()
    };
    assert_eq!(statuses(&empty).await, ["superseded", "published", "draft"]);
    assert_eq!(statuses(&app).await, ["superseded", "published", "draft", "superseded", "retracted"]);

    // What the public sees has no notes, no drafts, and nothing that nobody mentions.
    let (public, _) = export(&app, &[]).await;
    let text = public[0].to_string();
    for hidden in ["call them early", "by phone", "Nobody asks", "A draft", "Not yet."] {
        assert!(!text.contains(hidden), "{hidden} is in {text}");
    }
    assert!(text.contains("It was longer."));
}

#[actix_web::test]
async fn what_others_recorded_is_in_no_export_but_where_it_is_referred_to() {
    let app = App::start().await;
    let theirs = app.other.id_of_new("claims", claim(json!({"text": "Theirs", "status": "published"}))).await;
    app.other.create("claims", claim(json!({"text": "canary draft"}))).await;
    app.other.create("claims", claim(json!({"text": "canary published", "status": "published"}))).await;
    let outlet = app.editor.id_of_new("sources", source(json!({"kind": "publication", "name": "The Paper"}))).await;
    let noted = source(json!({"kind": "organization", "name": "Their agency", "note": "canary note"}));
    let agency = app.other.id_of_new("sources", noted).await;
    let said = json!({"stance": "asserts", "status": "published", "note": "canary note"});
    let said = app.other.id_of_new("statements", statement(&theirs, &agency, said)).await;
    for more in [json!({}), json!({"on_behalf_of_id": agency, "relies_on": [{"statement_id": said}]})] {
        let reported = with(json!({"stance": "reports", "status": "published"}), more);
        app.editor.create("statements", statement(&theirs, &outlet, reported)).await;
    }
    for more in [&[][..], &["--all"]] {
        let (exported, said) = export(&app, more).await;
        assert!(!exported[0].to_string().contains("canary"), "{exported:?}");
        assert_eq!(exported[0]["claims"][0]["text"], "Theirs");
        assert!(said.contains("3 of them are other newsrooms'"), "{said}");
    }
}

/// More than a bundle has room for, of which the first is a part of the last.
#[actix_web::test]
async fn many_records_are_several_bundles_that_are_recorded_together() {
    let (app, empty) = (App::start().await, App::start().await);
    let text = |nth: usize| json!({"ref": format!("c{nth}"), "text": format!("Claim {nth}"), "language": "en"});
    let mut claims: Vec<_> = (0..2_500).map(text).collect();
    claims[0]["part_of_id"] = json!("#c2499");
    app.editor.post("/v1/bundles", &json!({"claims": claims})).await.expect(201);
    let said = json!({"claim_id": "#c0", "source_id": "#s", "stance": "comments"});
    let more = json!({"sources": [{"ref": "s", "kind": "person", "name": "Ann"}], "claims": (0..3).map(text).collect::<Vec<_>>(), "statements": [said]});
    app.editor.post("/v1/bundles", &more).await.expect(201);
    let (mut exported, said) = export(&app, &["--all"]).await;
    assert!(said.contains("2503 claims, 1 statements, 0 verdicts in 4 bundles, one a line."), "{said}");
    let recorded = import(&empty, &exported).await;
    assert!(recorded.contains("recorded 1 sources, 0 documents, 2503 claims, 1 statements"), "{recorded}");
    let texts = async |app: &App| -> String {
        let sql = "SELECT md5(string_agg(c.text || coalesce(' of ' || p.text, ''), ', ' ORDER BY c.id)) FROM claims c LEFT JOIN claims p ON p.id = c.part_of_id";
        app.sql().await.query_one(sql, &[]).await.unwrap().get(0)
    };
    assert_eq!(texts(&empty).await, texts(&app).await);
    // All lines or none, and the bad one is named.
    let lost = exported.iter_mut().position(|bundle| bundle.get("statements").is_some()).unwrap();
    exported[lost]["statements"][0]["stance"] = json!("shrugs");
    let (before, program) = (empty.count("claims").await, Program::new());
    let lines: Vec<_> = exported.iter().map(Value::to_string).collect();
    let file = program.file("bundles.ndjson", &lines.join("\n"));
    let member = admin_of(&empty).await;
    let refused = program.run(&["import", &file, "--member", &member, "--database-url", &empty.database]).await;
    refused.refused(&format!("/{lost}/statements/0/stance"));
    assert_eq!(empty.count("claims").await, before);
}

#[actix_web::test]
async fn a_file_is_there_whole_or_not_at_all() {
    let app = App::start().await;
    app.editor.create("claims", claim(json!({"status": "published"}))).await;
    let program = Program::new();
    let file = program.file("export.json", "kept until there is another");
    let several = program.run(&["export", &file, "--database-url", &app.database]).await;
    several.refused("there are several newsrooms: say with --newsroom whose records");
    let nobody = "019f0000-0000-7000-8000-000000000000";
    let unknown = program.run(&["export", &file, "--newsroom", nobody, "--database-url", &app.database]).await;
    unknown.refused("there is no newsroom 019f");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept until there is another");
    let newsroom = app.newsroom_id.to_string();
    let export = async |file: &str| {
        program.run(&["export", file, "--newsroom", &newsroom, "--database-url", &app.database]).await
    };
    export(&file).await.done();
    let bundle: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(bundle["claims"].as_array().unwrap().len(), 1);
    assert!(!std::path::Path::new(&format!("{file}.part")).exists());
    export("/nowhere/export.json").await.refused("cannot write /nowhere/export.json.part");
}
