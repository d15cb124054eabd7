//! Rules across rows, under concurrent writes: many rounds each, then the whole database is looked at.

use std::sync::LazyLock;
use std::time::Duration;

use futures_util::StreamExt;
use onrecord::config::Limits;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Client, limits, thorough};

/// How many rounds a race has.
pub static ROUNDS: LazyLock<usize> = LazyLock::new(|| if thorough() { 1_000 } else { 200 });
/// How many rounds run beside each other.
const BESIDE: usize = 3;

/// A server with connections for all who race.
pub async fn app() -> App {
    App::with(Limits { pool_size: 10, ..limits() }).await
}

/// Runs `round` again and again; each gives the statuses of the writes that raced.
pub async fn race(round: impl AsyncFn(usize) -> Vec<u16>) -> Vec<Vec<u16>> {
    futures_util::stream::iter((0..*ROUNDS).map(|number| round(number))).buffer_unordered(BESIDE).collect().await
}

/// Changes the first version, whatever became of it.
pub async fn patch(client: &Client, path: String, body: Value) -> u16 {
    client.send(client.request(Method::PATCH, &path).header("if-match", "\"1\"").json(&body)).await.status
}

/// Records a bundle and answers its ids by ref.
pub async fn record(client: &Client, bundle: &Value) -> Value {
    client.post("/v1/bundles", bundle).await.expect(201).body["ids"].clone()
}

pub fn named(ids: &Value, name: &str, number: usize) -> String {
    ids[format!("{name}{number}")].as_str().unwrap().to_owned()
}

pub async fn number(app: &App, sql: &str) -> i64 {
    app.sql().await.query_one(sql, &[]).await.unwrap().get(0)
}

