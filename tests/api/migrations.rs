//! Migrations up, with rows, down and up again; and what every table and column must have.

use onrecord::config::Limits;
use onrecord::migrations::{migrate, newest_migration, revert_migrations};
use serde_json::json;

use crate::support::{App, postgres};

/// Everything that a schema has, as text.
const SCHEMA: &str = "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
    SELECT format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) AS line
        FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT format('trigger %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT format('function %s', pg_get_functiondef(oid)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    ) AS lines";

async fn schema(url: &str) -> Option<String> {
    postgres::connect(url).await.query_one(SCHEMA, &[]).await.unwrap().get(0)
}

#[actix_web::test]
async fn migrations_go_up_with_rows_down_and_up_again() {
    let app = App::demo().await;
    // Rows that only the newer migrations know.
    let verdict = |name: &str| format!("/v1/verdicts/{}", onrecord::demo::id_of(name).unwrap());
    let correction = json!({"reason": "wording", "correction_note": "Clearer.", "changes": {"title": "Else"}});
    app.admin.post(&format!("{}/correct", verdict("verdict-meeting")), &correction).await.expect(201);
    app.admin
        .post(&format!("{}/retract", verdict("verdict-day-and-place")), &json!({"reason": "Wrong."}))
        .await
        .expect(200);
    // What the server does in the background would cross the tables that are dropped.
    app.in_order().await;
    let before = schema(&app.database).await.unwrap();
    let reverted = revert_migrations(&app.database).await.unwrap();
    let left = schema(&app.database).await.unwrap_or_default();
    let left: Vec<_> = left.lines().filter(|line| !line.contains("__diesel_schema_migrations")).collect();
    assert!(left.is_empty(), "{left:#?}");
    assert_eq!(migrate(&postgres::addresses(&app.database), None).await.unwrap(), reverted);
    assert_eq!(schema(&app.database).await.unwrap(), before);
    assert_eq!(migrate(&postgres::addresses(&app.database), None).await.unwrap(), 0, "there is nothing left to do");
}

#[actix_web::test]
async fn many_servers_may_migrate_at_once() {
    let url = postgres::empty_database().await;
    let (addresses, limits) = (postgres::addresses(&url), Limits::default());
    let applied: Vec<_> = futures_util::future::join_all((0..5).map(|_| migrate(&addresses, Some(&limits)))).await;
    let applied: Vec<usize> = applied.into_iter().map(Result::unwrap).collect();
    assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{applied:?}");
    let version: String = postgres::connect(&url)
        .await
        .query_one("SELECT max(version) FROM __diesel_schema_migrations", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(version, newest_migration().unwrap());
    postgres::drop_database(&url).await;
}

#[actix_web::test]
async fn every_table_and_column_says_what_it_is() {
    let app = App::start().await;
    let sql = app.sql().await;
    let bare = sql.query(
        "SELECT format('%s.%s', c.relname, a.attname) FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum >= 0 AND NOT a.attisdropped
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE '\\_\\_%'
             AND col_description(c.oid, a.attnum) IS NULL
         UNION ALL
         SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
             AND relname NOT LIKE '\\_\\_%' AND obj_description(oid) IS NULL
         UNION ALL
         SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND obj_description(oid) IS NULL
             AND proname NOT LIKE 'diesel%' AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')",
        &[],
    );
    let bare: Vec<String> = bare.await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(bare.is_empty(), "without a comment: {bare:?}");
}

#[actix_web::test]
async fn every_rule_has_a_name_of_ours_and_every_reference_an_index() {
    let app = App::start().await;
    let sql = app.sql().await;
    let unnamed = "SELECT conname::text FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype = 'c' AND conname ~ '_check[0-9]*$'";
    let unnamed: Vec<String> = sql.query(unnamed, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(unnamed.is_empty(), "named by PostgreSQL: {unnamed:?}");
    let slow = "SELECT conname::text FROM pg_constraint k WHERE connamespace = 'public'::regnamespace AND contype = 'f'
        AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1])";
    let slow: Vec<String> = sql.query(slow, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(slow.is_empty(), "what refers to a record is found slowly: {slow:?}");
}

/// The code's picture of the tables is the database's.
#[actix_web::test]
async fn the_code_knows_the_columns_as_they_are() {
    let app = App::start().await;
    let code = include_str!("../../src/schema.rs");
    let mut known = Vec::new();
    let mut table = "";
    for line in code.lines().map(str::trim) {
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {") && !line.contains("->")) {
            table = name;
        } else if let Some((column, _)) = line.split_once(" -> ").filter(|_| line.ends_with(',')) {
            known.push(format!("{table}.{column}"));
        }
    }
    let columns = "SELECT format('%s.%s', table_name, column_name) FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'";
    let mut columns: Vec<String> =
        app.sql().await.query(columns, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    known.sort();
    columns.sort();
    assert_eq!(known, columns);
}
