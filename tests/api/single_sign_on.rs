//! Bearer tokens of an OpenID provider: a real one, and a stand-in where a real one would not do what is tried.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use onrecord::auth::Role;
use onrecord::oidc::{GroupRole, Oidc, OidcSettings};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{App, CLIENT, Program, Provider, SigningKey, StandIn, claim, claims, with};

/// All of an issuer's users with one of four groups.
pub fn settings(issuer: &str) -> OidcSettings {
    let roles =
        [("readers", Role::Reader), ("checkers", Role::Checker), ("editors", Role::Editor), ("heads", Role::Admin)];
    OidcSettings {
        issuer: Some(issuer.into()),
        audience: Some(CLIENT.into()),
        role_claim: "groups".into(),
        roles: roles.map(|(group, role)| GroupRole { group: group.into(), role }).into(),
        newsroom: None,
        keys_seconds: 600,
        retry_seconds: 30,
    }
}

/// Seconds since 1970, `after` from now.
fn time(after: i64) -> i64 {
    i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap() + after
}

/// A member whom the admin sees, by name.
pub async fn member(app: &App, name: &str) -> Value {
    let members = app.admin.get("/v1/members").await.expect(200);
    let named: Vec<_> = members.items().iter().filter(|member| member["name"] == name).collect();
    assert_eq!(named.len(), 1, "{name} in {}", members.text);
    named[0].clone()
}

#[actix_web::test]
async fn users_sign_in_and_may_do_what_their_groups_say() {
    let provider = Provider::start().await;
    provider.add_user("ann", &["checkers", "readers", "tennis"]).await;
    provider.add_user("ben", &["heads"]).await;
    provider.add_user("cy", &["tennis"]).await;
    for issuer in ["rs256", "es256", "eddsa"] {
        let app = App::signed_in_by(&settings(&provider.issuer(issuer))).await;
        let token = provider.sign_in(issuer, "ann").await;
        let ann = app.with_key(&token);
        ann.get("/v1/members").await.expect(200);
        let draft = ann.create("claims", claim(json!({}))).await;
        assert_eq!(draft["newsroom_id"], app.newsroom_id.to_string());
        let path = format!("/v1/claims/{}", draft["id"].as_str().unwrap());
        app.reader.get(&path).await.expect(200);
        app.other.get(&path).await.expect(404);
        ann.patch(&path, &json!({"status": "published"})).await.problem(403, "the role editor");
        let made = member(&app, "ann of the desk").await;
        assert_eq!(made["role"], "checker", "the highest role counts");
        let subject = format!("{} {}", provider.issuer(issuer), claims(&token)["sub"].as_str().unwrap());
        assert_eq!(made["oidc_subject"], subject);
        let path = format!("/v1/members/{}", made["id"].as_str().unwrap());
        assert!(app.reader.get(&path).await.body["oidc_subject"].is_null(), "it is for admins");

        let ben = app.with_key(&provider.sign_in(issuer, "ben").await);
        let key = json!({"member_id": made["id"], "name": "Laptop"});
        assert_eq!(ben.post("/v1/api-keys", &key).await.expect(201).body["scopes"].as_array().unwrap().len(), 4);
        let cy = app.with_key(&provider.sign_in(issuer, "cy").await);
        cy.get("/v1/claims").await.problem(403, "no role here");

        // The next token says otherwise; the one before is good until it expires.
        provider.change_groups("ann", &["editors"]).await;
        let editor = app.with_key(&provider.sign_in(issuer, "ann").await);
        editor.post("/v1/topics", &json!({"slug": "x"})).await.expect(201);
        assert_eq!(member(&app, "ann of the desk").await["role"], "editor");
        provider.change_groups("ann", &["checkers"]).await;
    }
}

/// A token as the provider would sign it, but for its header and claims.
struct Forge {
    algorithm: Algorithm,
    key: EncodingKey,
    key_id: String,
    claims: Value,
}

impl Forge {
    fn sign(&self, header: impl Fn(&mut Header), changes: &Value) -> String {
        let mut head = Header { kid: Some(self.key_id.clone()), ..Header::new(self.algorithm) };
        header(&mut head);
        encode(&head, &with(self.claims.clone(), changes.clone()), &self.key).unwrap()
    }

    fn claiming(&self, changes: &Value) -> String {
        self.sign(|_| {}, changes)
    }
}

