//! The PostgreSQL of OnRecord's own: made, kept, mended, and never used by two.

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use onrecord::embedded::{self, Embedded, NAME};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use tokio_postgres::NoTls;

use crate::support::{Folder, SOON, postgres, runs, until};

const FAST: &[(&str, &str)] = &[("fsync", "off")];
async fn start(data_dir: &Path) -> Embedded {
    Embedded::start(data_dir, FAST).await.unwrap()
}

/// Why it does not start.
async fn refusal(data_dir: &Path) -> String {
    format!("{:#}", Embedded::start(data_dir, FAST).await.unwrap_err())
}

async fn sql(embedded: &Embedded, statements: &str) {
    postgres::connect(&embedded.url(NAME)).await.batch_execute(statements).await.unwrap();
}

/// The one row's one value.
async fn value(embedded: &Embedded, query: &str) -> String {
    postgres::connect(&embedded.url(NAME)).await.query_one(query, &[]).await.unwrap().get(0)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[actix_web::test]
async fn a_first_start_makes_a_cluster_and_the_next_ones_keep_its_data() {
    let folder = Folder::new();
    let data_dir = folder.path().join("a b,c\"d%e/data");
    let first = start(&data_dir).await;
    sql(&first, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('here')").await;
    let pid = first.postmaster_pid().unwrap();
    assert!(runs(pid));
    first.stop().await.unwrap();
    assert!(!runs(pid));
    assert_eq!(names(&data_dir), ["onrecord.lock", "pg", "postgres.log"]);
    assert!(!data_dir.join("pg/postmaster.pid").exists());

    let second = start(&data_dir).await;
    assert_ne!(second.postmaster_pid(), Some(pid));
    assert_eq!(value(&second, "SELECT word FROM kept").await, "here");
    second.stop().await.unwrap();
}

#[actix_web::test]
async fn the_cluster_is_closed_to_others_and_sorts_alike_everywhere() {
    let folder = Folder::new();
    let embedded = start(&folder.data_dir()).await;
    assert_eq!(value(&embedded, "SHOW listen_addresses").await, "");
    assert_eq!(value(&embedded, "SHOW data_checksums").await, "on");
    assert_eq!(value(&embedded, "SHOW server_encoding").await, "UTF8");
    assert_eq!(value(&embedded, "SELECT lower('ÄÖ')").await, "äö");
    assert_eq!(
        value(&embedded, "SELECT string_agg(c, '' ORDER BY c) FROM unnest('{b,A,a,B}'::text[]) c").await,
        "ABab"
    );
    let mode = |name: &str| fs::metadata(folder.data_dir().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("run"), mode("pg"), mode("postgres.log")), (0o700, 0o700, 0o600));
    embedded.stop().await.unwrap();
}

#[actix_web::test]
async fn a_killed_server_is_started_again_with_its_data() {
    let folder = Folder::new();
    let embedded = start(&folder.data_dir()).await;
    sql(&embedded, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('here')").await;
    for _ in 0..2 {
        // A session amid work does not notice the end of its server for a while: a second, however slow the machine.
        let session = postgres::connect(&embedded.url(NAME)).await;
        let work = "DO $$ DECLARE began timestamptz := clock_timestamp(); BEGIN
            WHILE clock_timestamp() < began + interval '1 second' LOOP END LOOP; END $$";
        actix_web::rt::spawn(async move { session.batch_execute(work).await });
        let killed = embedded.postmaster_pid().unwrap();
        kill(Pid::from_raw(killed.cast_signed()), Signal::SIGKILL).unwrap();
        until("another server", SOON, async || embedded.postmaster_pid().filter(|pid| *pid != killed)).await;
        let url = embedded.url(NAME);
        until("it takes connections", SOON, async || tokio_postgres::connect(&url, NoTls).await.ok().map(drop)).await;
        assert_eq!(value(&embedded, "SELECT word FROM kept").await, "here");
    }
    embedded.stop().await.unwrap();
    assert_eq!(folder.postmaster(), None);
}

#[actix_web::test]
async fn only_one_at_a_time_has_a_folder() {
    let folder = Folder::new();
    let data_dir = folder.data_dir();
    let (one, other) = tokio::join!(Embedded::start(&data_dir, FAST), Embedded::start(&data_dir, FAST));
    let (started, refused) = match (one, other) {
        (Ok(started), Err(refused)) | (Err(refused), Ok(started)) => (started, refused.to_string()),
        both => panic!("{both:?}"),
    };
    let sentence = "another OnRecord is using the data directory";
    assert!(refused.contains(sentence) && refused.contains(data_dir.to_str().unwrap()), "{refused}");
    assert!(refusal(&data_dir).await.contains(sentence));
    assert_eq!(value(&started, "SELECT 'well'").await, "well");
    started.stop().await.unwrap();
}

#[actix_web::test]
async fn others_are_told_the_address_while_it_runs() {
    let folder = Folder::new();
    let data_dir = folder.data_dir();
    assert_eq!(embedded::running(&data_dir).unwrap(), None);
    let embedded = start(&data_dir).await;
    assert_eq!(embedded::running(&data_dir).unwrap(), Some(embedded.url(NAME)));
    // Having been asked has not taken it away.
    assert_eq!(embedded::running(&data_dir).unwrap(), Some(embedded.url(NAME)));
    postgres::connect(&embedded.url(NAME)).await.batch_execute("SELECT 1").await.unwrap();
    embedded.stop().await.unwrap();
    assert_eq!(embedded::running(&data_dir).unwrap(), None);
}

#[actix_web::test]
async fn what_a_killed_first_start_has_left_is_cleared_away() {
    let folder = Folder::new();
    let data_dir = folder.data_dir();
    let unfinished = data_dir.join("pg.partial.4194303");
    fs::create_dir_all(unfinished.join("base/1")).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    fs::write(unfinished.join("base/1/1259"), [0; 100]).unwrap();
    fs::write(data_dir.join("onrecord.lock"), "").unwrap();
    fs::set_permissions(&data_dir, Permissions::from_mode(0o711)).unwrap();
    let embedded = start(&data_dir).await;
    assert_eq!(value(&embedded, "SELECT 'well'").await, "well");
    embedded.stop().await.unwrap();
    assert_eq!(names(&data_dir), ["onrecord.lock", "pg", "postgres.log"]);
}

/// A process that has nothing to do with it.
struct Bystander(Child);

impl Drop for Bystander {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[actix_web::test]
async fn a_stale_pid_file_neither_stops_a_start_nor_costs_a_bystander_its_life() {
    let folder = Folder::new();
    let data_dir = folder.data_dir();
    start(&data_dir).await.stop().await.unwrap();
    let bystander = Bystander(Command::new("sleep").arg("1000").spawn().unwrap());
    let cluster = data_dir.canonicalize().unwrap().join("pg");
    let file = |pid: u32| format!("{pid}\n{}\n1\n5432\n/x\n\n 1 1\nready\n", cluster.display());
    let numbers = [bystander.0.id(), 1, 4_194_303, std::process::id()].map(file);
    let torn = ["", "x\n", "-7\n", "99999999999\n"].map(String::from);
    for written in numbers.iter().chain(&torn) {
        fs::write(cluster.join("postmaster.pid"), written).unwrap();
        let embedded = start(&data_dir).await;
        assert_eq!(value(&embedded, "SELECT 'well'").await, "well", "after {written:?}");
        embedded.stop().await.unwrap();
    }
    assert!(runs(bystander.0.id()));
}

#[actix_web::test]
async fn a_leftover_socket_is_no_obstacle() {
    let folder = Folder::new();
    let data_dir = folder.data_dir();
    let first = start(&data_dir).await;
    let lock = fs::read(data_dir.join("run/.s.PGSQL.5432.lock")).unwrap();
    let owner = fs::metadata(data_dir.join("run")).unwrap();
    first.stop().await.unwrap();
    let run = data_dir.join("run");
    fs::create_dir(&run).unwrap();
    fs::set_permissions(&run, owner.permissions()).unwrap();
    fs::write(run.join(".s.PGSQL.5432"), "").unwrap();
    // The lock's process number is this test's: a process that runs, and is no server.
    let pid = lock.split(|byte| *byte == b'\n').next().unwrap();
    let rest = &lock[pid.len()..];
    fs::write(run.join(".s.PGSQL.5432.lock"), [std::process::id().to_string().as_bytes(), rest].concat()).unwrap();
    start(&data_dir).await.stop().await.unwrap();
}

#[actix_web::test]
async fn what_cannot_be_started_is_refused_with_a_sentence_and_left_alone() {
    let folder = Folder::new();
    let data_dir = folder.data_dir();
    start(&data_dir).await.stop().await.unwrap();
    let settings = [("fsync", "off"), ("no_such_setting", "1")];
    let said = format!("{:#}", Embedded::start(&data_dir, &settings).await.unwrap_err());
    assert!(said.contains("PostgreSQL does not start") && said.contains("no_such_setting"), "{said}");

    let version = data_dir.join("pg/PG_VERSION");
    let written = fs::read(&version).unwrap();
    fs::write(&version, "9\n").unwrap();
    let said = refusal(&data_dir).await;
    assert!(said.contains("written by PostgreSQL 9") && said.contains("DATABASE_URL"), "{said}");
    fs::remove_file(&version).unwrap();
    let said = refusal(&data_dir).await;
    assert!(said.contains("is not a PostgreSQL cluster: move it away"), "{said}");

    fs::write(&version, written).unwrap();
    start(&data_dir).await.stop().await.unwrap();
    assert!(refusal(Path::new("/proc/onrecord")).await.contains("cannot make the data directory /proc/onrecord"));
}

#[actix_web::test]
async fn a_folder_that_postgresql_cannot_reach_is_refused_with_a_sentence() {
    if !Uid::effective().is_root() {
        // Only root's server runs as another user.
        return;
    }
    let folder = Folder::new();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    let said = refusal(&folder.data_dir()).await;
    assert!(said.contains("cannot reach the data directory") && said.contains("chmod o+x"), "{said}");
}

/// Where the socket is when the data directory's path is too long for it.
fn socket_elsewhere(embedded: &Embedded) -> PathBuf {
    let url = embedded.url(NAME);
    let (_, host) = url.split_once("host=").unwrap();
    percent_encoding::percent_decode_str(host).decode_utf8().unwrap().into_owned().into()
}

#[actix_web::test]
async fn a_long_path_has_its_socket_elsewhere_in_a_folder_of_nobody_else() {
    let folder = Folder::new();
    let data_dir = folder.path().join("long-".repeat(30));
    let embedded = start(&data_dir).await;
    let socket = socket_elsewhere(&embedded);
    assert!(socket.starts_with("/tmp"), "{}", socket.display());
    assert_eq!(embedded::running(&data_dir).unwrap(), Some(embedded.url(NAME)));
    embedded.stop().await.unwrap();
    assert!(!socket.exists());

    fs::create_dir(&socket).unwrap();
    fs::set_permissions(&socket, Permissions::from_mode(0o777)).unwrap();
    assert!(refusal(&data_dir).await.contains("is in the way"));
    if Uid::effective().is_root() {
        fs::set_permissions(&socket, Permissions::from_mode(0o700)).unwrap();
        chown(&socket, Some(4321), Some(4321)).unwrap();
        assert!(refusal(&data_dir).await.contains("is in the way"));
    }
    fs::remove_dir(&socket).unwrap();
    symlink(folder.path(), &socket).unwrap();
    assert!(refusal(&data_dir).await.contains("is in the way"));
    fs::remove_file(&socket).unwrap();
    start(&data_dir).await.stop().await.unwrap();
}

#[actix_web::test]
async fn dropped_it_stops_in_the_background() {
    let folder = Folder::new();
    let embedded = start(&folder.data_dir()).await;
    let pid = embedded.postmaster_pid().unwrap();
    drop(embedded);
    until("the server is gone", SOON, async || (!runs(pid)).then_some(())).await;
    start(&folder.data_dir()).await.stop().await.unwrap();
}

#[test]
fn it_outlives_the_runtime_that_started_it() {
    let folder = Folder::new();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let embedded = runtime().block_on(start(&folder.data_dir()));
    runtime().block_on(async {
        assert_eq!(value(&embedded, "SELECT 'well'").await, "well");
        embedded.stop().await.unwrap();
    });
}
