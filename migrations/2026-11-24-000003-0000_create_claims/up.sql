CREATE TABLE topics (
    slug text CONSTRAINT topics_pkey PRIMARY KEY
        CONSTRAINT topics_slug_shape CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(slug) <= 100),
    newsroom_id uuid CONSTRAINT topics_newsroom_id_fkey REFERENCES newsrooms,
    label nfc_text CONSTRAINT topics_label_length CHECK (char_length(label) BETWEEN 1 AND 300),
    parent_slug text CONSTRAINT topics_parent_slug_fkey REFERENCES topics
        CONSTRAINT topics_not_its_own_parent CHECK (parent_slug <> slug),
    iptc_code text CONSTRAINT topics_iptc_code_shape CHECK (iptc_code ~ '^[0-9]{8}$'),
    public boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1
);
CREATE INDEX topics_newsroom_id_idx ON topics (newsroom_id);
COMMENT ON TABLE topics IS 'A subject that claims are filed under; made on first use';
COMMENT ON COLUMN topics.slug IS 'Its name in addresses: lower-case ASCII words joined by hyphens';
COMMENT ON COLUMN topics.newsroom_id IS 'The newsroom that used it first';
COMMENT ON COLUMN topics.label IS 'Its name for readers';
COMMENT ON COLUMN topics.parent_slug IS 'The wider topic';
COMMENT ON COLUMN topics.iptc_code IS 'Eight-digit code of the matching IPTC Media Topic';
COMMENT ON COLUMN topics.public IS 'Whether everybody sees it: a published claim has it';
COMMENT ON COLUMN topics.created_at IS 'When it was first used, database time';
COMMENT ON COLUMN topics.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN topics.version IS 'Raised by one with every change; the ETag';
CREATE INDEX topics_parent_slug_idx ON topics (parent_slug);
CREATE TRIGGER topics_set_version BEFORE UPDATE ON topics FOR EACH ROW EXECUTE FUNCTION set_version();

-- The configurations PostgreSQL 15 ships, by the language's primary subtag (BCP 47).
CREATE FUNCTION search_config(language text) RETURNS regconfig
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE lower(split_part(language, '-', 1))
    WHEN 'ar' THEN 'arabic' WHEN 'hy' THEN 'armenian' WHEN 'eu' THEN 'basque' WHEN 'ca' THEN 'catalan'
    WHEN 'da' THEN 'danish' WHEN 'nl' THEN 'dutch' WHEN 'en' THEN 'english' WHEN 'fi' THEN 'finnish'
    WHEN 'fr' THEN 'french' WHEN 'de' THEN 'german' WHEN 'el' THEN 'greek' WHEN 'hi' THEN 'hindi'
    WHEN 'hu' THEN 'hungarian' WHEN 'id' THEN 'indonesian' WHEN 'ga' THEN 'irish' WHEN 'it' THEN 'italian'
    WHEN 'lt' THEN 'lithuanian' WHEN 'ne' THEN 'nepali' WHEN 'nb' THEN 'norwegian' WHEN 'nn' THEN 'norwegian'
    WHEN 'no' THEN 'norwegian' WHEN 'pt' THEN 'portuguese' WHEN 'ro' THEN 'romanian' WHEN 'ru' THEN 'russian'
    WHEN 'sr' THEN 'serbian' WHEN 'es' THEN 'spanish' WHEN 'sv' THEN 'swedish' WHEN 'ta' THEN 'tamil'
    WHEN 'tr' THEN 'turkish' WHEN 'yi' THEN 'yiddish' ELSE 'simple' END::regconfig;
COMMENT ON FUNCTION search_config(text) IS 'The text search configuration for a BCP 47 tag; simple where there is none';

