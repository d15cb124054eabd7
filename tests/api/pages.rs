//! The shell sessions of README.md and API.md, run as a reader would paste them, and what the pages say is printed.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::postgres::key;
use crate::support::{App, examples};

const README: &str = include_str!("../../README.md");
const API: &str = include_str!("../../API.md");

/// A fenced block of a page: its language and its text.
#[derive(Debug)]
struct Block {
    language: &'static str,
    text: &'static str,
}

fn blocks(page: &'static str) -> Vec<Block> {
    let fenced = page.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).map(|(language, text)| Block { language, text }).collect()
}

/// What one block has printed.
struct Printed {
    block: &'static str,
    out: String,
    /// The block that follows it on the page, where that shows what is printed.
    shown: Option<&'static str>,
}

impl Printed {
    /// The lines that are JSON.
    fn answers(&self) -> Vec<Value> {
        self.out.lines().filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

const MARK: &str = "=== next block ===";

/// Runs the blocks in one session of bash. Lines that only the reader can complete are the test's.
fn run(app: &App) -> Vec<Printed> {
    let story = README.split_once("## Record a story").unwrap().1.split_once(REVIEW).unwrap().0;
    run_all(app, blocks(story).into_iter().chain(blocks(API)).collect())
}

/// The section whose session takes the demo story's draft through review.
const REVIEW: &str = "## Stand by what you published";

fn run_all(app: &App, pages: Vec<Block>) -> Vec<Printed> {
    let mut script = String::new();
    let mut printed = Vec::new();
    for (index, Block { language, text }) in pages.iter().enumerate() {
        if *language != "sh" {
            continue;
        }
        let _ = writeln!(script, "export URL={} KEY={}", app.url, key("desk", "admin"));
        script += &text
            .replace("http://127.0.0.1:8080", &app.url)
            .replace(">talks.svg", ">/dev/null")
            .replace("KEY=onr_…", &format!("KEY={}", key("desk", "admin")));
        // A comment behind a variable says what it holds.
        for (name, _) in text.lines().filter(|line| line.contains("   # ")).filter_map(|line| line.split_once('=')) {
            writeln!(script, "echo \"${name}\"").unwrap();
        }
        writeln!(script, "echo '{MARK}'").unwrap();
        let shown = pages.get(index + 1).filter(|next| next.language != "sh").map(|next| next.text);
        printed.push(Printed { block: text, out: String::new(), shown });
    }
    let ran = Command::new("bash").args(["--norc", "-c", &script]).env("no_proxy", "*").output().unwrap();
    assert!(ran.stderr.is_empty(), "{}", String::from_utf8_lossy(&ran.stderr));
    let out = String::from_utf8(ran.stdout).unwrap();
    let outs: Vec<_> = out.split(&format!("{MARK}\n")).collect();
    assert_eq!(outs.len(), printed.len() + 1, "{out}");
    for (printed, out) in printed.iter_mut().zip(outs) {
        out.clone_into(&mut printed.out);
    }
    printed
}

fn the<'a>(printed: &'a [Printed], words: &str) -> &'a Printed {
    let found: Vec<_> = printed.iter().filter(|one| one.block.contains(words)).collect();
    let [only] = found.as_slice() else { panic!("{} blocks have {words:?}", found.len()) };
    only
}

#[actix_web::test]
async fn the_sessions_on_the_pages_do_what_the_pages_say() {
    let app = App::start().await;
    let printed = run(&app);
    assert!(printed.len() >= 8, "blocks are missing");

    let recorded = the(&printed, "ANSWER=$(curl").answers();
    assert_eq!(
        recorded[0]["created"],
        json!({"sources": 3, "documents": 1, "claims": 3, "statements": 3, "verdicts": 0})
    );
    let published = the(&printed, "/publish");
    assert!(published.out.contains(r#""published":{"claims":3,"statements":3}"#), "{}", published.out);
    let shown = published.shown.unwrap();
    assert!(shown.contains("summary_line") && published.out.ends_with(shown), "{}", published.out);

    let source = the(&printed, "Maria Zakharova").answers();
    assert_eq!(source[0]["name"], "Maria Zakharova");
    let changed = the(&printed, "-X PATCH");
    let (answer, etag) = changed.out.trim_end().split_once('\n').unwrap();
    let (_, promised) = changed.block.lines().next().unwrap().split_once("   # ").unwrap();
    assert_eq!(etag, promised);
    assert_eq!(serde_json::from_str::<Value>(answer).unwrap()["place"], "Istanbul");
    for list in the(&printed, "stance=disputes").answers() {
        assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list:#}");
    }
    let record = the(&printed, "/record");
    assert!(
        record.out.starts_with("\"statements\":2,\"by_stance\":{\"confirms\":1,\"disputes\":1}\n"),
        "{}",
        record.out
    );
    let repeated = the(&printed, "Idempotency-Key").out.to_lowercase().replace('\r', "");
    let lines: Vec<_> = repeated.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.contains("201")).count(), 2, "{repeated}");
    assert_eq!(lines.iter().filter(|line| **line == "idempotency-replayed: true").count(), 1, "{repeated}");
    let mut places: Vec<_> = lines.iter().filter(|line| line.starts_with("location")).collect();
    places.dedup();
    assert_eq!(places.len(), 1, "{repeated}");

    let refused = the(&printed, "Нет");
    let (mut answer, mut shown) = (refused.answers().remove(0), json(refused.shown.unwrap()).remove(0));
    for problem in [&mut answer, &mut shown] {
        assert_eq!(problem["instance"].take().as_str().unwrap().len(), 36);
    }
    assert_eq!(answer, shown);
    let bundle = the(&printed, "#mitchel");
    assert_eq!(bundle.answers()[0]["errors"], json!(json(bundle.shown.unwrap())));
    // No session left anything but what it is about.
    assert_eq!((app.count("claims").await, app.count("sources").await), (4, 4));
}

/// The JSON values that a page shows, one after the other.
fn json(shown: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(shown).into_iter().map(Result::unwrap).collect()
}

#[actix_web::test]
async fn the_demo_storys_draft_goes_through_review_and_correction_as_the_page_says() {
    let app = App::demo().await;
    let section = README.split_once(REVIEW).unwrap().1.split_once("\n## ").unwrap().0;
    let printed = run_all(&app, blocks(section));
    assert_eq!(printed.len(), 2);
    for Printed { block, out, shown } in printed {
        assert_eq!(Some(out.as_str()), shown, "{block}");
    }
}

/// What the demo's claim rests on, as the README shows it; its picture is compared in `pictures`.
#[actix_web::test]
async fn the_readmes_walk_to_the_origins_prints_what_it_shows() {
    let app = App::demo().await;
    let section = README.split_once("## On whose word").unwrap().1.split_once("\n## ").unwrap().0;
    let printed = run_all(&app, blocks(section));
    assert_eq!(printed.len(), 1);
    assert_eq!(Some(printed[0].out.as_str()), printed[0].shown);
}

/// A review that is imported from a page is told to a webhook, and read by clients of Google's API and by readers of feeds.
#[actix_web::test]
async fn what_comes_in_goes_out_as_the_readme_says() {
    let app = App::demo().await;
    let section = README.split_once("## Everywhere it is needed").unwrap().1.split_once("\n## ").unwrap().0;
    // What is installed on first use is told of.
    examples::run("google_client.py", &[&app.url, "talks"]).await;
    let printed = run_all(&app, blocks(section));
    assert_eq!(printed.len(), 3);
    for Printed { block, out, shown } in printed {
        assert_eq!(Some(out.as_str()), shown, "{block}");
    }
}