pub fn all_of(found: &[Vec<u16>], known: &[u16]) {
    let unknown: Vec<_> = found.iter().flatten().filter(|status| !known.contains(status)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

pub fn claims(names: &[&str], status: &str) -> Vec<Value> {
    let of = |number: usize| {
        names.iter().map(move |name| {
            json!({"ref": format!("{name}{number}"), "text": format!("{name}{number}"), "language": "en", "status": status})
        })
    };
    (0..*ROUNDS).flat_map(of).collect()
}

#[actix_web::test]
async fn no_circle_of_parts_comes_about() {
    let app = app().await;
    let two = record(&app.checker, &json!({"claims": claims(&["a", "b"], "draft")})).await;
    let three = record(&app.checker, &json!({"claims": claims(&["c"], "draft")})).await;
    let move_under = async |part: String, whole: String| {
        patch(&app.checker, format!("/v1/claims/{part}"), json!({"part_of_id": whole})).await
    };
    let statuses = race(async |round| {
        let (a, b, c) = (named(&two, "a", round), named(&two, "b", round), named(&three, "c", round));
        if round % 2 == 0 {
            let (one, other) = futures_util::join!(move_under(a.clone(), b.clone()), move_under(b, a));
            vec![one, other]
        } else {
            let (first, second, third) =
                futures_util::join!(move_under(a.clone(), b.clone()), move_under(b, c.clone()), move_under(c, a));
            vec![first, second, third]
        }
    })
    .await;
    all_of(&statuses, &[200, 409, 503]);
    assert!(statuses.iter().all(|round| round.contains(&200) && round.iter().any(|status| *status != 200)));
    let circles = "WITH RECURSIVE up(start, id, depth) AS (
            SELECT id, part_of_id, 1 FROM claims WHERE part_of_id IS NOT NULL
            UNION ALL SELECT start, part_of_id, depth + 1 FROM up JOIN claims USING (id) WHERE part_of_id IS NOT NULL AND depth < 5)
        SELECT count(*) FROM up WHERE start = id";
    assert_eq!(number(&app, circles).await, 0);
}

#[actix_web::test]
async fn nothing_published_relies_on_a_draft() {
    let app = app().await;
    let statement = |name: &str, claim: &str, number: usize| json!({"ref": format!("{name}{number}"), "claim_id": format!("#{claim}{number}"), "source_id": "#s", "stance": "reports"});
    let mut statements = Vec::new();
    for number in 0..*ROUNDS {
        statements.extend([statement("said", "c", number), statement("draft", "d", number)]);
    }
    let story = json!({
        "sources": [{"ref": "s", "kind": "person", "name": "Ann"}],
        "claims": claims(&["c", "d"], "draft"),
        "statements": statements,
    });
    let ids = record(&app.checker, &story).await;
    let statuses = race(async |round| {
        let publish = format!("/v1/claims/{}/publish", named(&ids, "c", round));
        let relying = json!({"relies_on": [{"statement_id": named(&ids, "draft", round)}]});
        let said = format!("/v1/statements/{}", named(&ids, "said", round));
        let (published, changed) = futures_util::join!(app.editor.act(&publish), patch(&app.editor, said, relying));
        vec![published.status, changed]
    })
    .await;
    all_of(&statuses, &[200, 409, 412, 503]);
    let broken = "SELECT count(*) FROM relies_on JOIN statements one ON one.id = statement_id
        JOIN statements other ON other.id = relied_on_id WHERE one.status = 'published' AND other.status = 'draft'";
    assert_eq!(number(&app, broken).await, 0);
    assert!(statuses.iter().any(|round| round[0] == 200) && statuses.iter().any(|round| round[1] == 200));
}

#[actix_web::test]
async fn nothing_is_published_on_a_claim_that_was_withdrawn() {
    let app = app().await;
    let statements: Vec<_> = (0..*ROUNDS)
        .map(|n| json!({"ref": format!("said{n}"), "claim_id": format!("#c{n}"), "source_id": format!("#s{n}"), "stance": "asserts"}))
        .collect();
    let sources: Vec<_> =
        (0..*ROUNDS).map(|n| json!({"ref": format!("s{n}"), "kind": "unnamed", "name": "a diplomat"})).collect();
    let story = json!({"sources": sources, "claims": claims(&["c"], "published"), "statements": statements});
    let ids = record(&app.editor, &story).await;
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "wrong"});
    let statuses = race(async |round| {
        let said = format!("/v1/statements/{}", named(&ids, "said", round));
        let claim = format!("/v1/claims/{}", named(&ids, "c", round));
        let (published, withdrawn) = futures_util::join!(
            patch(&app.editor, said, json!({"status": "published"})),
            patch(&app.editor, claim, withdrawn.clone())
        );
        vec![published, withdrawn]
    })
    .await;
    all_of(&statuses, &[200, 409, 503]);
    assert!(statuses.iter().any(|round| round[0] == 409), "the withdrawal was never first");
    // The withdrawal hides what was published before it, and so was the last to write it.
    let broken = "SELECT count(*) FROM statements JOIN claims ON claims.id = claim_id
        WHERE statements.status = 'published' AND claims.status = 'withdrawn' AND (public OR statements.xmin <> claims.xmin)";
    assert_eq!(number(&app, broken).await, 0);
    let shown = "SELECT count(*) FROM sources WHERE public <> EXISTS (SELECT FROM statements WHERE source_id = sources.id AND public)";
    assert_eq!(number(&app, shown).await, 0);
}

