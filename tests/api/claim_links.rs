//! Links between claims: who makes, sees and changes them, what is the same, and what the dossier shows of it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Client, claim, source, statement, with};

fn link(claim_id: &str, kind: &str, linked_claim_id: &str) -> Value {
    json!({"claim_id": claim_id, "kind": kind, "linked_claim_id": linked_claim_id})
}

async fn linked(client: &Client, claim_id: &str, kind: &str, linked_claim_id: &str) -> String {
    client.id_of_new("claim-links", link(claim_id, kind, linked_claim_id)).await
}

/// Claims of these newsrooms' members, named by their texts.
async fn claims<const N: usize>(client: &Client, status: &str, texts: [&str; N]) -> [String; N] {
    let mut ids = Vec::new();
    for text in texts {
        ids.push(client.id_of_new("claims", claim(json!({"text": text, "status": status}))).await);
    }
    ids.try_into().unwrap()
}

async fn withdraw(client: &Client, claim_id: &str) {
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "wrong"});
    client.patch(&format!("/v1/claims/{claim_id}"), &withdrawn).await.expect(200);
}

async fn dossier(client: &Client, claim_id: &str, query: &str) -> Value {
    client.get(&format!("/v1/claims/{claim_id}/dossier{query}")).await.expect(200).body
}

/// The claims that the dossier says are the same.
async fn same(client: &Client, claim_id: &str) -> Value {
    dossier(client, claim_id, "").await["same_as"].clone()
}

fn sorted<const N: usize>(ids: [&String; N]) -> Value {
    let mut ids = ids.to_vec();
    ids.sort();
    json!(ids)
}

#[actix_web::test]
async fn a_link_is_recorded_read_changed_and_deleted() {
    let app = App::start().await;
    let [one, other] = claims(&app.checker, "draft", ["It rained", "Ha piovuto"]).await;
    let body = with(link(&one, "same_as", &other), json!({"note": "A translation."}));
    let post = || app.checker.request(Method::POST, "/v1/claim-links").header("idempotency-key", "a").json(&body);
    let made = app.checker.send(post()).await.expect(201);
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&made.body[name], value, "{name}");
    }
    assert_eq!((&made.body["newsroom_id"], &made.body["version"]), (&json!(app.newsroom_id), &json!(1)));
    let again = app.checker.send(post()).await.expect(201);
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &made.body));
    let path = made.header("location").unwrap().to_owned();
    let read = app.reader.get(&path).await.expect(200);
    assert_eq!((read.header("etag"), &read.body), (Some("\"1\""), &made.body));
    app.reader.send(app.reader.request(Method::GET, &path).header("if-none-match", "\"1\"")).await.expect(304);

    let changed = app.checker.patch(&path, &json!({"note": null, "kind": "same_as"})).await.expect(200);
    assert_eq!((&changed.body["note"], &changed.body["version"]), (&Value::Null, &json!(2)));
    let fixed = json!({"claim_id": other, "kind": "repeats", "linked_claim_id": one});
    app.checker.patch(&path, &fixed).await.points_at(&["/claim_id", "/kind", "/linked_claim_id"]);
    app.checker.patch(&path, &json!({"note": ""})).await.points_at(&["/note"]);
    app.checker.patch(&path, &json!({"public": true})).await.points_at(&["/public"]);
    for method in [Method::PATCH, Method::DELETE] {
        let request = || app.checker.request(method.clone(), &path).json(&json!({"note": "x"}));
        app.checker.send(request()).await.expect(428);
        app.checker.send(request().header("if-match", "\"1\"")).await.expect(412);
    }
    app.checker.delete(&path).await.expect(204);
    app.checker.get(&path).await.expect(404);
    app.checker.delete(&path).await.expect(404);
}