#[actix_web::test]
async fn a_token_that_is_not_the_providers_or_not_for_us_or_not_for_now_is_refused() {
    let provider = Provider::start().await;
    let issuer = provider.issuer("rs256");
    let app = App::signed_in_by(&settings(&issuer)).await;
    let (algorithm, key) = provider.private_key("rs256");
    let good = json!({"iss": issuer, "aud": CLIENT, "sub": "ann", "name": "Ann", "groups": ["editors"],
        "iat": time(0), "nbf": time(0), "exp": time(600)});
    let forge = Forge { algorithm, key, key_id: provider.key_id("rs256").await, claims: good.clone() };
    // What is refused below differs from these in one thing each.
    for token in [
        forge.claiming(&json!({})),
        forge.sign(|header| header.kid = None, &json!({})),
        forge.sign(|header| header.typ = Some("at+jwt".into()), &json!({})),
        forge.claiming(&json!({"aud": ["another", CLIENT], "exp": time(-20), "nbf": time(20), "groups": "readers"})),
    ] {
        app.with_key(&token).get("/v1/members").await.expect(200);
    }
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = |alg: &str| format!("{}.{}.", part(&json!({"alg": alg, "typ": "JWT"})), part(&good));
    let whole = forge.claiming(&json!({}));
    let (body, signature) = whole.rsplit_once('.').unwrap();
    let (_, other_key) = provider.private_key("es256");
    let other =
        Forge { algorithm: Algorithm::ES256, key: other_key, key_id: forge.key_id.clone(), claims: good.clone() };
    let with_public = async |id: &str| {
        let public = EncodingKey::from_secret(&provider.public_key("rs256").await);
        encode(&Header { kid: Some(id.into()), ..Header::new(Algorithm::HS256) }, &good, &public).unwrap()
    };
    let bad = [
        ("must be signed with", with_public(&forge.key_id).await),
        ("must be signed with", forge.sign(|header| header.alg = Algorithm::RS512, &json!({}))),
        ("cannot be read", unsigned("none")),
        ("cannot be read", unsigned("None")),
        ("The token", format!("{body}.")),
        ("The token", format!("{body}.{}", signature.chars().rev().collect::<String>())),
        ("signature is wrong", forged_claims(&whole)),
        ("another audience", forge.claiming(&json!({"aud": "another"}))),
        ("must have exp, iss, aud and sub", forge.claiming(&json!({"aud": null}))),
        ("another issuer", forge.claiming(&json!({"iss": provider.issuer("es256")}))),
        ("another issuer", forge.claiming(&json!({"iss": format!("{issuer}/")}))),
        ("has expired", forge.claiming(&json!({"exp": time(-40)}))),
        ("must have exp", forge.claiming(&json!({"exp": null}))),
        ("must have exp", forge.claiming(&json!({"exp": "never"}))),
        ("not valid yet", forge.claiming(&json!({"nbf": time(60)}))),
        ("no usable sub", forge.claiming(&json!({"sub": ""}))),
        ("must have exp, iss, aud and sub", forge.claiming(&json!({"sub": 7}))),
        ("no usable sub", forge.claiming(&json!({"sub": "x".repeat(256)}))),
        ("does not have", forge.sign(|header| header.kid = Some("another".into()), &json!({}))),
        ("does not have", forge.sign(|header| header.kid = Some("../../../../dev/null".into()), &json!({}))),
        ("does not have", forge.sign(|header| header.kid = Some("http://127.0.0.1/keys".into()), &json!({}))),
        ("does not have", other.claiming(&json!({}))),
        ("neither an ID token nor", forge.sign(|header| header.typ = Some("logout+jwt".into()), &json!({}))),
        ("cannot be read", forge.sign(|header| header.crit = Some(vec!["exp".into()]), &json!({}))),
    ];
    for (complaint, token) in bad {
        let refused = app.with_key(&token).get("/v1/claims").await.problem(401, complaint);
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    }
    // Where it says to find its key, nobody looks.
    let elsewhere = StandIn::start();
    let token = forge.sign(|header| header.jku = Some(format!("{}/keys", elsewhere.url)), &json!({}));
    app.with_key(&token).get("/v1/members").await.expect(200);
    assert_eq!(elsewhere.asked("/keys"), 0);
    // In the address it is no token at all.
    app.anyone.get(&format!("/v1/members?access_token={whole}")).await.expect(400);
    assert_eq!(member(&app, "Ann").await["role"], "editor");
}

