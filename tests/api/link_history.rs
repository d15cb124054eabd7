//! Linking and unlinking lose nothing: the log of changes, the past, and what can be erased.

use serde_json::{Value, json};

use crate::log::verified;
use crate::support::{App, Client, claim, source, statement};

struct Linked {
    app: App,
    one: String,
    other: String,
    /// The link, whose claims were published before it was made.
    link: Value,
    /// When the second claim was published.
    before: String,
}

async fn linked(kind: &str) -> Linked {
    let app = App::start().await;
    let ann = app.editor.id_of_new("sources", source(json!({"name": "Ann"}))).await;
    let one = app.editor.id_of_new("claims", claim(json!({"status": "published"}))).await;
    let other = app.editor.create("claims", claim(json!({"text": "Ha piovuto", "status": "published"}))).await;
    let id = other["id"].as_str().unwrap().to_owned();
    let said = app.editor.create("statements", statement(&id, &ann, json!({"status": "published"}))).await;
    let link = json!({"claim_id": one, "kind": kind, "linked_claim_id": id, "note": "Why they are linked."});
    let link = app.editor.create("claim-links", link).await;
    Linked { app, one, other: id, link, before: text(&said["updated_at"]) }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Linked {
    fn path(&self) -> String {
        format!("/v1/claim-links/{}", text(&self.link["id"]))
    }

    async fn dossier(&self, client: &Client, query: &str) -> Value {
        client.get(&format!("/v1/claims/{}/dossier?{query}", self.one)).await.expect(200).body
    }

    /// What a caller reads of the link in the feed.
    async fn told(&self, client: &Client) -> Vec<Value> {
        self.app.in_order().await;
        let feed = client.get("/v1/changes?after=0&limit=200").await.expect(200);
        feed.items().iter().filter(|item| item["noun"] == "claim_link").cloned().collect()
    }
}

#[actix_web::test]
async fn linking_and_unlinking_are_on_the_log_of_changes() {
    let linked = linked("same_as").await;
    let app = &linked.app;
    for client in [&app.anyone, &app.reader] {
        let told = linked.told(client).await;
        assert_eq!((told.len(), &told[0]["operation"], &told[0]["public"]), (1, &json!("insert"), &json!(true)));
        assert_eq!(told[0]["record"]["note"], "Why they are linked.", "a link's note is for its readers");
        assert!(told[0]["changed"].as_array().unwrap().contains(&json!("note")));
    }
    app.editor.patch(&linked.path(), &json!({"note": "Else."})).await.expect(200);
    app.editor.delete(&linked.path()).await.expect(204);
    // Its newsroom keeps what it said, the public that it was there.
    let own = linked.told(&app.reader).await;
    let operations: Vec<_> = own.iter().map(|item| text(&item["operation"])).collect();
    assert_eq!(operations, ["insert", "update", "delete"]);
    assert_eq!(
        (&own[0]["record"]["kind"], &own[0]["record"]["note"]),
        (&json!("same_as"), &json!("Why they are linked."))
    );
    assert_eq!((&own[1]["changed"], &own[1]["record"]["note"]), (&json!(["note"]), &json!("Else.")));
    let public = linked.told(&app.anyone).await;
    assert_eq!(public.len(), 3);
    assert!(public.iter().all(|item| item["record"].is_null()), "{public:#?}");
    let parent =
        "SELECT count(*) FROM changes WHERE noun = 'claim_link' AND parent_id::text = $1 AND member_id IS NOT NULL";
    assert_eq!(app.sql().await.query_one(parent, &[&linked.one]).await.unwrap().get::<_, i64>(0), 3);
    // What is only shown or hidden is told as that, and is no version.
    let draft = app.checker.id_of_new("claims", claim(json!({}))).await;
    let link = json!({"claim_id": draft, "kind": "repeats", "linked_claim_id": linked.one});
    let id = app.checker.id_of_new("claim-links", link).await;
    app.editor.act(&format!("/v1/claims/{draft}/publish")).await.expect(200);
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "wrong"});
    app.editor.patch(&format!("/v1/claims/{draft}"), &withdrawn).await.expect(200);
    let told = linked.told(&app.reader).await;
    let of_it = told.iter().filter(|item| item["record_id"] == id.as_str());
    let operations: Vec<_> = of_it.map(|item| (text(&item["operation"]), item["version"].clone())).collect();
    assert_eq!(operations, ["insert", "show", "hide"].map(|operation| (operation.to_owned(), json!(1))));
    assert_eq!(linked.told(&app.anyone).await.len(), 5, "that a draft was linked is not for everybody");
    verified(&app.database, None).await.unwrap();
    app.sql()
        .await
        .batch_execute("ALTER TABLE claim_links DISABLE TRIGGER USER; DELETE FROM claim_links")
        .await
        .unwrap();
    assert!(
        verified(&app.database, None).await.unwrap_err().contains("claim_link"),
        "what was removed by hand is found"
    );
}

