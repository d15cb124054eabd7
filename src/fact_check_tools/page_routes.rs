use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::markup::MarkupPage;
use super::pages::{self, PageSearch};
use super::routes::StandardParameters;
use super::search::size;
use crate::auth::{Editor, Reader};
use crate::db::Db;
use crate::error::{Error, Result};
use crate::extract::{Id, Query};
use crate::idempotency::{Answer, Post, once};
use crate::page::PageRequest;

/// The routes of pages, which need a key.
pub fn configure_pages(config: &mut ServiceConfig) {
    config.service(list_pages).service(create_page).service(get_page).service(update_page).service(delete_page);
}

/// A page of pages. What has no value is left out; none found is `{}`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FactCheckPages {
    /// The pages, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claim_review_markup_pages: Vec<MarkupPage>,
    /// Send it as `pageToken`, with the same parameters, for the next ones; left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// Nothing, which is how Google's API answers a deletion.
#[derive(Debug, Serialize, ToSchema)]
pub struct Empty {}

/// List articles as Google's API does
///
/// [Google's `pages.list`](https://developers.google.com/fact-check/tools/api/reference/rest/v1alpha1/pages/list), over what your newsroom
/// has published: each article is a page, with the current verdicts whose `url` is its address. Send `url` or `organization`.
#[utoipa::path(tag = "fact-check-tools", params(PageSearch, StandardParameters), responses((status = 200, description = "The pages", body = FactCheckPages)), security(("api_key" = ["reader"])))]
#[get("")]
async fn list_pages(
    db: web::Data<Db>,
    Reader(caller): Reader,
    request: HttpRequest,
    Query(search): Query<PageSearch>,
) -> Result<HttpResponse> {
    if search.url.is_some() == search.organization.is_some() {
        return Err(Error::parameter("url", "is needed, or organization: one of the two"));
    }
    let page = page_of(&search, request.path())?;
    let found = db
        .snapshot(async |conn| {
            let articles = search.run(&page, caller, conn).await?;
            pages::of_articles(articles, caller, conn).await
        })
        .await?;
    Ok(page.page(found, |(article, _)| article.id.into_bytes()).answer(&request, |page| FactCheckPages {
        claim_review_markup_pages: page.items.into_iter().map(|(_, page)| page).collect(),
        next_page_token: page.next_cursor,
    }))
}

fn page_of(search: &PageSearch, path: &str) -> Result<PageRequest> {
    let mut parameters: BTreeMap<String, String> = [
        ("limit", Some(size(search.page_size).to_string())),
        ("cursor", search.page_token.clone()),
        ("url", search.url.clone()),
        ("organization", search.organization.clone()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect();
    PageRequest::read(path, &mut parameters)
        .map_err(|_| Error::parameter("pageToken", "must be a nextPageToken that was answered to the same parameters"))
}

/// Publish an article's fact checks as Google's API does
///
/// [Google's `pages.create`](https://developers.google.com/fact-check/tools/api/reference/rest/v1alpha1/pages/create). For each fact check a
/// claim, a statement of who put it forward and a verdict of your newsroom are recorded and published, all or none; sources and documents that are
/// there are used again. The rating is a label of a scale, or words that [your newsroom has mapped](#/rating-mappings). 409 where
/// the article has a page already; 403 for an editor whose newsroom works by four eyes, as nobody else has approved.
#[utoipa::path(tag = "fact-check-tools", params(StandardParameters), request_body = MarkupPage, responses((status = 200, description = "The page", body = MarkupPage)), security(("api_key" = ["editor"])))]
#[post("")]
async fn create_page(db: web::Data<Db>, Editor(caller): Editor, post: Post<MarkupPage>) -> Result<Answer<MarkupPage>> {
    once(&db, caller, post.request, async move |conn| {
        Answer::new(StatusCode::OK, &post.body.create(caller, conn).await?)
    })
    .await
}

/// Read an article's fact checks as Google's API does
///
/// [Google's `pages.get`](https://developers.google.com/fact-check/tools/api/reference/rest/v1alpha1/pages/get): the article with the current
/// verdicts of your newsroom in it.
#[utoipa::path(tag = "fact-check-tools", params(("id" = Uuid, Path, description = "The page's id, which is the last part of its `name`", example = "#verdict-meeting"), StandardParameters), responses((status = 200, description = "The page", body = MarkupPage)), security(("api_key" = ["reader"])))]
#[get("/{id}")]
async fn get_page(db: web::Data<Db>, Reader(caller): Reader, Id(id): Id) -> Result<web::Json<MarkupPage>> {
    let page = db
        .snapshot(async |conn| {
            let article = pages::find(id, caller, conn).await?;
            pages::of_article(article, caller, conn).await
        })
        .await?;
    Ok(web::Json(page))
}

/// Replace an article's fact checks as Google's API does
///
/// [Google's `pages.update`](https://developers.google.com/fact-check/tools/api/reference/rest/v1alpha1/pages/update), which rewrites nothing here:
/// a rating, explanation or date that differs becomes a correction of the verdict, a fact check that is left out is retracted, and one with a
/// new claim is published. What belongs to the claim must be sent as it was answered. With `versionId`, 409 where the page has changed since.
/// 403 where your newsroom works by four eyes and a verdict would be corrected, or an editor would publish a new one.
#[utoipa::path(tag = "fact-check-tools", params(("id" = Uuid, Path, description = "The page's id", example = "#verdict-meeting"), StandardParameters), request_body = MarkupPage, responses((status = 200, description = "The page", body = MarkupPage)), security(("api_key" = ["editor"])))]
#[put("/{id}")]
async fn update_page(
    db: web::Data<Db>,
    Editor(caller): Editor,
    Id(id): Id,
    post: Post<MarkupPage>,
) -> Result<Answer<MarkupPage>> {
    once(&db, caller, post.request, async move |conn| {
        Answer::new(StatusCode::OK, &post.body.update(id, caller, conn).await?)
    })
    .await
}

/// Delete an article's fact checks as Google's API does
///
/// [Google's `pages.delete`](https://developers.google.com/fact-check/tools/api/reference/rest/v1alpha1/pages/delete): what was published is not
/// forgotten here, its verdicts are retracted.
#[utoipa::path(tag = "fact-check-tools", params(("id" = Uuid, Path, description = "The page's id", example = "#verdict-meeting"), StandardParameters), responses((status = 200, description = "They are retracted", body = Empty)), security(("api_key" = ["editor"])))]
#[delete("/{id}")]
async fn delete_page(db: web::Data<Db>, Editor(caller): Editor, Id(id): Id) -> Result<web::Json<Empty>> {
    db.write(async move |conn| pages::delete(id, caller, conn).await).await?;
    Ok(web::Json(Empty {}))
}
