CREATE TABLE verdicts (
    id uuid CONSTRAINT verdicts_pkey PRIMARY KEY,
    newsroom_id uuid NOT NULL CONSTRAINT verdicts_newsroom_id_fkey REFERENCES newsrooms,
    claim_id uuid NOT NULL CONSTRAINT verdicts_claim_id_fkey REFERENCES claims,
    rating_id uuid CONSTRAINT verdicts_rating_id_fkey REFERENCES ratings,
    title nfc_text CONSTRAINT verdicts_title_length CHECK (char_length(title) BETWEEN 1 AND 500),
    summary nfc_text CONSTRAINT verdicts_summary_length CHECK (char_length(summary) BETWEEN 1 AND 5000),
    explanation nfc_text CONSTRAINT verdicts_explanation_length CHECK (char_length(explanation) BETWEEN 1 AND 100000),
    language text CONSTRAINT verdicts_language_length CHECK (char_length(language) BETWEEN 2 AND 35),
    url nfc_text CONSTRAINT verdicts_url_length CHECK (char_length(url) BETWEEN 1 AND 2000),
    reviewed_on partial_date,
    author_id uuid CONSTRAINT verdicts_author_id_fkey REFERENCES sources,
    claim_reviewed nfc_text,
    status text NOT NULL DEFAULT 'draft' CONSTRAINT verdicts_status_known CHECK (status IN ('draft', 'published')),
    supersedes_id uuid CONSTRAINT verdicts_supersedes_id_fkey REFERENCES verdicts
        CONSTRAINT verdicts_not_its_own_successor CHECK (supersedes_id <> id),
    correction_note nfc_text CONSTRAINT verdicts_correction_note_length CHECK (char_length(correction_note) BETWEEN 1 AND 2000),
    public boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT verdicts_published_complete
        CHECK (status <> 'published' OR (rating_id IS NOT NULL AND summary IS NOT NULL AND reviewed_on IS NOT NULL))
);
COMMENT ON TABLE verdicts IS 'A conclusion on a claim';
COMMENT ON COLUMN verdicts.id IS 'UUIDv7';
COMMENT ON COLUMN verdicts.newsroom_id IS 'The newsroom that recorded it';
COMMENT ON COLUMN verdicts.claim_id IS 'The claim it is about';
COMMENT ON COLUMN verdicts.rating_id IS 'The rating given';
COMMENT ON COLUMN verdicts.title IS 'Headline';
COMMENT ON COLUMN verdicts.summary IS 'The conclusion in a sentence or two';
COMMENT ON COLUMN verdicts.explanation IS 'The reasoning, in Markdown';
COMMENT ON COLUMN verdicts.language IS 'BCP 47 tag of title, summary and explanation';
COMMENT ON COLUMN verdicts.url IS 'Where the review is published, http or https';
COMMENT ON COLUMN verdicts.reviewed_on IS 'When the conclusion was reached';
COMMENT ON COLUMN verdicts.author_id IS 'The source whose review it is; null: the newsroom''s own';
COMMENT ON COLUMN verdicts.claim_reviewed IS 'The claim''s text when the verdict was published';
COMMENT ON COLUMN verdicts.status IS 'draft (newsroom only) or published';
COMMENT ON COLUMN verdicts.supersedes_id IS 'The earlier verdict on the claim that this one replaces';
COMMENT ON COLUMN verdicts.correction_note IS 'What was corrected; shown to everybody';
COMMENT ON COLUMN verdicts.public IS 'Whether everybody sees it';
COMMENT ON COLUMN verdicts.created_at IS 'When it was recorded, database time';
COMMENT ON COLUMN verdicts.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN verdicts.version IS 'Raised by one with every change; the ETag';
CREATE INDEX verdicts_public_idx ON verdicts (id) WHERE public;
CREATE INDEX verdicts_hidden_idx ON verdicts (newsroom_id, id) WHERE NOT public;
CREATE INDEX verdicts_claim_id_idx ON verdicts (claim_id, id);
CREATE INDEX verdicts_rating_id_idx ON verdicts (rating_id, id);
CREATE INDEX verdicts_author_id_idx ON verdicts (author_id) WHERE author_id IS NOT NULL;
CREATE INDEX verdicts_supersedes_id_idx ON verdicts (supersedes_id) WHERE supersedes_id IS NOT NULL;
CREATE TRIGGER verdicts_set_version BEFORE UPDATE ON verdicts FOR EACH ROW EXECUTE FUNCTION set_version();

CREATE TABLE evidence (
    verdict_id uuid NOT NULL CONSTRAINT evidence_verdict_id_fkey REFERENCES verdicts ON DELETE CASCADE,
    statement_id uuid CONSTRAINT evidence_statement_id_fkey REFERENCES statements,
    document_id uuid CONSTRAINT evidence_document_id_fkey REFERENCES documents,
    bearing text NOT NULL CONSTRAINT evidence_bearing_known CHECK (bearing IN ('supports', 'refutes', 'context')),
    note nfc_text CONSTRAINT evidence_note_length CHECK (char_length(note) BETWEEN 1 AND 5000),
    position integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT evidence_pkey PRIMARY KEY,
    CONSTRAINT evidence_statement_or_document CHECK (num_nonnulls(statement_id, document_id) = 1),
    CONSTRAINT evidence_cited_once UNIQUE NULLS NOT DISTINCT (verdict_id, statement_id, document_id)
);
COMMENT ON TABLE evidence IS 'What a verdict rests on: statements and documents, each once';
COMMENT ON COLUMN evidence.verdict_id IS 'The verdict';
COMMENT ON COLUMN evidence.statement_id IS 'The statement cited; null where a document is';
COMMENT ON COLUMN evidence.document_id IS 'The document cited; null where a statement is';
COMMENT ON COLUMN evidence.bearing IS 'supports, refutes or context: how it bears on the claim';
COMMENT ON COLUMN evidence.note IS 'What it shows; public with the verdict';
COMMENT ON COLUMN evidence.position IS 'Place in the verdict''s list, from 0';
COMMENT ON COLUMN evidence.id IS 'Row number, never shown';
CREATE INDEX evidence_statement_id_idx ON evidence (statement_id) WHERE statement_id IS NOT NULL;
CREATE INDEX evidence_document_id_idx ON evidence (document_id) WHERE document_id IS NOT NULL;