#[actix_web::test]
async fn what_cannot_be_linked_is_told_by_its_member() {
    let app = App::start().await;
    let [one, other] = claims(&app.checker, "draft", ["a", "b"]).await;
    let [theirs] = claims(&app.other, "draft", ["c"]).await;
    let post = async |body: Value| app.checker.post("/v1/claim-links", &body).await;
    post(link(&one, "same_as", &one)).await.points_at(&["/linked_claim_id"]);
    post(link(&one, "refutes", &other)).await.points_at(&["/kind"]);
    post(json!({"claim_id": one})).await.points_at(&["/kind"]);
    let long = "x".repeat(2001);
    post(with(link(&one, "repeats", &other), json!({"note": long}))).await.points_at(&["/note"]);
    // Another newsroom's draft is as one that does not exist.
    let nowhere = uuid::Uuid::now_v7().to_string();
    for unknown in [&theirs, &nowhere] {
        post(link(unknown, "repeats", &one)).await.points_at(&["/claim_id"]);
        post(link(&one, "repeats", unknown)).await.points_at(&["/linked_claim_id"]);
    }
    app.reader.post("/v1/claim-links", &link(&one, "repeats", &other)).await.expect(403);
    app.anyone.post("/v1/claim-links", &link(&one, "repeats", &other)).await.expect(401);
    // Nor is what was withdrawn.
    let [gone] = claims(&app.editor, "published", ["d"]).await;
    withdraw(&app.editor, &gone).await;
    post(link(&one, "contradicts", &gone)).await.problem(409, "withdrawn");
    post(link(&gone, "contradicts", &one)).await.problem(409, "withdrawn");
    app.other.post("/v1/claim-links", &link(&theirs, "repeats", &gone)).await.points_at(&["/linked_claim_id"]);
}

#[actix_web::test]
async fn a_newsroom_links_two_claims_so_once() {
    let app = App::start().await;
    let [one, other] = claims(&app.editor, "published", ["a", "b"]).await;
    for kind in ["same_as", "contradicts", "repeats", "narrower"] {
        let id = linked(&app.editor, &one, kind, &other).await;
        let again = app.editor.post("/v1/claim-links", &link(&one, kind, &other)).await.problem(409, "already");
        assert_eq!(again.body["existing_id"], id.as_str(), "{kind}");
        let turned = app.editor.post("/v1/claim-links", &link(&other, kind, &one)).await;
        if ["same_as", "contradicts"].contains(&kind) {
            assert_eq!(turned.expect(409).body["existing_id"], id.as_str(), "{kind}");
        } else {
            turned.expect(201);
        }
        // Another newsroom has a mind of its own.
        linked(&app.other, &one, kind, &other).await;
    }
    // The database itself keeps all of it.
    let sql = app.sql().await;
    let insert = |kind: &str, from: &str, to: &str| {
        format!(
            "INSERT INTO claim_links (id, newsroom_id, claim_id, kind, linked_claim_id) VALUES (gen_random_uuid(), '{}', '{from}', '{kind}', '{to}')",
            app.newsroom_id
        )
    };
    for (statement, rule) in [
        (insert("same_as", &other, &one), "claim_links_symmetric_key"),
        (insert("repeats", &one, &other), "claim_links_directed_key"),
        (insert("repeats", &one, &one), "claim_links_not_to_itself"),
        (insert("like", &one, &other), "claim_links_kind_known"),
        ("UPDATE claim_links SET kind = 'repeats' WHERE kind = 'same_as'".to_owned(), "claim_links_fixed"),
    ] {
        let refused = sql.batch_execute(&statement).await.unwrap_err();
        assert_eq!(refused.as_db_error().and_then(|error| error.constraint()), Some(rule));
    }
}

