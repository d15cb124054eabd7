//! Searches that take too long, and what keeps them short.

use futures_util::future::join_all;
use serde_json::json;

use crate::matching::{publish, told};
use crate::support::App;

/// What takes too long is cut off and says so, wherever words are looked for.
#[actix_web::test]
async fn what_takes_too_long_is_cut_off() {
    let app = App::start().await;
    let slow = "CREATE OR REPLACE FUNCTION term_in(config regconfig, term text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(9); RETURN ''; END $$;
         CREATE OR REPLACE FUNCTION words_of(config regconfig, said text) RETURNS tsvector LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(9); RETURN ''; END $$";
    let sql = app.sql().await;
    sql.batch_execute(slow).await.unwrap();
    sql.batch_execute("INSERT INTO search_languages SELECT 'english' ON CONFLICT DO NOTHING").await.unwrap();
    let anyone = &app.anyone;
    let paths = ["claims", "search", "sources", "documents", "suggest"].map(|list| format!("/v1/{list}?q=secret%20ta"));
    let asked = paths.iter().map(|path| anyone.get(path));
    let text = json!({"text": "Secret talks"});
    let batch = json!({"items": [text]});
    let matched =
        [("/v1/claims/match", &text), ("/v1/claims/match/batch", &batch)].map(|(path, body)| anyone.post(path, body));
    let answers = futures_util::join!(join_all(asked), join_all(matched));
    for answer in answers.0 {
        assert!(answer.expect(422).body["type"].as_str().unwrap().ends_with("#too-much"));
    }
    for answer in answers.1 {
        assert_eq!(answer.status, 422, "{}", answer.body);
    }
}

/// A word that few claims have finds them, where thousands share a pair of frequent ones with the text.
#[actix_web::test]
async fn a_rare_word_is_not_lost_behind_frequent_ones() {
    let app = App::start().await;
    let many = format!(
        "INSERT INTO claims (id, newsroom_id, text, language, status)
         SELECT new_uuid_v7(), '{}', format('Flooded highways %s', n), 'en', 'published' FROM generate_series(1, 3100) AS n",
        app.newsroom_id
    );
    app.sql().await.batch_execute(&many).await.unwrap();
    let rare = "A zebra walked along in Houston";
    publish(&app.editor, rare, "en").await;
    app.words_counted().await;
    let found = told(&app.anyone, json!({"text": "On flooded highways a zebra walked", "limit": 100})).await;
    assert!(found.iter().any(|one| one.0 == rare), "{:?}", &found[..3]);
}

/// Texts without a letter or digit are not the same text.
#[actix_web::test]
async fn marks_alone_match_nothing() {
    let app = App::start().await;
    for text in ["…", "?!"] {
        publish(&app.editor, text, "en").await;
    }
    for text in ["…", "?", "--"] {
        assert!(told(&app.anyone, json!({"text": text})).await.is_empty(), "{text}");
    }
}
