//! Pictures of who relies on whom, as they are asked for.

use reqwest::Method;
use roxmltree::Document;
use serde_json::json;

use crate::support::{Answer, App, claim, source, statement};

/// Asks with this `Accept`.
async fn accepting(app: &App, path: &str, media_type: &str) -> Answer {
    app.anyone.send(app.anyone.request(Method::GET, path).header("accept", media_type)).await.expect(200)
}

fn demo(noun: &str, name: &str, what: &str) -> String {
    format!("/v1/{noun}/{}/{what}", onrecord::demo::id_of(name).unwrap())
}

/// The picture in the README is the one that the server draws: `EXPECTORATE=overwrite cargo test --test api -- pictures` writes it.
#[actix_web::test]
async fn the_readmes_picture_is_the_demos() {
    let app = App::demo().await;
    let drawn = app.anyone.get(&demo("claims", "talks", "provenance?format=svg")).await.expect(200);
    assert_eq!(drawn.header("content-type"), Some("image/svg+xml"));
    expectorate::assert_contents("demo/talks-provenance.svg", &drawn.text);
    let picture = Document::parse(&drawn.text).unwrap();
    let text: String = picture.descendants().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect();
    for said in [
        "AgenPress",
        "POLITICO",
        "a senior diplomat",
        "Dmitry Peskov",
        "2 independent origins support, 0 oppose",
        "2023-10",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(drawn.text, accepting(&app, &demo("claims", "talks", "provenance"), "image/svg+xml").await.text);
    let parts = app.anyone.get(&demo("claims", "talks", "provenance?format=svg&parts=true")).await.expect(200);
    assert!(parts.text.contains("on: The article is accurate"), "{}", parts.text);
}

#[actix_web::test]
async fn each_form_says_what_it_is() {
    let app = App::demo().await;
    for (path, name) in
        [(demo("claims", "talks", "provenance"), "POLITICO"), (demo("sources", "agenpress", "network"), "POLITICO")]
    {
        for (format, media_type, start) in [
            ("json", "application/json", "{"),
            ("svg", "image/svg+xml", "<svg"),
            ("dot", "text/vnd.graphviz", "digraph"),
            ("mermaid", "text/vnd.mermaid", "flowchart"),
        ] {
            let asked = app.anyone.get(&format!("{path}?format={format}")).await.expect(200);
            assert!(asked.header("content-type").unwrap().starts_with(media_type), "{format}");
            assert!(asked.text.contains(start) && (format == "json" || asked.text.contains(name)), "{}", asked.text);
            assert!(asked.header("vary").unwrap().to_lowercase().contains("accept"));
            assert_eq!(accepting(&app, &path, media_type).await.text, asked.text);
        }
        app.anyone.get(&format!("{path}?format=png")).await.problem(400, "format");
        app.anyone.get(&format!("{path}?format=")).await.expect(400);
    }
}

#[actix_web::test]
async fn circles_the_unnamed_and_the_withdrawn_are_marked_and_all_is_escaped() {
    let app = App::start().await;
    let editor = &app.editor;
    let id =
        editor.id_of_new("claims", claim(json!({"text": "A <b>\"claim\"</b> & more", "status": "published"}))).await;
    let mut said = Vec::new();
    for name in ["</text><script>alert(1)</script>", "وكالة الأنباء", "a; b [c] \"d\" --> e"] {
        let outlet = editor.id_of_new("sources", source(json!({"kind": "unnamed", "name": name}))).await;
        said.push(
            editor
                .id_of_new("statements", statement(&id, &outlet, json!({"status": "published", "stance": "reports"})))
                .await,
        );
    }
    for (from, to) in [(0, 1), (1, 0)] {
        let relying = json!({"relies_on": [{"statement_id": said[to], "wording": "<&>"}]});
        editor.patch(&format!("/v1/statements/{}", said[from]), &relying).await.expect(200);
    }
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "Misheard"});
    editor.patch(&format!("/v1/statements/{}", said[2]), &withdrawn).await.expect(200);
    let path = format!("/v1/claims/{id}/provenance");
    let drawn = app.anyone.get(&format!("{path}?format=svg")).await.expect(200).text;
    let picture = Document::parse(&drawn).unwrap();
    assert!(picture.descendants().all(|node| !node.has_tag_name("script") && node.tag_name().name() != "b"));
    let marked = |attribute: &str, value: &str| {
        picture.descendants().filter(|node| node.attribute(attribute) == Some(value)).count()
    };
    // Two arrows, and the one in the legend.
    assert_eq!(marked("marker-end", "url(#picture-circular)"), 3, "{drawn}");
    assert!(marked("direction", "rtl") >= 1, "{drawn}");
    let written: Vec<_> = picture.descendants().filter_map(|node| node.text()).collect();
    assert!(written.contains(&"withdrawn") && written.contains(&"<&> (circular)"), "{written:?}");
    for format in ["dot", "mermaid"] {
        let written = app.anyone.get(&format!("{path}?format={format}")).await.expect(200).text;
        assert!(written.contains("circular"), "{written}");
        // In DOT it stands between quotes, as text; Mermaid would make elements of it.
        assert!(format == "dot" || !written.contains("<script>"), "{written}");
    }
}

#[actix_web::test]
async fn more_than_five_hundred_statements_are_no_picture() {
    let app = App::start().await;
    let id = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let one = app.editor.id_of_new("sources", source(json!({}))).await;
    let fill = format!(
        "INSERT INTO statements (id, newsroom_id, claim_id, source_id, stance, status)
         SELECT gen_random_uuid(), '{}', '{id}', '{one}', 'confirms', 'published' FROM generate_series(1, 501)",
        app.newsroom_id
    );
    app.sql().await.batch_execute(&fill).await.unwrap();
    for format in ["svg", "dot", "mermaid"] {
        let path = format!("/v1/claims/{id}/provenance?format={format}");
        app.anyone.get(&path).await.problem(422, "JSON");
    }
    app.anyone.get(&format!("/v1/claims/{id}/provenance")).await.expect(200);
}