/// A good token that says admin in the place of editor.
fn forged_claims(token: &str) -> String {
    let (mut claims, parts) = (claims(token), token.split('.').collect::<Vec<_>>());
    claims["groups"] = json!(["heads"]);
    format!("{}.{}.{}", parts[0], BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2])
}

#[actix_web::test]
async fn while_the_provider_is_away_its_known_keys_are_used_and_new_servers_say_so() {
    let mut provider = Provider::start().await;
    provider.add_user("ann", &["readers"]).await;
    let issuer = provider.issuer("es256");
    let app = App::signed_in_by(&OidcSettings { keys_seconds: 1, retry_seconds: 1, ..settings(&issuer) }).await;
    let token = provider.sign_in("es256", "ann").await;
    app.with_key(&token).get("/v1/members").await.expect(200);
    provider.kill().await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(600)).await;
        app.with_key(&token).get("/v1/members").await.expect(200);
    }
    let fresh = App::signed_in_by(&settings(&issuer)).await;
    let refused = fresh.with_key(&token).get("/v1/claims").await.problem(503, "sign-in provider cannot be reached");
    assert!(refused.header("retry-after").is_some());
    fresh.anyone.get("/v1/claims").await.expect(200);
    fresh.reader.get("/v1/claims").await.expect(200);
}

/// The claims of a good token, but for some.
pub fn good(issuer: &str, changes: Value) -> Value {
    with(json!({"iss": issuer, "aud": CLIENT, "sub": "ann", "groups": ["editors"], "exp": time(600)}), changes)
}

#[actix_web::test]
async fn keys_are_asked_for_when_they_are_needed_and_no_oftener() {
    let (provider, first, second) = (StandIn::start(), SigningKey::first(), SigningKey::second());
    provider.keys(&[&first]);
    // Long enough for a hundred requests on a busy machine.
    let app = App::signed_in_by(&OidcSettings { keys_seconds: 16, retry_seconds: 8, ..settings(&provider.url) }).await;
    assert_eq!(provider.asked("/keys"), 0, "before anybody signs in there is no need");
    let (old, new) = (first.sign(&good(&provider.url, json!({}))), second.sign(&good(&provider.url, json!({}))));
    for _ in 0..50 {
        app.with_key(&old).get("/v1/members").await.expect(200);
    }
    assert_eq!(provider.asked("/keys"), 1);
    provider.keys(&[&first, &second]);
    let unknown = app.with_key(&new);
    join_all((0..50).map(|_| async { unknown.get("/v1/claims").await.problem(401, "does not have") })).await;
    assert_eq!(provider.asked("/keys"), 1, "not so soon after the last time, whatever tokens name");
    tokio::time::sleep(Duration::from_millis(8_100)).await;
    join_all((0..50).map(|_| async { unknown.get("/v1/members").await.expect(200) })).await;
    assert_eq!(provider.asked("/keys"), 2, "many who wait for a new key ask once");
    provider.keys(&[&second]);
    app.with_key(&old).get("/v1/members").await.expect(200);
    tokio::time::sleep(Duration::from_millis(16_100)).await;
    app.with_key(&old).get("/v1/members").await.problem(401, "does not have");
    unknown.get("/v1/members").await.expect(200);
    assert_eq!(provider.asked("/keys"), 3);
}