#[actix_web::test]
async fn a_source_that_is_hidden_is_not_shown_by_another_newsroom_at_the_same_moment() {
    let app = app().await;
    let sources: Vec<_> =
        (0..*ROUNDS).map(|n| json!({"ref": format!("s{n}"), "kind": "unnamed", "name": "a diplomat"})).collect();
    let said = |source: String, claim: &str, name: &str, n: usize, status: &str| json!({"ref": format!("{name}{n}"), "claim_id": claim, "source_id": source, "stance": "asserts", "status": status});
    let ours: Vec<_> = (0..*ROUNDS).map(|n| said(format!("#s{n}"), "#c", "one", n, "published")).collect();
    let story = json!({"sources": sources, "statements": ours,
        "claims": [{"ref": "c", "text": "A claim.", "language": "en", "status": "published"}]});
    let ids = record(&app.editor, &story).await;
    let claim = ids["c"].as_str().unwrap();
    let theirs: Vec<_> = (0..*ROUNDS).map(|n| said(named(&ids, "s", n), claim, "two", n, "draft")).collect();
    let theirs = record(&app.other, &json!({"statements": theirs})).await;
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "wrong"});
    let statuses = race(async |round| {
        let (one, two) = (named(&ids, "one", round), named(&theirs, "two", round));
        let (hidden, shown) = futures_util::join!(
            patch(&app.editor, format!("/v1/statements/{one}"), withdrawn.clone()),
            patch(&app.other, format!("/v1/statements/{two}"), json!({"status": "published"}))
        );
        vec![hidden, shown]
    })
    .await;
    all_of(&statuses, &[200, 409, 503]);
    for second in [200, 409] {
        assert!(statuses.iter().any(|round| *round == [200, second]), "{second} never came about");
    }
    let wrong = "SELECT count(*) FROM sources
        WHERE public <> EXISTS (SELECT FROM statements WHERE source_id = sources.id AND public)";
    assert_eq!(number(&app, wrong).await, 0);
}

#[actix_web::test]
async fn no_claim_changes_its_text_after_another_newsroom_has_published_on_it() {
    let app = app().await;
    let ids = record(&app.editor, &json!({"claims": claims(&["c"], "published")})).await;
    let statements: Vec<_> = (0..*ROUNDS)
        .map(|n| json!({"ref": format!("said{n}"), "claim_id": named(&ids, "c", n), "source_id": "#s", "stance": "asserts"}))
        .collect();
    let story = json!({"sources": [{"ref": "s", "kind": "person", "name": "Ann"}], "statements": statements});
    let theirs = record(&app.other, &story).await;
    let statuses = race(async |round| {
        let claim = format!("/v1/claims/{}", named(&ids, "c", round));
        let said = format!("/v1/statements/{}", named(&theirs, "said", round));
        let (changed, published) = futures_util::join!(
            patch(&app.editor, claim, json!({"text": "Something else"})),
            patch(&app.other, said, json!({"status": "published"}))
        );
        vec![changed, published]
    })
    .await;
    all_of(&statuses, &[200, 409, 503]);
    assert!(statuses.iter().all(|round| round[1] != 409), "publishing is not refused");
    for first in [200, 409] {
        assert!(statuses.iter().any(|round| round[0] == first && round[1] == 200), "{first} never came about");
    }
    // Both lock the tree before the database takes the time of their change.
    let broken = "SELECT count(*) FROM statements JOIN claims ON claims.id = claim_id
        WHERE text = 'Something else' AND public AND claims.updated_at > statements.updated_at";
    assert_eq!(number(&app, broken).await, 0);
}

#[actix_web::test]
async fn a_topic_is_shown_exactly_while_a_published_claim_has_it() {
    let app = app().await;
    let of = |name: &'static str, status: &'static str| {
        (0..*ROUNDS).map(move |n| {
            json!({"ref": format!("{name}{n}"), "text": "A claim.", "language": "en", "topics": [format!("t{n}")], "status": status})
        })
    };
    let claims: Vec<_> = of("one", "published").chain(of("two", "draft")).collect();
    let ids = record(&app.editor, &json!({"claims": claims})).await;
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "wrong"});
    let statuses = race(async |round| {
        let path = |name: &str| format!("/v1/claims/{}", named(&ids, name, round));
        // In every second round nothing shows it in the end.
        let two = if round % 2 == 0 { json!({"status": "published"}) } else { json!({"topics": ["else"]}) };
        let (hidden, shown) = futures_util::join!(
            patch(&app.editor, path("one"), withdrawn.clone()),
            patch(&app.editor, path("two"), two)
        );
        vec![hidden, shown]
    })
    .await;
    all_of(&statuses, &[200, 503]);
    assert!(statuses.iter().any(|round| round.iter().all(|status| *status == 200)));
    let wrong = "SELECT count(*) FROM topics
        WHERE public <> EXISTS (SELECT FROM claims WHERE status = 'published' AND claims.topics @> ARRAY[slug])";
    assert_eq!(number(&app, wrong).await, 0);
    assert!(number(&app, "SELECT count(*) FROM topics WHERE public").await > 0);
}