#[actix_web::test]
async fn a_link_is_public_while_both_its_claims_are() {
    let app = App::start().await;
    let [shown] = claims(&app.editor, "published", ["a"]).await;
    let [draft, theirs] = claims(&app.checker, "draft", ["b", "c"]).await;
    let path = format!("/v1/claim-links/{}", linked(&app.checker, &draft, "narrower", &shown).await);
    linked(&app.checker, &draft, "narrower", &theirs).await;
    app.anyone.get(&path).await.expect(404);
    app.other.get(&path).await.expect(404);
    app.other.patch(&path, &json!({"note": "x"})).await.expect(404);
    app.other.send(app.other.request(Method::DELETE, &path).header("if-match", "\"1\"")).await.expect(404);
    app.checker.patch(&path, &json!({"note": "A checker's."})).await.expect(200);

    app.editor.act(&format!("/v1/claims/{draft}/publish")).await.expect(200);
    let public = app.anyone.get(&path).await.expect(200);
    assert_eq!((&public.body["note"], &public.body["version"]), (&json!("A checker's."), &json!(2)), "no new version");
    assert_eq!(app.anyone.get("/v1/claim-links").await.expect(200).items().len(), 1);
    // From now on it takes an editor, of its own newsroom.
    app.checker.patch(&path, &json!({"note": "x"})).await.expect(403);
    app.checker.delete(&path).await.expect(403);
    app.other.patch(&path, &json!({"note": "x"})).await.problem(403, "another newsroom");
    app.other.delete(&path).await.expect(403);
    app.checker.post("/v1/claim-links", &link(&shown, "repeats", &draft)).await.problem(403, "editor");
    assert_eq!(app.count("claim_links").await, 2);
    app.editor.patch(&path, &json!({"note": "An editor's."})).await.expect(200);

    withdraw(&app.editor, &shown).await;
    app.anyone.get(&path).await.expect(404);
    assert!(app.anyone.get("/v1/claim-links").await.expect(200).items().is_empty());
    assert_eq!(app.reader.get(&path).await.expect(200).body["note"], "An editor's.");
    // Its claim is as good as gone, and it may be taken away.
    app.editor.delete(&path).await.expect(204);
}

#[actix_web::test]
async fn links_are_listed_by_either_claim_kind_and_newsroom() {
    let app = App::start().await;
    let [a, b, c] = claims(&app.editor, "published", ["a", "b", "c"]).await;
    let [draft] = claims(&app.checker, "draft", ["d"]).await;
    let first = linked(&app.editor, &a, "repeats", &b).await;
    let second = linked(&app.other, &c, "same_as", &a).await;
    let hidden = linked(&app.checker, &draft, "same_as", &a).await;
    let third = linked(&app.editor, &b, "narrower", &c).await;
    let ids = async |client: &Client, query: &str| {
        let path = format!("/v1/claim-links?{query}");
        json!(client.get(&path).await.expect(200).ids())
    };
    assert_eq!(ids(&app.anyone, "").await, json!([third, second, first]));
    assert_eq!(ids(&app.reader, "").await, json!([third, hidden, second, first]));
    assert_eq!(ids(&app.anyone, &format!("claim_id={a}")).await, json!([second, first]));
    assert_eq!(ids(&app.reader, &format!("claim_id={a}&kind=same_as")).await, json!([hidden, second]));
    assert_eq!(ids(&app.other, "kind=same_as").await, json!([second]));
    assert_eq!(ids(&app.anyone, &format!("newsroom_id={}", app.newsroom_id)).await, json!([third, first]));
    let page = app.reader.get("/v1/claim-links?limit=2").await.expect(200);
    let next = page.body["next_cursor"].as_str().unwrap();
    assert_eq!(ids(&app.reader, &format!("limit=2&cursor={next}")).await, json!([second, first]));
    app.anyone.get("/v1/claim-links?kind=like").await.expect(400);
    app.anyone.get("/v1/claim-links?linked_claim_id=x").await.expect(400);
}

