//! Tables whose rows, headings or encoding are not what they seem, and markup hidden in comments.

use serde_json::json;

use crate::imports::{FALSE, import, map, outcomes, problems, records, review};
use crate::support::App;

const SAID: &str = "The bridge over the river was closed by the government";

#[actix_web::test]
async fn rows_that_are_shifted_are_told_and_stay_drafts() {
    let app = App::start().await;
    let admin = &app.admin;
    map(admin, "Bogus", FALSE).await;
    let table = format!(
        "claim,url,rating,publisher,date\n{SAID} in March,https://a.example/1,Bogus,A,2024-03-02,more\n{SAID} in April,https://a.example/2,Bogus,A\n\
         {SAID} in May,https://a.example/3,Bogus,A,2024-03-02,,\n{SAID} in June,https://a.example/4,Bogus,A,2024-03-02\n"
    );
    let done = import(admin, "text/csv", "?publish=true", table).await;
    let made = records(admin, &done).await;
    let told: Vec<String> = made.iter().map(problems).collect();
    assert!(told[0].contains("has 6 cells where the headings are 5") && told[0].contains("stays a draft"), "{told:?}");
    assert!(told[1].contains("has 4 cells where the headings are 5"), "{told:?}");
    // Blank cells beyond the headings are nobody's.
    assert_eq!((told[2].as_str(), told[3].as_str()), ("", ""));
    for (record, status) in made.iter().zip(["draft", "draft", "published", "published"]) {
        let path = format!("/v1/verdicts/{}", record["verdict_id"].as_str().unwrap());
        assert_eq!(admin.get(&path).await.expect(200).body["status"], status, "{record}");
    }
}

#[actix_web::test]
async fn columns_that_nothing_is_read_from_are_told_once() {
    let app = App::start().await;
    let table = format!(
        "claim,Rating given,url,,Notes\n,,,,\n{SAID},Bogus,https://a.example/1,,x\n{SAID} again,Bogus,https://a.example/2,,x\n"
    );
    let done = import(&app.editor, "text/csv", "", table).await;
    let made = records(&app.editor, &done).await;
    assert_eq!(made[0]["outcome"], "failed");
    assert!(problems(&made[0]).contains("columns that nothing is read from: Rating given, Notes."), "{}", made[0]);
    assert!(!problems(&made[1]).contains("columns"), "{}", made[1]);
}

/// Whoever adds a row to a table has not changed the one that was the last.
#[actix_web::test]
async fn a_row_added_changes_none_before_it() {
    let app = App::start().await;
    let table = format!("claim,url,rating,publisher\r\n{SAID},https://a.example/1,Bogus,A");
    import(&app.editor, "text/csv", "", table.clone()).await;
    let longer = format!("{table}\r\n{SAID} again,https://a.example/2,Bogus,A\r\n");
    let done = import(&app.editor, "text/csv", "", longer).await;
    let made = records(&app.editor, &done).await;
    assert_eq!((&made[0]["outcome"], &made[1]["outcome"]), (&json!("unchanged"), &json!("created")), "{made:?}");
}

#[actix_web::test]
async fn columns_that_are_not_there_are_told() {
    let app = App::start().await;
    let table = format!("Statement,Link,Verdict\n{SAID},https://a.example/1,Bogus\n");
    let query = "?columns=claim=Statement,url=Link,rating=Veredict,title=Link";
    let done = import(&app.editor, "text/csv", query, table).await;
    let told = problems(&records(&app.editor, &done).await[0]);
    assert!(told.contains("\"rating\": \"is to be read from “Veredict”"), "{told}");
    assert!(told.contains("it has Statement, Link, Verdict"), "{told}");
    assert!(told.contains("\"url\": \"is to be read") || told.contains("\"title\": \"is to be read"), "{told}");
}

#[actix_web::test]
async fn another_encoding_is_told_wherever_it_shows() {
    let app = App::start().await;
    let table =
        format!("claim,url,rating,publisher,r\u{e9}sum\u{e9}\n{SAID},https://a.example/1,R\u{e9}fut\u{e9},A,x\n");
    let latin: Vec<u8> = table.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let done = import(&app.editor, "text/csv", "", latin.clone()).await;
    let told = problems(&records(&app.editor, &done).await[0]);
    assert!(told.contains("\"rating\": \"has characters that cannot be read in this encoding"), "{told}");
    assert!(told.contains("has headings that cannot be read in this encoding"), "{told}");
    let dated =
        "claim,rating,reviewed_on,publisher\nLa fa\u{e7}ade de la mairie a \u{e9}t\u{e9} repeinte,False,2024-03-02,A\n";
    let unreadable: Vec<u8> = dated.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for (kind, stays) in [("text/csv", true), ("text/csv; charset=\"latin1   \"", false)] {
        let done = import(&app.admin, kind, "?publish=true", unreadable.clone()).await;
        let told = problems(&records(&app.admin, &done).await[0]);
        assert_eq!(told.contains("stays a draft: not all of its characters"), stays, "{kind}: {told}");
    }
    let done = import(&app.editor, "text/csv; charset=windows-1252", "", latin).await;
    let told = problems(&records(&app.editor, &done).await[0]);
    assert!(!told.contains("encoding"), "{told}");
}

#[actix_web::test]
async fn markup_hidden_in_comments_is_read() {
    let app = App::start().await;
    let script = |before: &str, n: usize, after: &str| {
        format!("<script type=\"application/ld+json\">{before}{}{after}</script>", json!([review(n)]))
    };
    let page = [
        script("<!--\n", 1, "\n-->"),
        script("//<![CDATA[\n", 2, "\n//]]>"),
        script("\n/* <![CDATA[ */", 3, "/* ]]> */\n"),
        script("<![CDATA[", 4, "]]>"),
    ];
    let done = import(&app.editor, "text/html", "", page.concat()).await;
    assert_eq!(outcomes(&app.editor, &done).await, ["created"; 4]);
}
