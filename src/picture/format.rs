//! In which form an answer is asked for, and the answer in it.

use actix_web::http::header::{self, Accept, Header};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Picture;
use crate::error::{Error, Result};

/// What a picture shows at most; with more it cannot be read.
pub const MOST_NODES: usize = 500;
/// How many arrows a picture shows at most: three for each node.
pub const MOST_ARROWS: usize = 1500;

/// The form of an answer that can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The data.
    Json,
    /// A drawing.
    Svg,
    /// A graph for Graphviz.
    Dot,
    /// A flowchart for Mermaid.
    Mermaid,
}

impl Format {
    /// The form asked for: by `?format=`, or else by `Accept`, or else JSON.
    pub fn chosen(parameter: Option<Self>, request: &HttpRequest) -> Self {
        parameter.or_else(|| Self::accepted(&Accept::parse(request).ok()?)).unwrap_or(Self::Json)
    }

    fn accepted(accept: &Accept) -> Option<Self> {
        let wanted = Accept(accept.iter().filter(|item| item.quality > header::Quality::ZERO).cloned().collect());
        wanted.ranked().iter().find_map(|media_type| match (media_type.type_().as_str(), media_type.essence_str()) {
            ("image", "image/svg+xml" | "image/*") => Some(Self::Svg),
            (_, "text/vnd.graphviz") => Some(Self::Dot),
            (_, "text/vnd.mermaid") => Some(Self::Mermaid),
            (_, "application/json" | "application/*" | "*/*") => Some(Self::Json),
            _ => None,
        })
    }

    /// The answer: the data as JSON, or the picture made of it. 422 if it has too much for a picture.
    pub fn answer(self, data: &impl Serialize, picture: impl FnOnce() -> Picture) -> Result<HttpResponse> {
        let mut response = HttpResponse::Ok();
        response.insert_header((header::VARY, "Accept"));
        if self == Self::Json {
            return Ok(response.json(data));
        }
        let picture = picture();
        let (nodes, arrows) = (picture.nodes.len(), picture.arrows.len());
        if nodes > MOST_NODES || arrows > MOST_ARROWS {
            return Err(Error::PictureTooLarge { nodes, arrows });
        }
        Ok(match self {
            Self::Json | Self::Svg => response.content_type("image/svg+xml").body(picture.svg()),
            Self::Dot => response.content_type("text/vnd.graphviz; charset=utf-8").body(picture.dot()),
            Self::Mermaid => response.content_type("text/vnd.mermaid; charset=utf-8").body(picture.mermaid()),
        })
    }
}