#[actix_web::test]
async fn what_is_the_same_is_so_from_link_to_link() {
    let app = App::start().await;
    let [a, b, c, d, e] = claims(&app.editor, "published", ["a", "b", "c", "d", "e"]).await;
    linked(&app.editor, &a, "same_as", &b).await;
    let bridge = linked(&app.editor, &c, "same_as", &b).await;
    linked(&app.other, &c, "same_as", &d).await;
    for (kind, to) in [("repeats", &e), ("contradicts", &e), ("narrower", &e)] {
        linked(&app.editor, &a, kind, to).await;
    }
    assert_eq!(same(&app.anyone, &a).await, sorted([&b, &c, &d]));
    assert_eq!(same(&app.anyone, &d).await, sorted([&a, &b, &c]));
    assert_eq!(same(&app.anyone, &e).await, json!([]));
    // In a circle too.
    linked(&app.editor, &d, "same_as", &a).await;
    assert_eq!(same(&app.anyone, &b).await, sorted([&a, &c, &d]));
    app.editor.delete(&format!("/v1/claim-links/{bridge}")).await.expect(204);
    assert_eq!(same(&app.anyone, &b).await, sorted([&a, &c, &d]), "the other way round");
    // Nothing leads through what was withdrawn, for its newsroom either.
    withdraw(&app.editor, &d).await;
    for client in [&app.anyone, &app.editor] {
        assert_eq!(same(client, &a).await, json!([b]));
        assert_eq!(same(client, &c).await, json!([]));
    }
    assert_eq!(same(&app.editor, &d).await, json!([]));
}

#[actix_web::test]
async fn what_one_may_not_see_makes_nothing_the_same() {
    let app = App::start().await;
    let [a, b] = claims(&app.editor, "published", ["a", "b"]).await;
    let [theirs] = claims(&app.other, "published", ["c"]).await;
    let [hidden] = claims(&app.checker, "draft", ["hidden"]).await;
    // By way of a draft of ours.
    linked(&app.checker, &a, "same_as", &hidden).await;
    linked(&app.checker, &hidden, "same_as", &b).await;
    linked(&app.checker, &theirs, "same_as", &hidden).await;
    assert_eq!(same(&app.reader, &a).await, sorted([&b, &theirs, &hidden]));
    assert_eq!(same(&app.reader, &theirs).await, sorted([&a, &b, &hidden]));
    for client in [&app.anyone, &app.other] {
        for id in [&a, &b, &theirs] {
            let seen = dossier(client, id, "?pooled=true").await;
            assert_eq!((&seen["same_as"], &seen["links"]), (&json!([]), &json!([])));
        }
    }
    app.editor.act(&format!("/v1/claims/{hidden}/publish")).await.expect(200);
    assert_eq!(same(&app.anyone, &theirs).await, sorted([&a, &b, &hidden]));
}

#[actix_web::test]
async fn a_linked_claim_is_not_deleted() {
    let app = App::start().await;
    let [a, b] = claims(&app.checker, "draft", ["a", "b"]).await;
    let id = linked(&app.checker, &a, "repeats", &b).await;
    for claim in [&a, &b] {
        let refused = app.checker.delete(&format!("/v1/claims/{claim}")).await.problem(409, "links");
        let blockers = json!([{"noun": "claim_link", "id": id, "detail": "it links this claim"}]);
        assert_eq!(refused.body["blockers"], blockers);
    }
    app.checker.delete(&format!("/v1/claim-links/{id}")).await.expect(204);
    app.checker.delete(&format!("/v1/claims/{a}")).await.expect(204);
    // Another newsroom's hidden link is in the way too, and is not for this one to know.
    let [public] = claims(&app.editor, "published", ["c"]).await;
    let [draft] = claims(&app.other, "draft", ["d"]).await;
    linked(&app.other, &draft, "repeats", &public).await;
    let refused = app.editor.delete(&format!("/v1/claims/{public}")).await.expect(409);
    assert!(refused.body.get("blockers").is_none_or(|blockers| *blockers == json!([]) || blockers.is_null()));
}

/// A statement by a new source of this name.
async fn said(client: &Client, claim_id: &str, name: &str, changes: Value) -> (String, String) {
    let source = client.id_of_new("sources", source(json!({"name": name}))).await;
    let body = statement(claim_id, &source, with(json!({"status": "published"}), changes));
    (client.id_of_new("statements", body).await, source)
}