#[actix_web::test]
async fn two_bundles_with_one_new_source_and_document_make_one_of_each() {
    let app = app().await;
    let statuses = race(async |round| {
        let bundle = |order: bool| {
            let mut sources = vec![
                json!({"ref": "a", "kind": "person", "name": format!("Ann {round}")}),
                json!({"ref": "b", "kind": "organization", "name": format!("Body {round}"), "wikidata_id": format!("Q{}", round + 1)}),
            ];
            if order {
                sources.reverse();
            }
            json!({"sources": sources, "documents": [{"ref": "d", "kind": "article", "url": format!("https://example.org/{round}"), "publisher_id": "#b"}]})
        };
        let (one, other) = (bundle(true), bundle(false));
        let (one, other) =
            futures_util::join!(app.checker.post("/v1/bundles", &one), app.editor.post("/v1/bundles", &other));
        if one.status == 201 && other.status == 201 {
            assert_eq!(one.body["ids"], other.body["ids"]);
        }
        vec![one.status, other.status]
    })
    .await;
    all_of(&statuses, &[201]);
    let rounds = i64::try_from(*ROUNDS).unwrap();
    assert_eq!((app.count("sources").await, app.count("documents").await), (2 * rounds, rounds));
}

#[actix_web::test]
async fn a_source_is_shown_exactly_while_something_public_refers_to_it() {
    let app = app().await;
    let mut statements = Vec::new();
    for number in 0..*ROUNDS {
        for (name, status) in [("one", "published"), ("two", "draft")] {
            statements.push(json!({"ref": format!("{name}{number}"), "claim_id": "#c", "source_id": format!("#s{number}"), "stance": "asserts", "status": status}));
        }
    }
    let sources: Vec<_> = (0..*ROUNDS)
        .map(|n| json!({"ref": format!("s{n}"), "kind": "unnamed", "name": "a diplomat", "affiliation_id": "#body"}))
        .chain([json!({"ref": "body", "kind": "organization", "name": "Body"})])
        .collect();
    let story = json!({"sources": sources, "statements": statements,
        "claims": [{"ref": "c", "text": "A claim.", "language": "en", "status": "published"}]});
    let ids = record(&app.editor, &story).await;
    let withdrawn = json!({"status": "withdrawn", "withdrawn_reason": "wrong"});
    let statuses = race(async |round| {
        let path = |name: &str| format!("/v1/statements/{}", named(&ids, name, round));
        let (hidden, shown) = futures_util::join!(
            patch(&app.editor, path("one"), withdrawn.clone()),
            patch(&app.editor, path("two"), json!({"status": "published"}))
        );
        vec![hidden, shown]
    })
    .await;
    all_of(&statuses, &[200, 503]);
    let wrong = "SELECT count(*) FROM sources WHERE public <> (EXISTS (SELECT FROM statements WHERE source_id = sources.id AND public)
        OR EXISTS (SELECT FROM sources part WHERE part.affiliation_id = sources.id AND part.public))";
    assert_eq!(number(&app, wrong).await, 0);
}

