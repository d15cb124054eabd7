-- array_to_string is only STABLE because of types whose output depends on settings; text's does not.
CREATE FUNCTION joined(list text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN array_to_string(list, ' ');
COMMENT ON FUNCTION joined(text[]) IS 'The items of a list in one text, for the search index';

CREATE TABLE sources (
    id uuid CONSTRAINT sources_pkey PRIMARY KEY,
    newsroom_id uuid NOT NULL CONSTRAINT sources_newsroom_id_fkey REFERENCES newsrooms,
    kind text NOT NULL CONSTRAINT sources_kind_known
        CHECK (kind IN ('person', 'organization', 'government', 'publication', 'social_account', 'unnamed')),
    name nfc_text NOT NULL CONSTRAINT sources_name_length CHECK (char_length(name) BETWEEN 1 AND 300),
    name_folded text NOT NULL,
    description nfc_text CONSTRAINT sources_description_length CHECK (char_length(description) BETWEEN 1 AND 5000),
    aliases text[] NOT NULL DEFAULT '{}' CONSTRAINT sources_aliases_bounded CHECK (is_text_list(aliases, 50, 300)),
    affiliation_id uuid CONSTRAINT sources_affiliation_id_fkey REFERENCES sources
        CONSTRAINT sources_not_affiliated_to_itself CHECK (affiliation_id <> id),
    country text CONSTRAINT sources_country_is_alpha_2 CHECK (country ~ '^[A-Z]{2}$'),
    website nfc_text CONSTRAINT sources_website_length CHECK (char_length(website) BETWEEN 1 AND 2000),
    wikidata_id text CONSTRAINT sources_wikidata_id_shape CHECK (wikidata_id ~ '^Q[1-9][0-9]{0,14}$'),
    note nfc_text CONSTRAINT sources_note_length CHECK (char_length(note) BETWEEN 1 AND 10000),
    public boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    search tsvector NOT NULL GENERATED ALWAYS AS
        (to_tsvector('simple', name || ' ' || joined(aliases) || ' ' || coalesce(description, ''))) STORED,
    CONSTRAINT sources_wikidata_id_key UNIQUE (newsroom_id, wikidata_id)
);
COMMENT ON TABLE sources IS 'Who speaks: a person, a body, an outlet, or somebody unnamed';
COMMENT ON COLUMN sources.id IS 'UUIDv7';
COMMENT ON COLUMN sources.newsroom_id IS 'The newsroom that recorded it';
COMMENT ON COLUMN sources.kind IS 'person, organization, government, publication, social_account or unnamed';
COMMENT ON COLUMN sources.name IS 'Name, or for an unnamed source what is said of it ("a senior diplomat")';
COMMENT ON COLUMN sources.name_folded IS 'name after full Unicode case folding: a source of the same kind and name is reused by bundles';
COMMENT ON COLUMN sources.description IS 'Who or what it is, in a sentence or two';
COMMENT ON COLUMN sources.aliases IS 'Other names and spellings';
COMMENT ON COLUMN sources.affiliation_id IS 'The body it belongs to: a spokesman''s office, an outlet''s owner';
COMMENT ON COLUMN sources.country IS 'ISO 3166-1 alpha-2';
COMMENT ON COLUMN sources.website IS 'Home page, http or https';
COMMENT ON COLUMN sources.wikidata_id IS 'Wikidata item, such as Q7747; unique within a newsroom';
COMMENT ON COLUMN sources.note IS 'For the newsroom''s members only, never public';
COMMENT ON COLUMN sources.public IS 'Whether everybody sees it: something public refers to it';
COMMENT ON COLUMN sources.created_at IS 'When it was recorded, database time';
COMMENT ON COLUMN sources.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN sources.version IS 'Raised by one with every change; the ETag';
COMMENT ON COLUMN sources.search IS 'Words of the names and the description, for q';
CREATE INDEX sources_public_idx ON sources (id) WHERE public;
CREATE INDEX sources_hidden_idx ON sources (newsroom_id, id) WHERE NOT public;
CREATE INDEX sources_name_folded_idx ON sources (newsroom_id, kind, name_folded);
CREATE INDEX sources_wikidata_id_idx ON sources (wikidata_id) WHERE public;
CREATE INDEX sources_affiliation_id_idx ON sources (affiliation_id);
CREATE INDEX sources_search_idx ON sources USING gin (search);
CREATE TRIGGER sources_set_version BEFORE UPDATE ON sources FOR EACH ROW EXECUTE FUNCTION set_version();

CREATE TABLE documents (
    id uuid CONSTRAINT documents_pkey PRIMARY KEY,
    newsroom_id uuid NOT NULL CONSTRAINT documents_newsroom_id_fkey REFERENCES newsrooms,
    kind text NOT NULL CONSTRAINT documents_kind_known CHECK (kind IN ('article', 'post', 'speech', 'interview',
        'press_release', 'report', 'dataset', 'image', 'video', 'audio', 'transcript', 'other')),
    title nfc_text CONSTRAINT documents_title_length CHECK (char_length(title) BETWEEN 1 AND 500),
    url nfc_text CONSTRAINT documents_url_length CHECK (char_length(url) BETWEEN 1 AND 2000),
    url_normal text CONSTRAINT documents_url_normal_length CHECK (octet_length(url_normal) BETWEEN 1 AND 2000),
    description nfc_text CONSTRAINT documents_description_length CHECK (char_length(description) BETWEEN 1 AND 5000),
    archive_url nfc_text CONSTRAINT documents_archive_url_length CHECK (char_length(archive_url) BETWEEN 1 AND 2000),
    publisher_id uuid CONSTRAINT documents_publisher_id_fkey REFERENCES sources,
    authors text[] NOT NULL DEFAULT '{}' CONSTRAINT documents_authors_bounded CHECK (is_text_list(authors, 100, 300)),
    language text CONSTRAINT documents_language_length CHECK (char_length(language) BETWEEN 2 AND 35),
    published_on partial_date,
    retrieved_at timestamptz,
    derived_from_id uuid CONSTRAINT documents_derived_from_id_fkey REFERENCES documents
        CONSTRAINT documents_not_derived_from_itself CHECK (derived_from_id <> id),
    public boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    search tsvector NOT NULL GENERATED ALWAYS AS
        (to_tsvector('simple', coalesce(title, '') || ' ' || coalesce(description, '') || ' ' || joined(authors) || ' ' || coalesce(url, ''))) STORED,
    CONSTRAINT documents_identified CHECK (num_nonnulls(title, url, description) > 0),
    CONSTRAINT documents_url_has_normal_form CHECK ((url IS NULL) = (url_normal IS NULL)),
    CONSTRAINT documents_url_normal_key UNIQUE (newsroom_id, url_normal)
);
COMMENT ON TABLE documents IS 'Where something was said or published';
COMMENT ON COLUMN documents.id IS 'UUIDv7';
COMMENT ON COLUMN documents.newsroom_id IS 'The newsroom that recorded it';
COMMENT ON COLUMN documents.kind IS 'article, post, speech, interview, press_release, report, dataset, image, video, audio, transcript or other';
COMMENT ON COLUMN documents.title IS 'Headline or title as published';
COMMENT ON COLUMN documents.url IS 'Address as it was given, http or https';
COMMENT ON COLUMN documents.url_normal IS 'url in the form that is compared: WHATWG parse, no fragment, no tracking parameters; unique within a newsroom';
COMMENT ON COLUMN documents.description IS 'What the document is, where it has no title or address';
COMMENT ON COLUMN documents.archive_url IS 'Address of an archived copy, http or https';
COMMENT ON COLUMN documents.publisher_id IS 'The source that published it';
COMMENT ON COLUMN documents.authors IS 'By-lines as printed';
COMMENT ON COLUMN documents.language IS 'BCP 47 tag';
COMMENT ON COLUMN documents.published_on IS 'When it was published';
COMMENT ON COLUMN documents.retrieved_at IS 'When the newsroom read it';
COMMENT ON COLUMN documents.derived_from_id IS 'The original of an altered image, of a translation';
COMMENT ON COLUMN documents.public IS 'Whether everybody sees it: something public refers to it';
COMMENT ON COLUMN documents.created_at IS 'When it was recorded, database time';
COMMENT ON COLUMN documents.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN documents.version IS 'Raised by one with every change; the ETag';
COMMENT ON COLUMN documents.search IS 'Words of title, description, authors and address, for q';
CREATE INDEX documents_public_idx ON documents (id) WHERE public;
CREATE INDEX documents_hidden_idx ON documents (newsroom_id, id) WHERE NOT public;
CREATE INDEX documents_url_normal_idx ON documents (url_normal) WHERE public;
CREATE INDEX documents_publisher_id_idx ON documents (publisher_id);
CREATE INDEX documents_derived_from_id_idx ON documents (derived_from_id);
CREATE INDEX documents_search_idx ON documents USING gin (search);
CREATE TRIGGER documents_set_version BEFORE UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION set_version();
