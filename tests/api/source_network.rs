//! Who relies on whom around a source.

use serde_json::{Value, json};

use crate::source_record::{demo_path, id, record_of};
use crate::support::{App, Client, claim, source, statement, with};

#[actix_web::test]
async fn a_network_reaches_as_far_as_asked() {
    let app = App::demo().await;
    let network = async |source: &str, query: &str| {
        app.anyone.get(&format!("{}{query}", demo_path(source, "network"))).await.expect(200).body
    };
    let nodes = |network: &Value| -> Value {
        network["nodes"].as_array().unwrap().iter().map(|one| json!([one["name"], one["distance"]])).collect()
    };
    let around = network("agenpress", "").await;
    assert_eq!((&around["source_id"], &around["truncated"]), (&json!(id("agenpress")), &json!(false)));
    assert_eq!(
        nodes(&around),
        json!([["AgenPress", 0], ["POLITICO", 1], ["Armenian government", 1], ["a senior diplomat", 2]])
    );
    let edge =
        |from: &str, to: &str, statements: u64| json!({"from": id(from), "to": id(to), "statements": statements});
    let edges = json!([
        edge("agenpress", "politico", 8),
        edge("politico", "senior-diplomat", 5),
        edge("agenpress", "armenian-government", 1),
    ]);
    assert_eq!(around["edges"], edges);
    assert_eq!(network("agenpress", "?depth=2").await, around);
    // Along the links and against them.
    let diplomat = network("senior-diplomat", "?depth=1").await;
    assert_eq!(nodes(&diplomat), json!([["a senior diplomat", 0], ["POLITICO", 1]]));
    assert_eq!(diplomat["edges"], json!([edge("politico", "senior-diplomat", 5)]));
    let whole = network("senior-diplomat", "?depth=3").await;
    assert_eq!(nodes(&whole)[3], json!(["Armenian government", 3]));
    assert_eq!(whole["edges"], edges);
    // Whoever relies on nobody stands alone, with whom it belongs to.
    let alone = network("peskov", "?depth=4").await;
    assert_eq!((nodes(&alone), &alone["edges"]), (json!([["Dmitry Peskov", 0]]), &json!([])));
    assert_eq!(alone["nodes"][0]["affiliation_id"], id("kremlin"));

    for depth in ["0", "5", "two", "-1", "18446744073709551615", ""] {
        let refused = app.anyone.get(&format!("{}?depth={depth}", demo_path("agenpress", "network"))).await.expect(400);
        assert_eq!(refused.body["errors"][0]["parameter"], "depth", "{}", refused.text);
    }
    app.anyone.get("/v1/sources/01900000-0000-7000-8000-00000000ffff/network").await.expect(404);
    app.anyone.get("/v1/sources/01900000-0000-7000-8000-00000000ffff/record").await.expect(404);
}

#[actix_web::test]
async fn a_network_keeps_what_is_hidden_and_withdrawn_out() {
    let app = App::start().await;
    let talks = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let owner = app.other.id_of_new("sources", source(json!({"name": "Owner"}))).await;
    let mut speakers = Vec::new();
    let mut said: Vec<String> = Vec::new();
    for name in ["A", "B", "C"] {
        let speaker = app.editor.id_of_new("sources", source(json!({"name": name}))).await;
        let relies_on: Vec<Value> = said.last().map(|id| json!({"statement_id": id})).into_iter().collect();
        let body = json!({"relies_on": relies_on, "status": if name == "C" { "draft" } else { "published" }});
        said.push(app.editor.id_of_new("statements", statement(&talks, &speaker, body)).await);
        speakers.push(speaker);
    }
    let path = format!("/v1/sources/{}/network", speakers[0]);
    let names = async |client: &Client| -> Vec<String> {
        let nodes = client.get(&path).await.expect(200).body["nodes"].clone();
        nodes.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (names(&app.anyone).await, names(&app.reader).await),
        (vec!["A".into(), "B".into()], vec!["A".into(), "B".into(), "C".into()])
    );
    assert_eq!(names(&app.other).await, ["A", "B"]);
    // A circle ends, and another newsroom's hidden source is not named.
    let circle = json!({"relies_on": [{"statement_id": said[2]}]});
    app.editor.create("statements", statement(&talks, &speakers[0], circle)).await;
    app.sql()
        .await
        .execute(
            "UPDATE sources SET affiliation_id = $1::text::uuid WHERE id = $2::text::uuid",
            &[&owner, &speakers[2]],
        )
        .await
        .unwrap();
    let round = app.reader.get(&format!("{path}?depth=4")).await.expect(200).body;
    assert_eq!((round["nodes"].as_array().unwrap().len(), round["edges"].as_array().unwrap().len()), (3, 3));
    assert!(round["nodes"].as_array().unwrap().iter().all(|one| one["affiliation_id"].is_null()), "{round:#}");
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "Misheard"});
    app.editor.patch(&format!("/v1/statements/{}", said[1]), &withdrawn).await.expect(200);
    assert_eq!(
        (names(&app.anyone).await, names(&app.reader).await),
        (vec!["A".to_owned()], vec!["A".into(), "C".into()])
    );
}

/// Five hundred sources are shown, those first that more statements lead to.
#[actix_web::test]
async fn a_large_network_is_cut_and_says_so() {
    let app = App::start().await;
    let talks = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let hub = app.editor.id_of_new("sources", source(json!({"name": "Hub"}))).await;
    let origin = app.editor.id_of_new("statements", statement(&talks, &hub, json!({"status": "published"}))).await;
    let mut last = String::new();
    for (from, to) in [(1, 499), (500, 500)] {
        let numbers = from..=to;
        let outlets: Vec<_> = numbers
            .clone()
            .map(|n| with(source(json!({"name": format!("Outlet {n}")})), json!({"ref": format!("o{n}")})))
            .collect();
        let relies_on = json!({"relies_on": [{"statement_id": origin}], "status": "published"});
        let mut said: Vec<_> = numbers.map(|n| statement(&talks, &format!("#o{n}"), relies_on.clone())).collect();
        said.push(said.last().unwrap().clone());
        let made = app.admin.post("/v1/bundles", &json!({"sources": outlets, "statements": said})).await.expect(201);
        last = made.body["ids"][format!("o{to}")].as_str().unwrap().to_owned();
        let network = app.anyone.get(&format!("/v1/sources/{hub}/network")).await.expect(200).body;
        let nodes = network["nodes"].as_array().unwrap();
        assert_eq!((nodes.len(), &network["truncated"]), (500, &json!(to == 500)));
        assert_eq!((&nodes[0]["name"], network["edges"].as_array().unwrap().len()), (&json!("Hub"), 499));
    }
    let network = app.anyone.get(&format!("/v1/sources/{hub}/network")).await.body;
    assert!(
        network["nodes"].as_array().unwrap().iter().any(|one| one["source_id"] == last),
        "two statements before one"
    );
    let record = record_of(&app.anyone, &hub).await;
    assert_eq!(record["relied_on_by"].as_array().unwrap().len(), 20);
    assert_eq!(record["relied_on_by"][1]["statements"], 2);
    assert_eq!(record["by_year"][0]["relied_on_by"], 502);
}
