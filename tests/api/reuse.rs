//! What a bundle reuses, and that it is checked all the same.

use serde_json::{Value, json};

use crate::support::{App, document, source, with};

/// All orders of a list.
fn orders(items: &[Value]) -> Vec<Vec<Value>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |index: usize| {
        let mut rest = items.to_vec();
        let first = rest.remove(index);
        orders(&rest).into_iter().map(move |rest| [vec![first.clone()], rest].concat())
    };
    (0..items.len()).flat_map(with_first).collect()
}

/// What is recorded and what is sent, each as the number of a Wikidata item or none; how many sources are made; and what
/// is known of each sent one then.
type Case = (&'static [Option<u32>], &'static [Option<u32>], usize, &'static [Option<u32>]);

/// Which sources are the same is decided over all items and records of one kind and name, in whichever order they come.
#[actix_web::test]
async fn sources_of_one_name_are_told_apart_by_their_wikidata_items_in_every_order() {
    let app = App::start().await;
    let mut number = 0;
    let cases: [Case; 9] = [
        (&[], &[None, Some(1), Some(2)], 3, &[None, Some(1), Some(2)]),
        (&[], &[None, None, Some(1), Some(2)], 4, &[None, None, Some(1), Some(2)]),
        (&[], &[None, Some(1)], 1, &[Some(1), Some(1)]),
        (&[], &[Some(1), Some(1), Some(2)], 2, &[Some(1), Some(1), Some(2)]),
        (&[None], &[Some(1), Some(2)], 2, &[Some(1), Some(2)]),
        (&[None], &[None, Some(1)], 0, &[None, None]),
        (&[Some(1)], &[None, Some(2)], 2, &[None, Some(2)]),
        (&[Some(1), None], &[None, Some(1)], 0, &[Some(1), Some(1)]),
        (&[Some(1), None], &[None, None], 1, &[None, None]),
    ];
    for (recorded, sent, made, known) in cases {
        let places: Vec<Value> = (0..sent.len()).map(|place| json!(place)).collect();
        for order in orders(&places) {
            number += 1;
            let ann = |item: Option<u32>| {
                let wikidata_id = item.map(|item| format!("Q{item}{number:04}"));
                json!({"kind": "person", "name": format!("Ann {number}"), "wikidata_id": wikidata_id})
            };
            for item in recorded {
                app.checker.create("sources", ann(*item)).await;
            }
            let items: Vec<Value> = order
                .iter()
                .map(|place| usize::try_from(place.as_u64().unwrap()).unwrap())
                .map(|place| with(ann(sent[place]), json!({"ref": format!("{place}")})))
                .collect();
            let what = format!("{recorded:?} and {items:?}");
            let answer = app.checker.post("/v1/bundles", &json!({"sources": items})).await.expect(201).body;
            assert_eq!(answer["created"]["sources"], made, "{what}");
            for (place, item) in known.iter().enumerate() {
                let path = format!("/v1/sources/{}", answer["ids"][place.to_string()].as_str().unwrap());
                let source = app.checker.get(&path).await.expect(200).body;
                assert_eq!(source["wikidata_id"], ann(*item)["wikidata_id"], "{what}, {place}");
            }
        }
    }
}

#[actix_web::test]
async fn one_wikidata_item_under_two_names_is_one_source() {
    let app = App::start().await;
    let anna = app.checker.id_of_new("sources", source(json!({"name": "Anna"}))).await;
    for items in orders(&[
        json!({"ref": "a", "kind": "person", "name": "Ann"}),
        json!({"ref": "b", "kind": "person", "name": "Ann", "wikidata_id": "Q7"}),
        json!({"ref": "c", "kind": "person", "name": "Anna", "wikidata_id": "Q7"}),
    ]) {
        let made = app.checker.post("/v1/bundles", &json!({"sources": items})).await.expect(201).body;
        assert_eq!(made["ids"], json!({"a": anna, "b": anna, "c": anna}));
    }
}

/// An item that is a record already is checked like any other.
#[actix_web::test]
async fn what_a_reused_item_says_is_checked() {
    let app = App::start().await;
    let nobody = "01900000-0000-7000-8000-00000000ffff";
    app.checker.create("sources", source(json!({"name": "Ann"}))).await;
    app.checker.create("documents", document(json!({"url": "https://example.org/a"}))).await;
    for (bundle, pointer) in [
        (
            json!({"sources": [{"kind": "person", "name": "Ann", "affiliation_id": nobody}]}),
            "/sources/0/affiliation_id",
        ),
        (
            json!({"documents": [{"kind": "article", "url": "https://example.org/a", "publisher_id": nobody}]}),
            "/documents/0/publisher_id",
        ),
        (
            json!({"documents": [{"kind": "article", "url": "https://example.org/a", "derived_from_id": nobody}]}),
            "/documents/0/derived_from_id",
        ),
        (
            json!({"sources": [{"kind": "person", "name": "Bob"}, {"kind": "person", "name": "bob", "affiliation_id": nobody}]}),
            "/sources/1/affiliation_id",
        ),
        (
            json!({"sources": [{"ref": "a", "kind": "person", "name": "Ann", "affiliation_id": "#a"}]}),
            "/sources/0/affiliation_id",
        ),
        (
            json!({"sources": [{"ref": "b", "kind": "person", "name": "Bob"}, {"kind": "person", "name": "bob", "affiliation_id": "#b"}]}),
            "/sources/1/affiliation_id",
        ),
    ] {
        app.checker.post("/v1/bundles", &bundle).await.points_at(&[pointer]);
    }
    assert_eq!((app.count("sources").await, app.count("documents").await), (1, 1));
}

#[actix_web::test]
async fn a_reference_has_one_hash() {
    let app = App::start().await;
    let sources = |reference: &str| json!({"sources": [{"ref": "zy", "kind": "organization", "name": "Body"}, {"kind": "person", "name": "Ann", "affiliation_id": reference}]});
    app.checker.post("/v1/bundles", &sources("##zy")).await.points_at(&["/sources/1/affiliation_id"]);
    app.checker.post("/v1/bundles", &sources("#zy")).await.expect(201);
}
