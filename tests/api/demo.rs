//! The demo story, read back through the API: the lines of the design's running example, one by one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::App;

struct Demo {
    app: App,
    ids: BTreeMap<String, String>,
}

async fn demo() -> Demo {
    let app = App::start().await;
    let bundle: Value = serde_json::from_str(onrecord::demo::STORY).unwrap();
    let made = app.admin.post("/v1/bundles", &bundle).await.expect(201);
    let ids = serde_json::from_value(made.body["ids"].clone()).unwrap();
    Demo { app, ids }
}

impl Demo {
    fn id(&self, name: &str) -> &str {
        &self.ids[name]
    }

    async fn get(&self, noun: &str, name: &str) -> Value {
        self.app.anyone.get(&format!("/v1/{noun}/{}", self.id(name))).await.expect(200).body
    }

    /// What the public reads of the statements of one source on one claim: their stances.
    async fn stances(&self, source: &str, claim: &str) -> Vec<String> {
        let path = format!("/v1/statements?source_id={}&claim_id={}", self.id(source), self.id(claim));
        let found = self.app.anyone.get(&path).await.expect(200);
        found.items().iter().map(|one| one["stance"].as_str().unwrap().to_owned()).collect()
    }
}

#[actix_web::test]
async fn agenpress_relies_on_politico_which_relies_on_a_diplomat() {
    let demo = demo().await;
    let agenpress = demo.get("statements", "agenpress-reports-talks").await;
    let politico = demo.get("statements", "politico-reports-talks").await;
    let diplomat = demo.get("statements", "diplomat-asserts-talks").await;
    assert_eq!(
        (&agenpress["stance"], &politico["stance"], &diplomat["stance"]),
        (&json!("reports"), &json!("reports"), &json!("asserts"))
    );
    assert_eq!(agenpress["relies_on"][0]["statement_id"], politico["id"]);
    assert_eq!(politico["relies_on"][0]["statement_id"], diplomat["id"]);
    assert_eq!(diplomat["relies_on"], json!([]), "one origin");
    let source = demo.get("sources", "senior-diplomat").await;
    assert_eq!((&source["kind"], &source["name"]), (&json!("unnamed"), &json!("a senior diplomat")));
}

#[actix_web::test]
async fn peskov_confirms_the_meeting_and_disputes_the_article_on_nobodys_word() {
    let demo = demo().await;
    assert_eq!(demo.stances("peskov", "talks").await, ["confirms"]);
    assert_eq!(demo.stances("peskov", "article-accurate").await, ["disputes"]);
    let article = demo.get("claims", "article-accurate").await;
    assert_eq!(article["part_of_id"], json!(demo.id("talks")));
    for name in ["peskov-confirms-meeting", "peskov-disputes-article"] {
        let said = demo.get("statements", name).await;
        assert_eq!((&said["relies_on"], &said["source_id"]), (&json!([]), &json!(demo.id("peskov"))));
        assert_eq!(said["quote_language"], "it");
        assert!(said["translation"].is_string());
    }
}

#[actix_web::test]
async fn the_state_department_declines_to_comment() {
    let demo = demo().await;
    assert_eq!(demo.stances("us-state-department", "talks").await, ["declines_to_comment"]);
    let said = demo.get("statements", "state-department-declines").await;
    assert!(
        said["quote"].as_str().unwrap().to_lowercase().contains("non commentiamo le discussioni diplomatiche private")
    );
}

#[actix_web::test]
async fn an_eu_official_comments_and_an_unnamed_us_official_confirms() {
    let demo = demo().await;
    assert_eq!(demo.stances("eu-official", "talks").await, ["comments"]);
    assert_eq!(demo.stances("us-official", "talks").await, ["confirms"]);
    assert_eq!(demo.get("sources", "us-official").await["kind"], "unnamed");
}

#[actix_web::test]
async fn moscow_denies_that_blinken_and_lavrov_negotiated_which_nobody_asserts() {
    let demo = demo().await;
    assert_eq!(demo.stances("moscow", "blinken-lavrov-negotiated").await, ["denies"]);
    let claim = demo.get("claims", "blinken-lavrov-negotiated").await;
    assert_eq!(claim["event_on"], "2023-03", "known to the month only");
    let on_it = demo.app.anyone.get(&format!("/v1/statements?claim_id={}", demo.id("blinken-lavrov-negotiated"))).await;
    assert_eq!(on_it.items().len(), 1, "nobody asserts it");
    let said = demo.get("statements", "moscow-asserts-on-the-move").await;
    assert!(said["quote"].as_str().unwrap().contains("in movimento"), "{said:#}");
}

#[actix_web::test]
async fn the_armenian_government_asserts_the_number_who_fled() {
    let demo = demo().await;
    assert_eq!(demo.stances("armenian-government", "displaced").await, ["asserts"]);
    assert!(demo.get("claims", "displaced").await["text"].as_str().unwrap().contains("100,000"));
}

#[actix_web::test]
async fn what_the_article_does_not_say_is_not_papered_over() {
    let demo = demo().await;
    let article = demo.get("documents", "agenpress-article").await;
    assert_eq!((&article["url"], &article["title"]), (&Value::Null, &Value::Null));
    assert_eq!((&article["published_on"], &article["language"]), (&json!("2023-10"), &json!("it")));
    let statements = demo.app.anyone.get("/v1/statements?limit=200").await.expect(200);
    let quoted: Vec<_> = statements.items().iter().filter(|one| !one["quote"].is_null()).collect();
    assert!(quoted.len() >= 15);
    for one in &quoted {
        assert_eq!(one["quote_language"], "it");
        assert!(one["quote_kind"].is_string() && one["translation"].is_string(), "{one:#}");
    }
    let verbatim = quoted.iter().filter(|one| one["quote_kind"] == "verbatim").count();
    assert!(verbatim * 2 < quoted.len(), "most are translated or paraphrased");
    let urls = demo.app.anyone.get("/v1/documents?limit=200").await;
    assert!(urls.items().iter().all(|one| one["url"].is_null()), "no address is invented");
}

