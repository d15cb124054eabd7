//! What becomes of what an import has made, and people have worked on, when its record comes again.

use serde_json::{Value, json};

use crate::imports::{FALSE, import, map, problems, records, review};
use crate::support::{App, Client};

/// Imports a review; answers what became of it.
async fn send(client: &Client, query: &str, one: &Value) -> Value {
    let done = import(client, "application/json", query, one.to_string()).await;
    records(client, &done).await.remove(0)
}

async fn read(client: &Client, noun: &str, id: &Value) -> Value {
    client.get(&format!("/v1/{noun}/{}", id.as_str().unwrap())).await.expect(200).body
}

#[actix_web::test]
async fn what_was_edited_by_hand_stays() {
    let app = App::start().await;
    let editor = &app.editor;
    let mut one = review(1);
    one["name"] = json!("A headline");
    let made = send(editor, "", &one).await;
    let path = format!("/v1/verdicts/{}", made["verdict_id"].as_str().unwrap());
    editor.patch(&path, &json!({"summary": "By hand", "title": null})).await.expect(200);
    for (date, headline) in [("2024-03-05", "A headline"), ("2024-03-06", "Another headline")] {
        one["datePublished"] = json!(date);
        one["name"] = json!(headline);
        let again = send(editor, "", &one).await;
        assert_eq!(again["outcome"], "updated");
        let told = problems(&again);
        assert!(told.contains("\"summary\": \"was edited by hand since: it stays"), "{told}");
        assert!(told.contains("\"title\": \"was edited by hand since: it stays"), "{told}");
        let verdict = read(editor, "verdicts", &made["verdict_id"]).await;
        assert_eq!(
            (&verdict["summary"], &verdict["title"], &verdict["reviewed_on"]),
            (&json!("By hand"), &Value::Null, &json!(date))
        );
    }
    // Where nothing else differs, nothing is done, and that is said.
    one["name"] = json!("A third headline");
    let again = send(editor, "", &one).await;
    assert_eq!(again["outcome"], "changed", "{again}");
    assert_eq!(send(editor, "", &one).await["outcome"], "unchanged");
}

/// Of what was imported before digests were kept, whatever somebody may have edited stays.
#[actix_web::test]
async fn drafts_of_old_records_are_left_alone_once_edited() {
    let app = App::start().await;
    let editor = &app.editor;
    let made = [send(editor, "", &review(1)).await, send(editor, "", &review(2)).await];
    let edited = format!("/v1/verdicts/{}", made[0]["verdict_id"].as_str().unwrap());
    editor.patch(&edited, &json!({"title": "By hand"})).await.expect(200);
    app.sql().await.batch_execute("UPDATE import_records SET digests = NULL").await.unwrap();
    for (n, (made, date)) in made.iter().zip([review(1)["datePublished"].clone(), json!("2024-03-09")]).enumerate() {
        let mut one = review(n + 1);
        one["datePublished"] = json!("2024-03-09");
        one["name"] = json!("A headline");
        let told = problems(&send(editor, "", &one).await);
        let verdict = read(editor, "verdicts", &made["verdict_id"]).await;
        assert_eq!(verdict["reviewed_on"], date, "{told}");
        assert_eq!(told.contains("\"title\": \"was edited by hand since"), n == 0, "{told}");
        assert_eq!(verdict["title"], if n == 0 { "By hand" } else { "A headline" });
    }
}

/// A review of what a claim no longer says is not one of it.
#[actix_web::test]
async fn a_claim_that_was_edited_takes_no_other_review() {
    let app = App::start().await;
    let admin = &app.admin;
    map(admin, "Bogus", FALSE).await;
    let first = send(admin, "", &review(1)).await;
    let path = format!("/v1/claims/{}", first["claim_id"].as_str().unwrap());
    let mut other = review(1);
    other["url"] = json!("https://others.example/1");
    other["author"]["name"] = json!("Others");
    assert_eq!(send(admin, "", &other).await["claim_id"], first["claim_id"], "it says so still");
    admin.patch(&path, &json!({"text": "The mayor said that the bridge was open"})).await.expect(200);
    admin.act(&format!("{path}/publish")).await.expect(200);
    other["url"] = json!("https://others.example/2");
    let mut ids = vec![];
    for publisher in ["Third", "Fourth"] {
        other["author"]["name"] = json!(publisher);
        ids.push(send(admin, "?publish=true", &other).await["claim_id"].clone());
    }
    assert_ne!(ids[0], first["claim_id"]);
    assert_eq!(ids[0], ids[1], "the next one finds the new claim");
}