#[actix_web::test]
async fn a_provider_that_misbehaves_is_not_believed() {
    let key = SigningKey::first();
    let sign_in = async |prepare: fn(&StandIn)| {
        let provider = StandIn::start();
        provider.keys(&[&key]);
        prepare(&provider);
        let app = App::signed_in_by(&settings(&provider.url)).await;
        app.with_key(&key.sign(&good(&provider.url, json!({})))).get("/v1/members").await.status
    };
    assert_eq!(sign_in(|_| {}).await, 200);
    assert_eq!(sign_in(|it| it.keys(&[])).await, 503);
    let issuer =
        |it: &StandIn| it.discovery(&json!({"issuer": format!("{}/", it.url), "jwks_uri": format!("{}/keys", it.url)}));
    assert_eq!(sign_in(issuer).await, 503);
    // Plain HTTP to another machine, a file, and a redirect to where the keys are.
    assert_eq!(sign_in(|it| it.discovery(&json!({"issuer": it.url, "jwks_uri": "http://192.0.2.1/keys"}))).await, 503);
    assert_eq!(sign_in(|it| it.discovery(&json!({"issuer": it.url, "jwks_uri": "file:///etc/passwd"}))).await, 503);
    let redirect = |it: &StandIn| {
        it.discovery(&json!({"issuer": it.url, "jwks_uri": format!("{}/moved", it.url)}));
        it.say_as("/moved", "302 Found", &format!("Location: {}/keys\r\n", it.url), "");
    };
    assert_eq!(sign_in(redirect).await, 503);
    assert_eq!(sign_in(|it| it.say_as("/keys", "200 OK", "", &"[".repeat(2 << 20))).await, 503);
    assert_eq!(sign_in(|it| it.say_as("/keys", "200 OK", "", "<html>")).await, 503);
    assert_eq!(sign_in(|it| it.say_as("/keys", "500 Oops", "", "")).await, 503);
    // A key of a kind that is not known does not hide the others.
    let more = |it: &StandIn| {
        let known =
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "first", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        it.say("/keys", &json!({"keys": [{"kty": "lattice"}, 7, {"kty": "oct", "k": "AAAA", "kid": "first"}, known]}));
    };
    assert_eq!(sign_in(more).await, 200);
    let for_encryption = |it: &StandIn| {
        let known = json!({"kty": "OKP", "crv": "Ed25519", "kid": "first", "use": "enc", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        it.say("/keys", &json!({"keys": [known]}));
    };
    assert_eq!(sign_in(for_encryption).await, 503);
}

#[actix_web::test]
async fn without_a_single_sign_on_a_token_is_no_key() {
    let app = App::start().await;
    let token = SigningKey::first().sign(&good("https://id.example", json!({})));
    app.with_key(&token).get("/v1/claims").await.problem(401, "Bearer onr_");
}

#[actix_web::test]
async fn settings_that_are_not_safe_or_not_whole_are_refused_at_the_start() {
    let new = |change: fn(&mut OidcSettings)| {
        let mut settings = settings("https://id.example/realms/desk");
        change(&mut settings);
        Oidc::new(&settings, Uuid::now_v7()).map(|oidc| oidc.is_some()).map_err(|error| format!("{error:#}"))
    };
    assert_eq!(new(|_| {}), Ok(true));
    assert_eq!(new(|it| it.issuer = None), Ok(false));
    assert!(new(|it| it.audience = None).unwrap_err().contains("ONRECORD_OIDC_AUDIENCE"));
    assert!(new(|it| it.roles.clear()).unwrap_err().contains("ONRECORD_OIDC_ROLES"));
    for bad in ["http://id.example", "http://192.0.2.1", "ftp://id.example", "id.example", "https://id.example/a b"] {
        let mut settings = settings("");
        settings.issuer = Some(bad.into());
        assert!(Oidc::new(&settings, Uuid::now_v7()).is_err(), "{bad}");
    }
}

#[actix_web::test]
async fn the_program_takes_tokens_for_the_newsroom_that_is_named() {
    let (provider, key, program) = (StandIn::start(), SigningKey::first(), Program::new());
    provider.keys(&[&key]);
    let flags =
        ["--oidc-issuer", &provider.url, "--oidc-audience", CLIENT, "--oidc-roles", "editors=editor,heads=admin"];
    let serving = program.serve(&flags).await;
    let token = key.sign(&good(&provider.url, json!({"name": "Ann"})));
    let seen = serving.with_key(&token).get("/v1/members").await.expect(200);
    assert_eq!(seen.items().len(), 2);
    let made: Value = program.run(&["newsrooms", "create", "Second", "--json"]).await.done().parse().unwrap();
    serving.stop().await;
    let several = program.run(&[&["serve", "--listen", "127.0.0.1:0"], &flags[..]].concat()).await;
    several.refused("there are several newsrooms: say with ONRECORD_OIDC_NEWSROOM");
    let second = made["newsroom_id"].as_str().unwrap();
    let serving = program.serve(&[&flags[..], &["--oidc-newsroom", second]].concat()).await;
    let client = serving.with_key(&token);
    let seen = client.get("/v1/members").await.expect(200);
    assert!(seen.items().iter().all(|member| member["newsroom_id"] == second), "{}", seen.text);
    client.send(client.request(Method::GET, "/v1/members")).await.expect(200);
    serving.stop().await;
}
