//! In which form an answer is asked for, and the answer in it.

use actix_web::http::header::{self, Accept, Header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Picture;
use crate::error::{Error, Result};

/// What a picture shows at most; with more it cannot be read.
pub const MOST_NODES: usize = 500;
/// How many layers all arrows of a drawing together lead down at most. Laying out as many takes about a second, and several
/// times as many takes minutes.
pub const MOST_STEPS: usize = 3000;

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
    pub async fn answer(self, data: &impl Serialize, picture: impl FnOnce() -> Picture) -> Result<HttpResponse> {
        let mut response = HttpResponse::Ok();
        response.insert_header((header::VARY, "Accept"));
        if self == Self::Json {
            return Ok(response.json(data));
        }
        let picture = picture();
        self.check(&picture)?;
        // Laying out may take a while, and others wait for this thread.
        let written = web::block(move || match self {
            Self::Json | Self::Svg => picture.svg(),
            Self::Dot => picture.dot(),
            Self::Mermaid => picture.mermaid(),
        });
        let written = written.await.map_err(|error| anyhow::anyhow!("a picture was not drawn: {error}"))?;
        Ok(response.content_type(self.media_type()).body(written))
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Svg => "image/svg+xml",
            Self::Dot => "text/vnd.graphviz; charset=utf-8",
            Self::Mermaid => "text/vnd.mermaid; charset=utf-8",
        }
    }

    fn check(self, picture: &Picture) -> Result<()> {
        let nodes = picture.nodes.len();
        if nodes > MOST_NODES {
            return Err(Error::TooMuch(format!(
                "This has {nodes} nodes; a picture shows at most {MOST_NODES}. Ask with format=json for the JSON."
            )));
        }
        let steps = if self == Self::Svg { picture.steps() } else { 0 };
        if steps > MOST_STEPS {
            return Err(Error::TooMuch(format!(
                "The arrows between these {nodes} nodes lead down {steps} layers in all; in a drawing at most {MOST_STEPS}. Ask with format=json for the JSON, or with format=dot or mermaid to draw it yourself."
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::picture::stories::{demo, random};

    fn chosen(accept: &str) -> Format {
        Format::chosen(None, &TestRequest::get().insert_header((header::ACCEPT, accept)).to_http_request())
    }

    #[test]
    fn accept_chooses() {
        for (accept, format) in [
            ("image/svg+xml", Format::Svg),
            // What a browser sends for <img>.
            ("image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8", Format::Svg),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", Format::Json),
            ("text/vnd.graphviz", Format::Dot),
            ("text/vnd.mermaid; charset=utf-8", Format::Mermaid),
            ("image/svg+xml;q=0.5, application/json", Format::Json),
            ("application/json;q=0.5, TEXT/VND.GRAPHVIZ;q=0.9", Format::Dot),
            ("image/svg+xml;q=0, text/vnd.mermaid;q=0.1", Format::Mermaid),
            ("text/html", Format::Json),
            ("*/*", Format::Json),
            ("%", Format::Json),
        ] {
            assert_eq!(chosen(accept), format, "{accept}");
        }
    }

    #[test]
    fn the_parameter_goes_before_accept() {
        let request = TestRequest::get().insert_header((header::ACCEPT, "image/svg+xml")).to_http_request();
        assert_eq!(Format::chosen(Some(Format::Json), &request), Format::Json);
        assert_eq!(Format::chosen(None, &TestRequest::get().to_http_request()), Format::Json);
    }

    #[actix_web::test]
    async fn answers_say_what_they_are() {
        for (format, media_type) in [
            (Format::Json, "application/json"),
            (Format::Svg, "image/svg+xml"),
            (Format::Dot, "text/vnd.graphviz; charset=utf-8"),
            (Format::Mermaid, "text/vnd.mermaid; charset=utf-8"),
        ] {
            let answer = format.answer(&"data", demo).await.unwrap();
            assert_eq!(answer.headers().get(header::CONTENT_TYPE).unwrap(), media_type);
            assert_eq!(answer.headers().get(header::VARY).unwrap(), "Accept");
        }
    }

    #[actix_web::test]
    async fn what_is_too_much_for_a_picture_is_refused() {
        for picture in [random(501, 0, 1), random(500, 2000, 1)] {
            let error = Format::Svg.answer(&"data", || picture).await.unwrap_err();
            assert_eq!(error.kind().status, 422);
            assert!(error.to_string().contains("for the JSON"), "{error}");
        }
        Format::Json.answer(&"data", || random(501, 0, 1)).await.unwrap();
        Format::Svg.answer(&"data", || random(500, 400, 1)).await.unwrap();
        Format::Dot.answer(&"data", || random(500, 2000, 1)).await.unwrap();
        assert!(Format::Mermaid.answer(&"data", || random(501, 0, 1)).await.is_err());
    }
}