#[actix_web::test]
async fn the_talks_dossier_says_who_stands_where() {
    let demo = demo().await;
    let path = format!("/v1/claims/{}/dossier", demo.id("talks"));
    let dossier = demo.app.anyone.get(&path).await.expect(200).body;
    let line = dossier["summary_line"].as_str().unwrap();
    for said in [
        "Dmitry Peskov confirms that the meeting took place, disputes that the article is accurate",
        "US State Department declines to comment",
    ] {
        assert!(line.contains(said), "{line}");
    }
    assert!(!line.contains("denies"), "{line}");
    assert_eq!(dossier["positions"]["opposing"], 0, "nobody denies the talks");
    assert!(dossier["positions"]["by_stance"].get("denies").is_none());
    assert!(dossier["parts"].as_array().unwrap().len() >= 8);
    let claims = demo.app.anyone.get("/v1/claims?limit=200").await;
    assert!(claims.items().len() >= 12);
}

/// Of three reports with one origin and two who confirm: the diplomat may be the US official.
#[actix_web::test]
async fn the_talks_have_two_independent_origins() {
    let demo = demo().await;
    let path = format!("/v1/claims/{}/provenance", demo.id("talks"));
    let found = demo.app.anyone.get(&path).await.expect(200).body;
    assert_eq!(found["summary_line"], "2 independent origins support, 0 oppose");
    let findings = &found["findings"];
    let mut spoke: Vec<_> =
        findings["origins"].as_array().unwrap().iter().map(|one| one["source_ids"].clone()).collect();
    spoke.sort_by_key(Value::to_string);
    let mut expected = vec![json!([demo.id("peskov")]), json!([demo.id("us-official")])];
    expected.sort_by_key(Value::to_string);
    assert_eq!(spoke, expected);
    assert_eq!((&findings["single_document"], &findings["single_origin"]), (&json!(true), &json!(false)));
    assert_eq!((&findings["unnamed_only"], &findings["circular"]), (&json!(false), &json!([])));
    let chain =
        ["agenpress-reports-talks", "politico-reports-talks", "diplomat-asserts-talks"].map(|name| demo.id(name));
    assert_eq!(findings["longest_chain"], json!(chain));
    let dossier = demo.app.anyone.get(&format!("/v1/claims/{}/dossier", demo.id("talks"))).await.expect(200).body;
    assert_eq!(
        dossier["provenance"],
        json!({"independent_supporting": 2, "independent_opposing": 0, "single_origin": false, "circular": false, "unnamed_only": false})
    );
}

#[actix_web::test]
async fn verdicts_rest_on_what_the_article_says() {
    let demo = demo().await;
    let verdicts = demo.app.anyone.get("/v1/verdicts?limit=200").await.expect(200);
    assert!(!verdicts.items().is_empty());
    for verdict in verdicts.items() {
        assert!(!verdict["evidence"].as_array().unwrap().is_empty(), "{verdict:#}");
        assert!(verdict["url"].is_null());
    }
}

#[actix_web::test]
async fn what_the_diplomat_said_of_purpose_and_focus_came_by_politico_and_agenpress() {
    let demo = demo().await;
    for claim in ["purpose", "focus"] {
        let (diplomat, politico, agenpress) = (
            demo.get("statements", &format!("diplomat-asserts-{claim}")).await,
            demo.get("statements", &format!("politico-reports-{claim}")).await,
            demo.get("statements", &format!("agenpress-reports-{claim}")).await,
        );
        assert_eq!(agenpress["relies_on"][0]["statement_id"], politico["id"]);
        assert_eq!(politico["relies_on"][0]["statement_id"], diplomat["id"]);
    }
    let focus = demo.get("statements", "diplomat-asserts-focus").await;
    assert!(focus["quote"].as_str().unwrap().contains("cibo e carburante"));
    let tanks = demo.get("statements", "agenpress-reports-tanks-and-troops").await;
    assert!(tanks["quote"].as_str().unwrap().starts_with("inviando carri armati e truppe"));
    let march = demo.get("statements", "agenpress-reports-blinken-lavrov").await;
    assert!(march["quote"].as_str().unwrap().starts_with("A marzo"), "the ground for 2023-03");
}

/// The reading is this project's, of later than the article: no verdict is passed off as one of its month.
#[actix_web::test]
async fn verdicts_say_whose_reading_they_are() {
    let demo = demo().await;
    for verdict in demo.app.anyone.get("/v1/verdicts?limit=200").await.expect(200).items() {
        assert!(verdict["explanation"].as_str().unwrap().contains("OnRecord’s own reading"), "{verdict:#}");
        assert!(verdict["reviewed_on"].as_str().unwrap() > "2023-10");
    }
    let place = demo.get("verdicts", "verdict-day-and-place").await;
    assert_eq!(place["rating_id"], "01890000-0000-7000-8000-000000000302", "unproven: no detail is shown to be wrong");
}

/// Where the Kremlin stands in the region is no part of whether the talks took place.
#[actix_web::test]
async fn the_reason_for_the_talks_is_a_part_of_them_and_the_kremlins_power_is_not() {
    let demo = demo().await;
    assert_eq!(demo.get("claims", "kremlin-power").await["part_of_id"], Value::Null);
    assert_eq!(demo.get("claims", "reason").await["part_of_id"], json!(demo.id("talks")));
}