#[actix_web::test]
async fn two_admins_who_demote_each_other_leave_one() {
    let app = app().await;
    let members = app.admin.get("/v1/members").await;
    let first =
        members.items().iter().find(|member| member["role"] == "admin").unwrap()["id"].as_str().unwrap().to_owned();
    let second = app.admin.id_of_new("members", json!({"name": "Second", "role": "admin"})).await;
    let key = app.admin.create("api-keys", json!({"member_id": second, "name": "test"})).await;
    let client = app.with_key(key["key"].as_str().unwrap());
    let sql = app.sql().await;
    for _ in 0..*ROUNDS {
        let demote = async |client: &Client, id: &str| {
            let path = format!("/v1/members/{id}");
            let request = client.request(Method::PATCH, &path).header("if-match", "*").json(&json!({"role": "reader"}));
            client.send(request).await.status
        };
        let (one, other) = futures_util::join!(demote(&app.admin, &second), demote(&client, &first));
        assert!(
            [200, 403, 409].contains(&one) && [200, 403, 409].contains(&other) && (one, other) != (200, 200),
            "{one} {other}"
        );
        let admins: i64 = sql
            .query_one(
                "SELECT count(*) FROM members WHERE role = 'admin' AND newsroom_id = $1::text::uuid",
                &[&app.newsroom_id.to_string()],
            )
            .await
            .unwrap()
            .get(0);
        assert_eq!(admins, 1);
        sql.execute(
            "UPDATE members SET role = 'admin' WHERE id::text = ANY ($1)",
            &[&vec![first.clone(), second.clone()]],
        )
        .await
        .unwrap();
    }
}

/// Looks at the maker when the key's transaction is about to commit, and takes its time for it.
const WATCH: &str = "
    CREATE TABLE made_by_nobody (key_id uuid);
    CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        PERFORM pg_sleep(0.002);
        IF NOT EXISTS (SELECT FROM api_keys JOIN members ON members.id = member_id
                       WHERE api_keys.name = 'maker' AND revoked_at IS NULL AND role = 'admin') THEN
            INSERT INTO made_by_nobody VALUES (NEW.id);
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER watch AFTER INSERT ON api_keys DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.name = 'made') EXECUTE FUNCTION watch()";

#[actix_web::test]
async fn who_loses_the_role_or_the_key_meanwhile_makes_no_key() {
    let app = app().await;
    let maker = app.admin.id_of_new("members", json!({"name": "Maker", "role": "admin"})).await;
    let key = app.admin.create("api-keys", json!({"member_id": maker, "name": "maker"})).await;
    let client = app.with_key(key["key"].as_str().unwrap());
    let (key, member) = (format!("/v1/api-keys/{}", key["id"].as_str().unwrap()), format!("/v1/members/{maker}"));
    let sql = app.sql().await;
    sql.batch_execute(WATCH).await.unwrap();
    let new = json!({"member_id": maker, "name": "made"});
    let (mut made, mut refused) = (0, 0);
    for round in 0..*ROUNDS {
        // So that either is first now and then, on a busy machine too.
        let (sooner, later) = (Duration::ZERO, Duration::from_micros((round % 16) as u64 * 500));
        let (before_making, before_losing) = if round % 4 < 2 { (later, sooner) } else { (sooner, later) };
        let make = async {
            tokio::time::sleep(before_making).await;
            client.post("/v1/api-keys", &new).await
        };
        let lose = async {
            tokio::time::sleep(before_losing).await;
            if round % 2 == 0 {
                let request = app.admin.request(Method::PATCH, &member).header("if-match", "*");
                app.admin.send(request.json(&json!({"role": "editor"}))).await.expect(200);
            } else {
                app.admin.send(app.admin.request(Method::DELETE, &key)).await.expect(204);
            }
        };
        let (answer, ()) = futures_util::join!(make, lose);
        match answer.status {
            201 => made += 1,
            401 | 403 => refused += 1,
            other => panic!("{other}: {}", answer.text),
        }
        sql.batch_execute("UPDATE members SET role = 'admin' WHERE name = 'Maker'; UPDATE api_keys SET revoked_at = NULL WHERE name = 'maker'").await.unwrap();
    }
    assert_eq!(app.count("made_by_nobody").await, 0);
    assert!(made > 0 && refused > 0, "{made} {refused}");
}