#[actix_web::test]
async fn a_dossier_shows_who_stands_where_on_what_contradicts_it() {
    let app = App::start().await;
    let [a, b, c] = claims(&app.editor, "published", ["It rained", "It was dry", "It drizzled"]).await;
    let [draft] = claims(&app.checker, "draft", ["hidden"]).await;
    let (_, ann) = said(&app.editor, &b, "Ann", json!({"stance": "asserts"})).await;
    let (_, bob) = said(&app.other, &b, "Bob", json!({"stance": "denies"})).await;
    let (gone, _) = said(&app.editor, &b, "Cyd", json!({})).await;
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "misheard"});
    app.editor.patch(&format!("/v1/statements/{gone}"), &withdrawn).await.expect(200);
    said(&app.editor, &a, "Dan", json!({})).await;
    let first = linked(&app.editor, &b, "contradicts", &a).await;
    let second = linked(&app.editor, &c, "narrower", &a).await;
    let hidden = linked(&app.checker, &a, "contradicts", &draft).await;

    let seen = dossier(&app.anyone, &a, "").await;
    let links = seen["links"].as_array().unwrap();
    assert_eq!(links.iter().map(|link| link["id"].clone()).collect::<Vec<_>>(), [json!(first), json!(second)]);
    assert_eq!((&links[0]["claim_id"], &links[0]["kind"]), (&json!(b), &json!("contradicts")));
    assert_eq!((&links[0]["claim"]["text"], &links[1]["claim"]["id"]), (&json!("It was dry"), &json!(c)));
    // As the other claim's own dossier has them.
    let positions = json!({"by_stance": {"asserts": [ann], "denies": [bob]}, "former": [], "supporting": 1, "opposing": 1, "neutral": 0});
    assert_eq!((&links[0]["positions"], &links[1]["positions"]), (&positions, &Value::Null));
    assert_eq!(dossier(&app.anyone, &b, "").await["positions"], positions);
    assert_eq!((seen["statements"].as_array().unwrap().len(), &seen["positions"]["supporting"]), (1, &json!(1)));
    let narrowed = dossier(&app.anyone, &a, &format!("?newsroom_id={}", app.newsroom_id)).await;
    assert_eq!(narrowed["links"][0]["positions"]["by_stance"], json!({"asserts": [ann]}));
    // From the other end it is the same link, with the first claim.
    let turned = dossier(&app.anyone, &b, "").await;
    assert_eq!((&turned["links"][0]["id"], &turned["links"][0]["claim"]["id"]), (&json!(first), &json!(a)));
    let own = dossier(&app.reader, &a, "").await;
    assert_eq!((&own["links"][2]["id"], &own["links"][2]["claim"]["id"]), (&json!(hidden), &json!(draft)));
    // A newsroom keeps its link to what another one has withdrawn; the claim is not shown any more.
    let [theirs] = claims(&app.other, "published", ["Theirs"]).await;
    linked(&app.editor, &c, "contradicts", &theirs).await;
    withdraw(&app.other, &theirs).await;
    let kept = dossier(&app.reader, &c, "").await["links"][1].clone();
    assert_eq!(
        (&kept["linked_claim_id"], &kept["claim"], &kept["positions"]),
        (&json!(theirs), &Value::Null, &Value::Null)
    );
}

