//! A real OpenID provider, glewlwyd, with users who sign in as people do: with a password, and a code for the tokens.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use reqwest::{Method, RequestBuilder, Response, redirect::Policy};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

use super::{Process, SOON, until};

/// The client that OnRecord's users come by.
pub const CLIENT: &str = "onrecord";
const CALLBACK: &str = "http://127.0.0.1/callback";
const PASSWORD: &str = "correct horse battery staple";

/// The provider, which is three issuers: each signs with a key of its own kind. It ends when this is dropped.
pub struct Provider {
    process: Option<Process>,
    folder: TempDir,
    url: String,
    http: reqwest::Client,
    admin: String,
    private: BTreeMap<&'static str, Vec<u8>>,
}

/// How each issuer signs: its name, what the provider calls its key, and how openssl makes one.
const ISSUERS: [(&str, &str, &[&str]); 3] = [
    ("rs256", "rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ("es256", "ecdsa", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("eddsa", "eddsa", &["-algorithm", "ED25519"]),
];

/// Where script/setup has unpacked it; none where the system has it.
fn unpacked() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools").join("provider");
    folder.join("usr/bin/glewlwyd").exists().then_some(folder)
}

/// A program of the provider's, which finds its libraries.
fn program(name: &str) -> Command {
    let Some(folder) = unpacked() else { return Command::new(name) };
    let own = folder.join("usr/bin").join(name);
    let mut command = Command::new(if own.exists() { own } else { name.into() });
    let libraries = std::fs::read_dir(folder.join("usr/lib")).unwrap().map(|entry| entry.unwrap().path());
    let libraries: Vec<_> = libraries.filter(|path| path.to_str().unwrap().contains("-linux-")).collect();
    command.env("LD_LIBRARY_PATH", std::env::join_paths(libraries).unwrap());
    command
}

impl Provider {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let root = unpacked().unwrap_or_else(|| "/".into());
        make_database(&root, folder.path()).await;
        let config = configuration(&root, folder.path(), port);
        std::fs::write(folder.path().join("config"), config).unwrap();
        let mut command = program("glewlwyd");
        command.arg("--config-file").arg(folder.path().join("config"));
        let mut process = Process::start(command, "");
        let url = format!("http://127.0.0.1:{port}/api");
        // A proxy that the environment names leads nowhere from here.
        let http = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        until("the provider answers", SOON, async || {
            assert!(process.runs(), "it has ended: {}{}", process.out(), process.err());
            http.get(format!("{url}/auth/")).send().await.ok()
        })
        .await;
        let mut provider =
            Self { process: Some(process), folder, url, http, admin: String::new(), private: BTreeMap::new() };
        provider.admin = provider.session("admin", "password").await;
        provider.configure().await;
        provider
    }

    async fn configure(&mut self) {
        for (name, kind, make) in ISSUERS {
            let private = openssl(&[&["genpkey"], make].concat(), b"").await;
            let public = openssl(&["pkey", "-pubout"], &private).await;
            let text = |pem: &[u8]| String::from_utf8(pem.to_vec()).unwrap();
            let issuer = json!({"module": "oidc", "name": name, "display_name": name, "enabled": true, "parameters": {
                "iss": self.issuer(name), "jwt-type": kind, "jwt-key-size": "256", "key": text(&private), "cert": text(&public),
                "access-token-duration": 3600, "refresh-token-duration": 1_209_600, "code-duration": 600,
                "refresh-token-rolling": true, "allow-non-oidc": false, "auth-type-code-enabled": true,
                "auth-type-token-enabled": false, "auth-type-id-token-enabled": true, "auth-type-password-enabled": false,
                "auth-type-client-enabled": false, "auth-type-refresh-enabled": true, "subject-type": "public",
                "jwks-show": true, "name-claim": "mandatory",
                "claims": [{"name": "groups", "type": "string", "mandatory": true, "user-property": "groups"}]}});
            self.administer(Method::POST, "/mod/plugin/", &issuer).await;
            self.private.insert(name, private);
        }
        let client = json!({"client_id": CLIENT, "name": CLIENT, "confidential": true, "client_secret": PASSWORD,
            "token_endpoint_auth_method": ["client_secret_basic"], "redirect_uri": [CALLBACK],
            "authorization_type": ["code", "id_token"], "scope": ["openid"], "enabled": true});
        self.administer(Method::POST, "/client/", &client).await;
    }

    /// What one of its issuers (`rs256`, `es256`, `eddsa`) calls itself.
    pub fn issuer(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }

    /// The id of an issuer's key, as it publishes it.
    pub async fn key_id(&self, issuer: &str) -> String {
        let keys: Value =
            self.http.get(format!("{}/{issuer}/jwks", self.url)).send().await.unwrap().json().await.unwrap();
        keys["keys"][0]["kid"].as_str().unwrap().to_owned()
    }

    /// An issuer's own private key: with it, tokens can be made that only their contents tell from its.
    pub fn private_key(&self, issuer: &str) -> (Algorithm, EncodingKey) {
        let pem = &self.private[issuer];
        match issuer {
            "rs256" => (Algorithm::RS256, EncodingKey::from_rsa_pem(pem).unwrap()),
            "es256" => (Algorithm::ES256, EncodingKey::from_ec_pem(pem).unwrap()),
            _ => (Algorithm::EdDSA, EncodingKey::from_ed_pem(pem).unwrap()),
        }
    }

    /// An issuer's public key in PEM.
    pub async fn public_key(&self, issuer: &str) -> Vec<u8> {
        openssl(&["pkey", "-pubout"], &self.private[issuer]).await
    }

    pub async fn add_user(&self, name: &str, groups: &[&str]) {
        self.administer(Method::POST, "/user/", &user(name, groups)).await;
    }

    pub async fn change_groups(&self, name: &str, groups: &[&str]) {
        self.administer(Method::PUT, &format!("/user/{name}"), &user(name, groups)).await;
    }

    /// Signs a user in by the authorization code flow; the ID token.
    pub async fn sign_in(&self, issuer: &str, user: &str) -> String {
        let session = self.session(user, PASSWORD).await;
        let granted = self.request(Method::PUT, &format!("/auth/grant/{CLIENT}")).header("cookie", &session);
        done(granted.json(&json!({"scope": "openid"}))).await;
        let query = format!(
            "response_type=code&g_continue&client_id={CLIENT}&redirect_uri={}&scope=openid&state=s&nonce=n",
            CALLBACK.replace(':', "%3A").replace('/', "%2F")
        );
        let asked = self.request(Method::GET, &format!("/{issuer}/auth?{query}")).header("cookie", &session);
        let answer = asked.send().await.unwrap();
        let sent_to: url::Url = answer.headers()["location"].to_str().unwrap().parse().unwrap();
        let code = sent_to.query_pairs().find(|(name, _)| name == "code");
        let code = code.unwrap_or_else(|| panic!("no code in {sent_to}")).1.into_owned();
        let form = format!("grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}&client_id={CLIENT}");
        let asked = self.request(Method::POST, &format!("/{issuer}/token")).basic_auth(CLIENT, Some(PASSWORD));
        let asked = asked.header("content-type", "application/x-www-form-urlencoded").body(form);
        let tokens: Value = done(asked).await.json().await.unwrap();
        tokens["id_token"].as_str().unwrap().to_owned()
    }

    /// Ends it without warning.
    pub async fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.signal(nix::sys::signal::Signal::SIGKILL);
            process.ended().await;
        }
        assert!(self.folder.path().exists());
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    async fn session(&self, user: &str, password: &str) -> String {
        let asked = self.request(Method::POST, "/auth/").json(&json!({"username": user, "password": password}));
        let answer = done(asked).await;
        answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    async fn administer(&self, method: Method, path: &str, body: &Value) {
        done(self.request(method, path).header("cookie", &self.admin).json(body)).await;
    }
}

