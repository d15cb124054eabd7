//! A browser without a window, driven as a person would drive it.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use nix::unistd::Uid;
use reqwest::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::{SOON, until};

/// A browser with a profile of its own. It and its driver end when this is dropped.
pub struct Browser {
    driver: Driver,
    page: Client,
}

struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut driver = Command::new("chromedriver");
        driver.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = driver.spawn().unwrap_or_else(|error| panic!("chromedriver (script/setup --test): {error}"));
        Self { process, port }
    }

    /// Asks it to end its browsers and itself.
    fn shut_down(&mut self) -> io::Result<()> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        connection.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let asked = Instant::now();
        while self.process.try_wait()?.is_none() && asked.elapsed() < SOON {
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Killed at once it would leave the browser behind.
        let _ = self.shut_down();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the browser has written to its console, which WebDriver itself does not tell.
#[derive(Debug)]
struct Console;

impl WebDriverCompatibleCommand for Console {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"type": "browser"}).to_string()))
    }
}

impl Browser {
    pub async fn start() -> Self {
        Self::start_in(false).await
    }

    /// One that asks pages to be light or dark.
    pub async fn start_in(dark: bool) -> Self {
        let driver = Driver::start();
        let scheme =
            if dark { "--blink-settings=preferredColorScheme=0" } else { "--blink-settings=preferredColorScheme=1" };
        let mut arguments = vec!["--headless=new", "--disable-dev-shm-usage", "--window-size=1300,1000", scheme];
        if Uid::effective().is_root() {
            // Its sandbox is not for root.
            arguments.push("--no-sandbox");
        }
        let wanted = json!({"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}});
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wanted.as_object().unwrap().clone());
        let address = format!("http://127.0.0.1:{}", driver.port);
        let page = until("the browser is there", SOON, async || builder.connect(&address).await.ok()).await;
        Self { driver, page }
    }

    pub async fn open(&self, url: &str) {
        self.page.goto(url).await.unwrap();
    }

    pub async fn resize(&self, width: u32, height: u32) {
        self.page.set_window_size(width, height).await.unwrap();
    }

    pub async fn reload(&self) {
        self.page.refresh().await.unwrap();
    }

    pub async fn address(&self) -> String {
        self.page.current_url().await.unwrap().into()
    }

    /// The element when it is there to be seen.
    pub async fn see(&self, css: &str) -> Element {
        until(css, SOON, async || {
            let element = self.page.find(Locator::Css(css)).await.ok()?;
            element.is_displayed().await.ok()?.then_some(element)
        })
        .await
    }

    /// Clicks what may still be moving.
    pub async fn click(&self, css: &str) {
        until(&format!("a click on {css}"), SOON, async || self.see(css).await.click().await.ok()).await;
    }

    /// The element's text when it has one.
    pub async fn text(&self, css: &str) -> String {
        let text = async || self.see(css).await.text().await.ok().filter(|text| !text.is_empty());
        until(&format!("a text in {css}"), SOON, text).await
    }

    pub async fn shows(&self, css: &str) -> bool {
        !self.page.find_all(Locator::Css(css)).await.unwrap().is_empty()
    }

    /// What a script answers.
    pub async fn ask(&self, script: &str) -> Value {
        self.page.execute(script, vec![]).await.unwrap()
    }

    /// Goes into the only frame of the page, whatever its sandbox.
    pub async fn enter_frame(&self) {
        self.page.enter_frame(0).await.unwrap();
    }

    pub async fn leave_frame(&self) {
        self.page.enter_parent_frame().await.unwrap();
    }

    /// The errors on its console, such as what Content-Security-Policy has refused.
    pub async fn complaints(&self) -> Vec<Value> {
        let said = self.page.issue_cmd(Console).await.unwrap();
        said.as_array().unwrap().iter().filter(|entry| entry["level"] == "SEVERE").cloned().collect()
    }

    pub async fn close(self) {
        self.page.close().await.unwrap();
        drop(self.driver);
    }
}

/// Deque's axe, which finds what keeps people from reading a page. It is licensed under the MPL 2.0, and goes into no program.
pub fn axe() -> &'static str {
    include_str!("axe.min.js")
}
