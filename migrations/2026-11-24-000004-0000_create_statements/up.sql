CREATE TABLE statements (
    id uuid CONSTRAINT statements_pkey PRIMARY KEY,
    newsroom_id uuid NOT NULL CONSTRAINT statements_newsroom_id_fkey REFERENCES newsrooms,
    claim_id uuid NOT NULL CONSTRAINT statements_claim_id_fkey REFERENCES claims,
    source_id uuid NOT NULL CONSTRAINT statements_source_id_fkey REFERENCES sources,
    stance text NOT NULL CONSTRAINT statements_stance_known CHECK (stance IN ('asserts', 'reports', 'confirms',
        'partly_confirms', 'comments', 'disputes', 'denies', 'declines_to_comment', 'no_response', 'retracts')),
    spoke_as nfc_text CONSTRAINT statements_spoke_as_length CHECK (char_length(spoke_as) BETWEEN 1 AND 300),
    on_behalf_of_id uuid CONSTRAINT statements_on_behalf_of_id_fkey REFERENCES sources,
    quote nfc_text CONSTRAINT statements_quote_length CHECK (char_length(quote) BETWEEN 1 AND 20000),
    quote_language text CONSTRAINT statements_quote_language_length CHECK (char_length(quote_language) BETWEEN 2 AND 35),
    quote_kind text CONSTRAINT statements_quote_kind_known CHECK (quote_kind IN ('verbatim', 'translated', 'paraphrase')),
    translation nfc_text CONSTRAINT statements_translation_length CHECK (char_length(translation) BETWEEN 1 AND 20000),
    said_on partial_date,
    document_id uuid CONSTRAINT statements_document_id_fkey REFERENCES documents,
    locator nfc_text CONSTRAINT statements_locator_length CHECK (char_length(locator) BETWEEN 1 AND 200),
    status text NOT NULL DEFAULT 'draft' CONSTRAINT statements_status_known CHECK (status IN ('draft', 'published', 'withdrawn')),
    withdrawn_reason nfc_text CONSTRAINT statements_withdrawn_reason_length CHECK (char_length(withdrawn_reason) BETWEEN 1 AND 2000),
    correction_note nfc_text CONSTRAINT statements_correction_note_length CHECK (char_length(correction_note) BETWEEN 1 AND 2000),
    note nfc_text CONSTRAINT statements_note_length CHECK (char_length(note) BETWEEN 1 AND 10000),
    public boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT statements_quote_has_language_and_kind CHECK (quote IS NULL OR (quote_language IS NOT NULL AND quote_kind IS NOT NULL)),
    CONSTRAINT statements_translation_needs_quote CHECK (translation IS NULL OR quote IS NOT NULL),
    CONSTRAINT statements_withdrawn_has_reason CHECK ((status = 'withdrawn') = (withdrawn_reason IS NOT NULL))
);
COMMENT ON TABLE statements IS 'A source taking a position on a claim, somewhere, on somebody''s word';
COMMENT ON COLUMN statements.id IS 'UUIDv7';
COMMENT ON COLUMN statements.newsroom_id IS 'The newsroom that recorded it';
COMMENT ON COLUMN statements.claim_id IS 'The claim it is about';
COMMENT ON COLUMN statements.source_id IS 'Who speaks';
COMMENT ON COLUMN statements.stance IS 'asserts, reports, confirms, partly_confirms, comments, disputes, denies, declines_to_comment, no_response or retracts';
COMMENT ON COLUMN statements.spoke_as IS 'The source''s role at the time, in words';
COMMENT ON COLUMN statements.on_behalf_of_id IS 'The source it speaks for';
COMMENT ON COLUMN statements.quote IS 'The words, in quote_language';
COMMENT ON COLUMN statements.quote_language IS 'BCP 47 tag of quote';
COMMENT ON COLUMN statements.quote_kind IS 'verbatim (the source''s own words), translated (a translation of them) or paraphrase (somebody else''s words)';
COMMENT ON COLUMN statements.translation IS 'quote in the newsroom''s language';
COMMENT ON COLUMN statements.said_on IS 'When it was said';
COMMENT ON COLUMN statements.document_id IS 'Where it first appeared';
COMMENT ON COLUMN statements.locator IS 'Where in that document: a page, a timestamp';
COMMENT ON COLUMN statements.status IS 'draft (newsroom only), published or withdrawn (final)';
COMMENT ON COLUMN statements.withdrawn_reason IS 'Why it was withdrawn; shown to everybody';
COMMENT ON COLUMN statements.correction_note IS 'What was last corrected after publication; shown to everybody';
COMMENT ON COLUMN statements.note IS 'For the newsroom''s members only, never public';
COMMENT ON COLUMN statements.public IS 'Whether everybody sees it: it is published and so is its claim';
COMMENT ON COLUMN statements.created_at IS 'When it was recorded, database time';
COMMENT ON COLUMN statements.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN statements.version IS 'Raised by one with every change; the ETag';
CREATE INDEX statements_public_idx ON statements (id) WHERE public;
CREATE INDEX statements_hidden_idx ON statements (newsroom_id, id) WHERE NOT public;
CREATE INDEX statements_claim_id_idx ON statements (claim_id, id);
CREATE INDEX statements_source_id_idx ON statements (source_id, id);
CREATE INDEX statements_on_behalf_of_id_idx ON statements (on_behalf_of_id) WHERE on_behalf_of_id IS NOT NULL;
CREATE INDEX statements_document_id_idx ON statements (document_id, id);
CREATE TRIGGER statements_set_version BEFORE UPDATE ON statements FOR EACH ROW EXECUTE FUNCTION set_version();