async fn done(request: RequestBuilder) -> Response {
    let answer = request.send().await.unwrap();
    let (status, url) = (answer.status(), answer.url().clone());
    if status == 200 {
        return answer;
    }
    panic!("{url} answered {status}: {}", answer.text().await.unwrap());
}

fn user(name: &str, groups: &[&str]) -> Value {
    json!({"username": name, "name": format!("{name} of the desk"), "password": PASSWORD, "scope": ["openid", "g_profile"],
        "groups": groups, "enabled": true})
}

/// What is in a token, unchecked.
pub fn claims(token: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

async fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(arguments);
    Process::start(command, std::str::from_utf8(input).unwrap()).ended().await.done().into_bytes()
}

/// Its tables and its administrator, and users who are in groups.
async fn make_database(root: &Path, folder: &Path) {
    let tables = std::fs::read_to_string(root.join("usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")).unwrap();
    let groups = json!({"use-glewlwyd-connection": true, "data-format": {"groups": {"multiple": true, "read": true,
        "write": true, "profile-read": true, "profile-write": false}}});
    let sql = format!("{tables};\nUPDATE g_user_module_instance SET gumi_parameters = '{groups}';");
    let mut command = program("sqlite3");
    command.arg(folder.join("users"));
    Process::start(command, &sql).ended().await.done();
}

fn configuration(root: &Path, folder: &Path, port: u16) -> String {
    let modules = root.join("usr/lib/glewlwyd");
    let none = folder.join("none");
    std::fs::create_dir(&none).unwrap();
    format!(
        "port = {port}\nbind_address = \"127.0.0.1\"\nexternal_url = \"http://127.0.0.1:{port}\"\nlogin_url = \"login.html\"\n\
         api_prefix = \"api\"\nlog_mode = \"console\"\nlog_level = \"WARNING\"\ncookie_domain = \"127.0.0.1\"\ncookie_secure = 0\n\
         admin_scope = \"g_admin\"\nprofile_scope = \"g_profile\"\nhash_algorithm = \"SHA512\"\n\
         user_module_path = \"{0}/user\"\nuser_middleware_module_path = \"{1}\"\nclient_module_path = \"{0}/client\"\n\
         user_auth_scheme_module_path = \"{0}/scheme\"\nplugin_module_path = \"{0}/plugin\"\n\
         database = {{ type = \"sqlite3\" path = \"{2}\" }};\n",
        modules.display(),
        none.display(),
        folder.join("users").display()
    )
}