#[actix_web::test]
async fn the_past_knows_a_link_from_when_it_was_made_until_it_was_deleted() {
    let linked = linked("same_as").await;
    let app = &linked.app;
    let made = text(&linked.link["created_at"]);
    let since = format!("pooled=true&as_of={made}");
    let until = format!("pooled=true&as_of={}", linked.before);
    for client in [&app.anyone, &app.reader] {
        let before = linked.dossier(client, &until).await;
        assert_eq!((&before["same_as"], &before["links"], &before["statements"]), (&json!([]), &json!([]), &json!([])));
        let after = linked.dossier(client, &since).await;
        assert_eq!((&after["same_as"], &after["links"][0]["id"]), (&json!([linked.other]), &linked.link["id"]));
        assert_eq!(
            (&after["links"][0]["claim"]["id"], &after["positions"]["supporting"]),
            (&json!(linked.other), &json!(1))
        );
        client.get(&format!("{}?as_of={}", linked.path(), linked.before)).await.expect(404);
        client.get(&format!("/v1/claim-links?claim_id={}&as_of={}", linked.other, linked.before)).await.expect(200);
        let listed = client.get(&format!("/v1/claim-links?claim_id={}&as_of={made}", linked.other)).await.expect(200);
        assert_eq!(listed.items(), std::slice::from_ref(&linked.link));
    }
    let changed = app.editor.patch(&linked.path(), &json!({"note": "Else."})).await.expect(200);
    let then = app.anyone.get(&format!("{}?as_of={made}", linked.path())).await.expect(200);
    assert_eq!((&then.body, &changed.body["note"]), (&linked.link, &json!("Else.")));

    app.editor.delete(&linked.path()).await.expect(204);
    let gone = text(&linked.told(&app.reader).await.pop().unwrap()["at"]);
    assert_eq!(linked.dossier(&app.reader, &format!("pooled=true&as_of={gone}")).await["same_as"], json!([]));
    assert_eq!(linked.dossier(&app.reader, &since).await["same_as"], json!([linked.other]));
    assert_eq!(app.reader.get(&format!("{}?as_of={made}", linked.path())).await.expect(200).body, linked.link);
    // As of every record that is deleted today, others see nothing of it in the past either.
    assert_eq!(linked.dossier(&app.anyone, &since).await["same_as"], json!([]));
    app.anyone.get(&format!("{}?as_of={made}", linked.path())).await.expect(404);
}

#[actix_web::test]
async fn a_link_that_is_hidden_today_was_so_in_the_past() {
    let linked = linked("contradicts").await;
    let app = &linked.app;
    let since = format!("as_of={}", text(&linked.link["created_at"]));
    let then = linked.dossier(&app.anyone, &since).await;
    assert_eq!(then["links"][0]["positions"]["supporting"], 1);
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "wrong"});
    app.editor.patch(&format!("/v1/claims/{}", linked.other), &withdrawn).await.expect(200);
    assert_eq!(linked.dossier(&app.anyone, &since).await["links"], json!([]));
    assert_eq!(linked.dossier(&app.reader, &since).await["links"][0]["claim"]["status"], "published");
}

#[actix_web::test]
async fn the_note_of_a_link_can_be_erased() {
    let linked = linked("repeats").await;
    let app = &linked.app;
    let erase = |field: &str| json!({"noun": "claim_link", "record_id": linked.link["id"], "fields": [field], "reason": "Erasure requested", "now": true});
    app.admin.post("/v1/redactions", &erase("kind")).await.points_at(&["/fields/0"]);
    app.admin.post("/v1/redactions", &erase("note")).await.expect(201);
    assert_eq!(app.anyone.get(&linked.path()).await.expect(200).body["note"], "[redacted]");
    let kept = "SELECT count(*) FROM change_values WHERE after::text ~ 'Why they' OR before::text ~ 'Why they'";
    assert_eq!(app.sql().await.query_one(kept, &[]).await.unwrap().get::<_, i64>(0), 0);
    verified(&app.database, None).await.unwrap();
}
