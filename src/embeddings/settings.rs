use clap::Args;

/// An embedding service: any that speaks OpenAI's `POST /v1/embeddings`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Embedding service")]
pub struct EmbeddingSettings {
    /// Address of the endpoint, such as http://127.0.0.1:8090/v1/embeddings. Without it, matching goes by words alone.
    #[arg(long = "embeddings-url", env = "ONRECORD_EMBEDDINGS_URL", id = "embeddings-url")]
    pub url: Option<String>,

    /// The model's name at the service. A new one is taken into use when all is embedded by it; until then the old one is asked for, if its vectors are as long, and otherwise words alone are gone by.
    #[arg(
        long = "embeddings-model",
        env = "ONRECORD_EMBEDDINGS_MODEL",
        id = "embeddings-model",
        default_value = "original"
    )]
    pub model: String,

    /// How many numbers the model's vectors have.
    #[arg(
        long = "embeddings-dimensions",
        env = "ONRECORD_EMBEDDINGS_DIMENSIONS",
        id = "embeddings-dimensions",
        default_value_t = 384,
        value_parser = clap::value_parser!(u16).range(1..=8192)
    )]
    pub dimensions: u16,

    /// What is sent in front of a query, such as "query: " for E5 behind a service that knows no input_type.
    #[arg(
        long = "embeddings-query-prefix",
        env = "ONRECORD_EMBEDDINGS_QUERY_PREFIX",
        id = "embeddings-query-prefix",
        default_value = "",
        hide_default_value = true
    )]
    pub query_prefix: String,

    /// What is sent in front of a passage, such as "passage: ".
    #[arg(
        long = "embeddings-passage-prefix",
        env = "ONRECORD_EMBEDDINGS_PASSAGE_PREFIX",
        id = "embeddings-passage-prefix",
        default_value = "",
        hide_default_value = true
    )]
    pub passage_prefix: String,

    /// Leave the member input_type (query or passage) out of requests, for services that refuse what they do not know.
    #[arg(long = "embeddings-plain", env = "ONRECORD_EMBEDDINGS_PLAIN", id = "embeddings-plain")]
    pub plain: bool,

    /// A key for the service, sent as bearer token.
    #[arg(long = "embeddings-key", env = "ONRECORD_EMBEDDINGS_KEY", id = "embeddings-key", hide_env_values = true)]
    pub key: Option<String>,

    /// How much shared words count beside meaning. The scale of scores is that of multilingual E5.
    #[arg(
        long = "embeddings-weight",
        env = "ONRECORD_EMBEDDINGS_WEIGHT",
        id = "embeddings-weight",
        default_value_t = 0.15
    )]
    pub weight: f32,

    /// Milliseconds that a query may take to be embedded: then matching goes by words alone and says that it is degraded.
    #[arg(long = "embeddings-ms", env = "ONRECORD_EMBEDDINGS_MS", id = "embeddings-ms", default_value_t = 300)]
    pub query_ms: u64,
}