#[actix_web::test]
async fn what_belongs_to_the_claim_is_told() {
    let app = App::start().await;
    let mut one = review(1);
    send(&app.editor, "", &one).await;
    one["itemReviewed"] = json!({"author": {"name": "Bob Mayor"}, "datePublished": "2024-02-02", "appearance": "https://posts.example/1"});
    let again = send(&app.editor, "", &one).await;
    let told = problems(&again);
    for member in ["author", "datePublished", "appearance"] {
        let problem = format!("\"itemReviewed/{member}\": \"is another than before");
        assert!(told.contains(&problem), "{member} {told}");
    }
    one["name"] = json!("A headline");
    assert!(!problems(&send(&app.editor, "", &one).await).contains("another than before"), "told once");
}

#[actix_web::test]
async fn drafts_are_published_when_they_come_again() {
    let app = App::start().await;
    let admin = &app.admin;
    map(admin, "Bogus", FALSE).await;
    let (first, second) = (send(admin, "", &review(1)).await, send(admin, "", &review(2)).await);
    let tried = send(admin, "?publish=true&dry_run=true", &review(1)).await;
    assert_eq!(
        (&tried["outcome"], &read(admin, "verdicts", &first["verdict_id"]).await["status"]),
        (&json!("updated"), &json!("draft"))
    );
    assert_eq!(send(admin, "?publish=true", &review(1)).await["outcome"], "updated");
    for (noun, id) in [
        ("claims", &first["claim_id"]),
        ("statements", &first["made"]["statements"][0]),
        ("verdicts", &first["verdict_id"]),
    ] {
        read(&app.anyone, noun, id).await;
    }
    assert_eq!(send(admin, "?publish=true", &review(1)).await["outcome"], "unchanged");
    // What somebody else has begun on the claim is not published with it.
    let source = read(admin, "statements", &second["made"]["statements"][0]).await["source_id"].clone();
    let begun = json!({"claim_id": second["claim_id"], "source_id": source, "stance": "denies"});
    admin.create("statements", begun).await;
    let again = send(admin, "?publish=true", &review(2)).await;
    assert_eq!(again["outcome"], "unchanged");
    assert!(problems(&again).contains("stays a draft: its claim is one"), "{again}");
    assert_eq!(read(admin, "claims", &second["claim_id"]).await["status"], "draft");
}

/// A claimant who is known here by another name, or gets one, is the same.
#[actix_web::test]
async fn what_a_claimant_said_is_published_whatever_their_name_is_here() {
    let app = App::start().await;
    let admin = &app.admin;
    map(admin, "Bogus", FALSE).await;
    let mut one = review(1);
    one["itemReviewed"]["appearance"] = json!("https://posts.example/1");
    send(admin, "?publish=true", &one).await;
    // A second review tells of another place, and is a draft at first.
    (one["author"]["name"], one["url"]) = (json!("Second"), json!("https://second.example/1"));
    one["itemReviewed"]["appearance"] = json!("https://posts.example/2");
    let made = send(admin, "", &one).await;
    let statement = &made["made"]["statements"][0];
    assert_eq!(read(admin, "statements", statement).await["status"], "draft");
    let source = read(admin, "statements", statement).await["source_id"].as_str().unwrap().to_owned();
    admin.patch(&format!("/v1/sources/{source}"), &json!({"name": "Ann B. Mayor"})).await.expect(200);
    send(admin, "?publish=true", &one).await;
    assert_eq!(read(&app.anyone, "statements", statement).await["status"], "published");
    // So they are where the language is told anew.
    (one["author"]["name"], one["url"]) = (json!("Third"), json!("https://third.example/1"));
    one["itemReviewed"]["appearance"] = json!("https://posts.example/3");
    admin.patch(&format!("/v1/sources/{source}"), &json!({"name": "Ann Mayor"})).await.expect(200);
    let made = send(admin, "", &one).await;
    send(admin, "?publish=true&language=fr", &one).await;
    assert_eq!(read(&app.anyone, "statements", &made["made"]["statements"][0]).await["status"], "published");
}

