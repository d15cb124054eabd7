use actix_web::{get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::model::{NewTopic, NewTopicDetails, Topic};
use crate::auth::{Editor, Viewer};
use crate::db::Db;
use crate::error::Result;
use crate::etag::{IfMatch, Record};
use crate::extract::{List, NoFilter, Slug};
use crate::idempotency::{Answer, Post, once};
use crate::page::{Listed, Page, PageParameters};
use crate::patch::Patch;

/// The routes of this slice.
pub fn configure(config: &mut ServiceConfig) {
    config.service(list_topics).service(create_topic).service(get_topic).service(update_topic);
}

/// List topics
///
/// By slug. The public sees the topics of published claims; members see those that their newsroom uses or made as well.
#[utoipa::path(tag = "topics", params(PageParameters), responses((status = 200, description = "A page of topics", body = Page<Topic>)))]
#[get("/topics")]
async fn list_topics(db: web::Data<Db>, viewer: Viewer, list: List<NoFilter>) -> Result<Listed<Topic>> {
    let topics = db.list(async |conn| Topic::list(&list.page, viewer, conn).await).await?;
    Ok(list.page.page(topics, |topic| topic.slug.clone()))
}

/// Make a topic
///
/// Not needed before a claim uses it: topics are made on first use. This gives one a label at once. While no published
/// claim has a topic, each newsroom that uses it sees and describes it for itself; then it is as the newsroom describes it
/// that shows it first, and everybody's to describe. 409 where you see a topic of this slug already.
#[utoipa::path(tag = "topics", request_body = NewTopic, responses((status = 201, description = "The topic", body = Topic)), security(("api_key" = ["editor"])))]
#[post("/topics")]
async fn create_topic(db: web::Data<Db>, Editor(caller): Editor, post: Post<NewTopic>) -> Result<Answer<Topic>> {
    once(&db, caller, post.request, async move |conn| {
        let topic = Topic::create(&post.body, caller, conn).await?;
        Answer::created(format!("/v1/topics/{}", topic.slug), &topic)
    })
    .await
}

/// Read a topic
///
/// Seen by everybody once something public has it.
#[utoipa::path(tag = "topics", params(("slug" = String, Path, description = "The topic's slug", example = "nagorno-karabakh")), responses((status = 200, description = "The topic", body = Topic)))]
#[get("/topics/{slug}")]
async fn get_topic(db: web::Data<Db>, viewer: Viewer, Slug(slug): Slug) -> Result<Record<Topic>> {
    Ok(Record(db.read(async |conn| Topic::find(&slug, viewer, conn).await).await?))
}

/// Describe a topic
///
/// Its label, the topic above it, and its IPTC code.
#[utoipa::path(tag = "topics", params(("slug" = String, Path, description = "The topic's slug", example = "nagorno-karabakh")), request_body(content = NewTopicDetails, example = json!({"label": "Nagorno-Karabakh"})), responses((status = 200, description = "The topic as it is now", body = Topic)), security(("api_key" = ["editor"])))]
#[patch("/topics/{slug}")]
async fn update_topic(
    db: web::Data<Db>,
    Editor(caller): Editor,
    Slug(slug): Slug,
    if_match: IfMatch,
    patch: Patch<NewTopicDetails>,
) -> Result<Record<Topic>> {
    Ok(Record(db.write(async move |conn| Topic::change(&slug, &patch, &if_match, caller, conn).await).await?))
}