#[actix_web::test]
async fn a_pooled_dossier_counts_what_was_said_on_all_claims_that_are_the_same() {
    let app = App::start().await;
    let [a, b, c] = claims(&app.editor, "published", ["It rained", "Ha piovuto", "Es regnete"]).await;
    let part =
        app.editor.id_of_new("claims", claim(json!({"text": "A lot", "part_of_id": b, "status": "published"}))).await;
    let (late, ann) = said(&app.editor, &a, "Ann", json!({"said_on": "2023-10-03"})).await;
    let (early, bob) = said(&app.editor, &b, "Bob", json!({"said_on": "2023-10-01", "stance": "denies"})).await;
    let (middle, cyd) =
        said(&app.other, &c, "Cyd", json!({"said_on": "2023-10-02", "stance": "declines_to_comment"})).await;
    let (undated, _) = said(&app.editor, &c, "Dan", json!({})).await;
    said(&app.editor, &part, "Eve", json!({})).await;
    // Ann said the opposite before, in another language: one position.
    let before = statement(&c, &ann, json!({"status": "published", "stance": "denies", "said_on": "2023-09"}));
    let before = app.editor.id_of_new("statements", before).await;
    linked(&app.editor, &a, "same_as", &b).await;
    linked(&app.editor, &b, "same_as", &c).await;

    let plain = dossier(&app.anyone, &a, "").await;
    assert_eq!(dossier(&app.anyone, &a, "?pooled=false").await, plain);
    assert_eq!((plain["statements"].as_array().unwrap().len(), &plain["same_as"]), (1, &sorted([&b, &c])));
    let pooled = dossier(&app.anyone, &a, "?pooled=true").await;
    let said: Vec<_> = pooled["statements"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(json!(said), json!([before, early, middle, late, undated]));
    assert_eq!(
        (&pooled["statements"][1]["claim_id"], &pooled["statements"][1]["source"]["name"]),
        (&json!(b), &json!("Bob"))
    );
    let positions = &pooled["positions"];
    assert_eq!(
        (&positions["supporting"], &positions["opposing"], &positions["neutral"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!((&positions["former"], &positions["by_stance"]["denies"]), (&json!([before]), &json!([bob])));
    assert_eq!(positions["by_stance"]["declines_to_comment"], json!([cyd]));
    assert_eq!(
        pooled["summary_line"],
        "Ann confirms that it rained; Bob denies that it rained; Dan confirms that it rained; Cyd declines to comment"
    );
    assert_eq!((&pooled["parts"], &pooled["verdicts"]), (&json!([]), &json!([])), "they stay the claim's own");
    let narrowed = dossier(&app.anyone, &a, &format!("?pooled=true&newsroom_id={}", app.newsroom_id)).await;
    assert_eq!((narrowed["statements"].as_array().unwrap().len(), &narrowed["positions"]["neutral"]), (4, &json!(0)));
    // What was withdrawn there stays as a tombstone, and is told among the corrections.
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "misheard"});
    app.editor.patch(&format!("/v1/statements/{early}"), &withdrawn).await.expect(200);
    let pooled = dossier(&app.anyone, &a, "?pooled=true").await;
    assert_eq!(
        (&pooled["positions"]["opposing"], &pooled["statements"][1]["status"]),
        (&json!(0), &json!("withdrawn"))
    );
    assert_eq!((&pooled["corrections"][0]["id"], &pooled["corrections"][0]["claim_id"]), (&json!(early), &json!(b)));
    assert_eq!(dossier(&app.anyone, &a, "").await["corrections"], json!([]));
    app.anyone.get(&format!("/v1/claims/{a}/dossier?pooled=yes")).await.expect(400);
}

/// A part may be the same as its whole: what was said on it stands in both, and is corrected once.
#[actix_web::test]
async fn a_part_that_is_the_same_as_its_whole_is_pooled_and_stays_a_part() {
    let app = App::start().await;
    let [whole] = claims(&app.editor, "published", ["It rained"]).await;
    let part = app.editor.id_of_new("claims", claim(json!({"part_of_id": whole, "status": "published"}))).await;
    let (id, _) = said(&app.editor, &part, "Ann", json!({})).await;
    let corrected = json!({"stance": "denies", "correction_note": "Misheard."});
    app.editor.patch(&format!("/v1/statements/{id}"), &corrected).await.expect(200);
    linked(&app.editor, &part, "same_as", &whole).await;
    let pooled = dossier(&app.anyone, &whole, "?pooled=true").await;
    assert_eq!((&pooled["statements"][0]["id"], &pooled["parts"][0]["statements"][0]["id"]), (&json!(id), &json!(id)));
    assert_eq!(pooled["corrections"].as_array().unwrap().len(), 1);
    assert_eq!((&pooled["links"][0]["claim"]["id"], &pooled["parts"][0]["claim"]["id"]), (&json!(part), &json!(part)));
}