CREATE TABLE appearances (
    statement_id uuid NOT NULL CONSTRAINT appearances_statement_id_fkey REFERENCES statements ON DELETE CASCADE,
    document_id uuid NOT NULL CONSTRAINT appearances_document_id_fkey REFERENCES documents,
    locator nfc_text CONSTRAINT appearances_locator_length CHECK (char_length(locator) BETWEEN 1 AND 200),
    position integer NOT NULL,
    CONSTRAINT appearances_pkey PRIMARY KEY (statement_id, document_id)
);
COMMENT ON TABLE appearances IS 'Other documents that carry a statement';
COMMENT ON COLUMN appearances.statement_id IS 'The statement';
COMMENT ON COLUMN appearances.document_id IS 'The document that carries it';
COMMENT ON COLUMN appearances.locator IS 'Where in that document: a page, a timestamp';
COMMENT ON COLUMN appearances.position IS 'Place in the statement''s list, from 0';
CREATE INDEX appearances_document_id_idx ON appearances (document_id);

CREATE TABLE relies_on (
    statement_id uuid NOT NULL CONSTRAINT relies_on_statement_id_fkey REFERENCES statements ON DELETE CASCADE,
    relied_on_id uuid NOT NULL CONSTRAINT relies_on_relied_on_id_fkey REFERENCES statements
        CONSTRAINT relies_on_not_itself CHECK (relied_on_id <> statement_id),
    wording nfc_text CONSTRAINT relies_on_wording_length CHECK (char_length(wording) BETWEEN 1 AND 200),
    position integer NOT NULL,
    CONSTRAINT relies_on_pkey PRIMARY KEY (statement_id, relied_on_id)
);
COMMENT ON TABLE relies_on IS 'On whose word: one statement relying on another. Circles are allowed, they are a finding';
COMMENT ON COLUMN relies_on.statement_id IS 'The statement that relies';
COMMENT ON COLUMN relies_on.relied_on_id IS 'The statement relied on';
COMMENT ON COLUMN relies_on.wording IS 'How the reliance is worded, such as "citing"';
COMMENT ON COLUMN relies_on.position IS 'Place in the statement''s list, from 0';
CREATE INDEX relies_on_relied_on_id_idx ON relies_on (relied_on_id);