/// Who put a claim forward has done so once, however many review it; but where else is told by whoever knows it.
#[actix_web::test]
async fn a_further_review_repeats_a_statement_only_for_its_place() {
    let app = App::start().await;
    let by = |n: usize, appearance: Option<&str>| {
        let mut one = review(1);
        one["url"] = json!(format!("https://checks{n}.example/1"));
        one["author"] = json!({"@type": "Organization", "name": format!("Checkers {n}")});
        one["itemReviewed"]["appearance"] = json!(appearance);
        one
    };
    let place = "https://posts.example/9";
    let file = json!([by(1, None), by(2, None), by(3, Some(place))]);
    import(&app.editor, "application/json", "", file.to_string()).await;
    let statements = app.editor.walk("/v1/statements").await;
    let [first, second] = &statements[..] else { panic!("{statements:?}") };
    let documents = [first, second].map(|one| one["document_id"].clone());
    let document = documents.iter().find_map(Value::as_str).unwrap();
    assert!(documents.iter().any(Value::is_null), "{documents:?}");
    assert_eq!(app.editor.get(&format!("/v1/documents/{document}")).await.expect(200).body["url"], place);
}

/// Where two reviews name one place, the claimant has said it there once; and what a review adds is published with it.
#[actix_web::test]
async fn a_place_is_told_once_and_published_with_its_review() {
    let app = App::start().await;
    let admin = &app.admin;
    map(admin, "Bogus", FALSE).await;
    let by = |n: usize, appearances: &[&str]| {
        let mut one = review(1);
        one["url"] = json!(format!("https://checks{n}.example/1"));
        one["author"]["name"] = json!(format!("Checkers {n}"));
        one["itemReviewed"]["appearance"] = json!(appearances);
        one
    };
    let (here, there) = ("https://posts.example/1", "https://posts.example/2");
    send(admin, "?publish=true", &by(1, &[here])).await;
    let repeated = send(admin, "?publish=true", &by(2, &["HTTPS://posts.example:443/1"])).await;
    assert_eq!(repeated["made"]["statements"], json!([]), "{repeated}");
    let further = send(admin, "", &by(3, &[here, there])).await;
    let file = json!([by(4, &["https://posts.example/3"]), by(5, &["https://posts.example/3"])]);
    import(admin, "application/json", "?publish=true", file.to_string()).await;
    assert_eq!(app.anyone.walk("/v1/statements").await.len(), 2, "a draft tells nobody");
    let statement = &further["made"]["statements"][0];
    assert_eq!(read(admin, "statements", statement).await["appearances"], json!([]), "of the other place alone");
    assert_eq!(send(admin, "?publish=true", &by(3, &[here, there])).await["outcome"], "updated");
    read(&app.anyone, "statements", statement).await;
    assert_eq!(app.anyone.walk("/v1/statements").await.len(), 3);
    // What is public does not rest on a draft: here the fourth place, of a review whose rating stands for nothing.
    let mut unrated = by(6, &["https://posts.example/4"]);
    unrated["reviewRating"]["alternateName"] = json!("Unheard of");
    let file = json!([unrated, by(7, &["https://posts.example/4"]), by(8, &["https://posts.example/4"])]);
    import(admin, "application/json", "?publish=true", file.to_string()).await;
    assert_eq!(app.anyone.walk("/v1/statements").await.len(), 4);
    // A feed that comes again with one more: what only just became public is told.
    send(admin, "", &by(9, &["https://posts.example/5"])).await;
    send(admin, "", &by(10, &["https://posts.example/5"])).await;
    let grown = json!([by(10, &["https://posts.example/5"]), by(11, &["https://posts.example/5"])]);
    import(admin, "application/json", "?publish=true", grown.to_string()).await;
    assert_eq!(app.anyone.walk("/v1/statements").await.len(), 5);
    // And what a draft told is no news once a public statement tells it.
    map(admin, "Unheard of", FALSE).await;
    assert_eq!(send(admin, "?publish=true", &unrated).await["outcome"], "updated");
    assert_eq!(app.anyone.walk("/v1/statements").await.len(), 5);
}