CREATE TABLE claims (
    id uuid CONSTRAINT claims_pkey PRIMARY KEY,
    newsroom_id uuid NOT NULL CONSTRAINT claims_newsroom_id_fkey REFERENCES newsrooms,
    text nfc_text NOT NULL CONSTRAINT claims_text_length CHECK (char_length(text) BETWEEN 1 AND 2000),
    language text NOT NULL CONSTRAINT claims_language_length CHECK (char_length(language) BETWEEN 2 AND 35),
    context nfc_text CONSTRAINT claims_context_length CHECK (char_length(context) BETWEEN 1 AND 10000),
    claimed_on partial_date,
    event_on partial_date,
    place nfc_text CONSTRAINT claims_place_length CHECK (char_length(place) BETWEEN 1 AND 300),
    topics text[] NOT NULL DEFAULT '{}' CONSTRAINT claims_topics_bounded CHECK (is_text_list(topics, 30, 100)),
    part_of_id uuid,
    status text NOT NULL DEFAULT 'draft' CONSTRAINT claims_status_known CHECK (status IN ('draft', 'published', 'withdrawn')),
    withdrawn_reason nfc_text CONSTRAINT claims_withdrawn_reason_length CHECK (char_length(withdrawn_reason) BETWEEN 1 AND 2000),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    search tsvector NOT NULL GENERATED ALWAYS AS
        (to_tsvector(search_config(language), text || ' ' || coalesce(context, ''))) STORED,
    CONSTRAINT claims_withdrawn_has_reason CHECK ((status = 'withdrawn') = (withdrawn_reason IS NOT NULL)),
    CONSTRAINT claims_newsroom_key UNIQUE (id, newsroom_id),
    CONSTRAINT claims_part_of_same_newsroom FOREIGN KEY (part_of_id, newsroom_id) REFERENCES claims (id, newsroom_id),
    CONSTRAINT claims_not_part_of_itself CHECK (part_of_id <> id)
);
COMMENT ON TABLE claims IS 'One checkable statement of fact, in one language';
COMMENT ON COLUMN claims.id IS 'UUIDv7';
COMMENT ON COLUMN claims.newsroom_id IS 'The newsroom that recorded it';
COMMENT ON COLUMN claims.text IS 'The claim in one sentence';
COMMENT ON COLUMN claims.language IS 'BCP 47 tag of text';
COMMENT ON COLUMN claims.context IS 'What a reader must know to understand the claim';
COMMENT ON COLUMN claims.claimed_on IS 'When it was first claimed';
COMMENT ON COLUMN claims.event_on IS 'When it is said to have happened';
COMMENT ON COLUMN claims.place IS 'Where it is said to have happened';
COMMENT ON COLUMN claims.topics IS 'Slugs of its topics';
COMMENT ON COLUMN claims.part_of_id IS 'The claim of which this is a part, of the same newsroom';
COMMENT ON COLUMN claims.status IS 'draft (newsroom only), published (everybody) or withdrawn (final)';
COMMENT ON COLUMN claims.withdrawn_reason IS 'Why it was withdrawn; shown to everybody';
COMMENT ON COLUMN claims.created_at IS 'When it was recorded, database time';
COMMENT ON COLUMN claims.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN claims.version IS 'Raised by one with every change; the ETag';
COMMENT ON COLUMN claims.search IS 'Words of text and context in the claim''s own language, for q';
CREATE INDEX claims_public_idx ON claims (id) WHERE status = 'published';
CREATE INDEX claims_hidden_idx ON claims (newsroom_id, id) WHERE status <> 'published';
CREATE INDEX claims_part_of_id_idx ON claims (part_of_id, id);
CREATE INDEX claims_topics_idx ON claims USING gin (topics);
CREATE INDEX claims_search_idx ON claims USING gin (search);
CREATE TRIGGER claims_set_version BEFORE UPDATE ON claims FOR EACH ROW EXECUTE FUNCTION set_version();

CREATE FUNCTION claims_matching(q text) RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 AS $$
    SELECT claims.id
    FROM unnest('{arabic,armenian,basque,catalan,danish,dutch,english,finnish,french,german,greek,hindi,hungarian,
                  indonesian,irish,italian,lithuanian,nepali,norwegian,portuguese,romanian,russian,serbian,simple,
                  spanish,swedish,tamil,turkish,yiddish}'::regconfig[]) AS config
    JOIN claims ON claims.search @@ websearch_to_tsquery(config, q) AND search_config(claims.language) = config
$$;
COMMENT ON FUNCTION claims_matching(text) IS 'Claims that match a web-style query, each by the rules of its own language';
