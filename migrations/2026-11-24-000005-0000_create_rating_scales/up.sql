CREATE TABLE rating_scales (
    id uuid CONSTRAINT rating_scales_pkey PRIMARY KEY,
    newsroom_id uuid CONSTRAINT rating_scales_newsroom_id_fkey REFERENCES newsrooms,
    slug text NOT NULL CONSTRAINT rating_scales_slug_key UNIQUE
        CONSTRAINT rating_scales_slug_shape CHECK (slug ~ '^[a-z0-9]+([-_][a-z0-9]+)*$' AND char_length(slug) <= 100),
    name nfc_text NOT NULL CONSTRAINT rating_scales_name_length CHECK (char_length(name) BETWEEN 1 AND 300),
    description nfc_text CONSTRAINT rating_scales_description_length CHECK (char_length(description) BETWEEN 1 AND 5000),
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE rating_scales IS 'A set of ratings that belong together';
COMMENT ON COLUMN rating_scales.id IS 'UUIDv7';
COMMENT ON COLUMN rating_scales.newsroom_id IS 'The newsroom that made it; null for those that come with OnRecord';
COMMENT ON COLUMN rating_scales.slug IS 'Its name in addresses';
COMMENT ON COLUMN rating_scales.name IS 'Its name for readers';
COMMENT ON COLUMN rating_scales.description IS 'What it is for';
COMMENT ON COLUMN rating_scales.is_default IS 'Whether it is the scale to offer first; one is';
COMMENT ON COLUMN rating_scales.created_at IS 'When it was made, database time';
COMMENT ON COLUMN rating_scales.updated_at IS 'When it last changed, database time';
COMMENT ON COLUMN rating_scales.version IS 'Raised by one with every change of the scale or its ratings; the ETag';
CREATE UNIQUE INDEX rating_scales_one_default ON rating_scales (is_default) WHERE is_default;
CREATE INDEX rating_scales_newsroom_id_idx ON rating_scales (newsroom_id);
CREATE TRIGGER rating_scales_set_version BEFORE UPDATE ON rating_scales FOR EACH ROW EXECUTE FUNCTION set_version();

CREATE TABLE ratings (
    id uuid CONSTRAINT ratings_pkey PRIMARY KEY,
    scale_id uuid NOT NULL CONSTRAINT ratings_scale_id_fkey REFERENCES rating_scales ON DELETE CASCADE,
    slug text NOT NULL CONSTRAINT ratings_slug_shape CHECK (slug ~ '^[a-z0-9]+([-_][a-z0-9]+)*$' AND char_length(slug) <= 100),
    label nfc_text NOT NULL CONSTRAINT ratings_label_length CHECK (char_length(label) BETWEEN 1 AND 300),
    position integer NOT NULL CONSTRAINT ratings_position_from_1 CHECK (position >= 1),
    numeric_value integer CONSTRAINT ratings_numeric_value_from_1 CHECK (numeric_value >= 1),
    description nfc_text CONSTRAINT ratings_description_length CHECK (char_length(description) BETWEEN 1 AND 5000),
    labels jsonb NOT NULL DEFAULT '{}' CONSTRAINT ratings_labels_is_object CHECK (jsonb_typeof(labels) = 'object'),
    CONSTRAINT ratings_slug_key UNIQUE (scale_id, slug)
);
COMMENT ON TABLE ratings IS 'One step of a rating scale';
COMMENT ON COLUMN ratings.id IS 'UUIDv7';
COMMENT ON COLUMN ratings.scale_id IS 'The scale it belongs to';
COMMENT ON COLUMN ratings.slug IS 'Its name in addresses, unique within the scale';
COMMENT ON COLUMN ratings.label IS 'Its name for readers, in English unless the scale says otherwise (ClaimReview alternateName)';
COMMENT ON COLUMN ratings.position IS 'Place in the scale, from 1';
COMMENT ON COLUMN ratings.numeric_value IS '1 (least true) to n (most true); null: no point on a line of truth, such as "not rated"';
COMMENT ON COLUMN ratings.description IS 'When to use it';
COMMENT ON COLUMN ratings.labels IS 'label in other languages, by BCP 47 tag';

-- Fixed ids, so that bundles and examples may name the ratings that come with OnRecord.
INSERT INTO rating_scales (id, slug, name, description, is_default) VALUES
    ('01890000-0000-7000-8000-000000000100', 'true-false', 'True to false', 'Five steps from false to true, as in Google''s ClaimReview guidelines', true),
    ('01890000-0000-7000-8000-000000000200', 'truth-o-meter', 'Truth meter', 'Six steps from an absurd falsehood to the truth, in the manner of PolitiFact', false),
    ('01890000-0000-7000-8000-000000000300', 'contested', 'Contested or manipulated', 'For what is contested, unproven, manipulated, or no factual claim at all', false);
INSERT INTO ratings (id, scale_id, slug, label, position, numeric_value, description, labels) VALUES
    ('01890000-0000-7000-8000-000000000101', '01890000-0000-7000-8000-000000000100', 'false', 'False', 1, 1, 'The evidence contradicts the claim', '{"it": "Falso", "fr": "Faux", "de": "Falsch", "es": "Falso"}'),
    ('01890000-0000-7000-8000-000000000102', '01890000-0000-7000-8000-000000000100', 'mostly_false', 'Mostly false', 2, 2, 'A grain of truth, but the main point is wrong', '{"it": "Per lo più falso", "fr": "Plutôt faux", "de": "Größtenteils falsch", "es": "Mayormente falso"}'),
    ('01890000-0000-7000-8000-000000000103', '01890000-0000-7000-8000-000000000100', 'half_true', 'Half true', 3, 3, 'As much of it is right as is wrong', '{"it": "Vero a metà", "fr": "À moitié vrai", "de": "Halb wahr", "es": "Verdad a medias"}'),
    ('01890000-0000-7000-8000-000000000104', '01890000-0000-7000-8000-000000000100', 'mostly_true', 'Mostly true', 4, 4, 'The main point is right, details are not', '{"it": "Per lo più vero", "fr": "Plutôt vrai", "de": "Größtenteils wahr", "es": "Mayormente verdadero"}'),
    ('01890000-0000-7000-8000-000000000105', '01890000-0000-7000-8000-000000000100', 'true', 'True', 5, 5, 'The evidence bears the claim out', '{"it": "Vero", "fr": "Vrai", "de": "Wahr", "es": "Verdadero"}'),
    ('01890000-0000-7000-8000-000000000106', '01890000-0000-7000-8000-000000000100', 'not_rated', 'Not rated', 6, NULL, 'Looked at, and left without a rating', '{"it": "Non valutato", "fr": "Non évalué", "de": "Nicht bewertet", "es": "Sin calificar"}'),
    ('01890000-0000-7000-8000-000000000201', '01890000-0000-7000-8000-000000000200', 'pants_on_fire', 'Pants on fire', 1, 1, 'Not accurate, and ridiculous', '{}'),
    ('01890000-0000-7000-8000-000000000202', '01890000-0000-7000-8000-000000000200', 'false', 'False', 2, 2, 'Not accurate', '{}'),
    ('01890000-0000-7000-8000-000000000203', '01890000-0000-7000-8000-000000000200', 'mostly_false', 'Mostly false', 3, 3, 'An element of truth, but ignores critical facts', '{}'),
    ('01890000-0000-7000-8000-000000000204', '01890000-0000-7000-8000-000000000200', 'half_true', 'Half true', 4, 4, 'Partly accurate, but leaves out important details', '{}'),
    ('01890000-0000-7000-8000-000000000205', '01890000-0000-7000-8000-000000000200', 'mostly_true', 'Mostly true', 5, 5, 'Accurate, but needs clarification', '{}'),
    ('01890000-0000-7000-8000-000000000206', '01890000-0000-7000-8000-000000000200', 'true', 'True', 6, 6, 'Accurate, with nothing significant missing', '{}'),
    ('01890000-0000-7000-8000-000000000207', '01890000-0000-7000-8000-000000000200', 'not_rated', 'Not rated', 7, NULL, 'Looked at, and left without a rating', '{}'),
    ('01890000-0000-7000-8000-000000000301', '01890000-0000-7000-8000-000000000300', 'disputed', 'Disputed', 1, NULL, 'Parties contradict each other and the evidence does not decide', '{"it": "Controverso", "fr": "Contesté", "de": "Umstritten", "es": "Disputado"}'),
    ('01890000-0000-7000-8000-000000000302', '01890000-0000-7000-8000-000000000300', 'unproven', 'Unproven', 2, NULL, 'Nothing found proves or refutes it', '{"it": "Non provato", "fr": "Non prouvé", "de": "Unbelegt", "es": "Sin pruebas"}'),
    ('01890000-0000-7000-8000-000000000303', '01890000-0000-7000-8000-000000000300', 'missing_context', 'Missing context', 3, NULL, 'Misleads without information that is left out', '{"it": "Contesto mancante", "fr": "Manque de contexte", "de": "Fehlender Kontext", "es": "Falta contexto"}'),
    ('01890000-0000-7000-8000-000000000304', '01890000-0000-7000-8000-000000000300', 'out_of_context', 'Out of context', 4, NULL, 'Real matter shown as something that it is not', '{"it": "Fuori contesto", "fr": "Hors contexte", "de": "Aus dem Zusammenhang gerissen", "es": "Fuera de contexto"}'),
    ('01890000-0000-7000-8000-000000000305', '01890000-0000-7000-8000-000000000300', 'altered', 'Altered', 5, NULL, 'An image, recording or text that was manipulated', '{"it": "Alterato", "fr": "Altéré", "de": "Manipuliert", "es": "Alterado"}'),
    ('01890000-0000-7000-8000-000000000306', '01890000-0000-7000-8000-000000000300', 'satire', 'Satire', 6, NULL, 'Made as satire, and taken seriously', '{"it": "Satira", "fr": "Satire", "de": "Satire", "es": "Sátira"}'),
    ('01890000-0000-7000-8000-000000000307', '01890000-0000-7000-8000-000000000300', 'not_a_factual_claim', 'Not a factual claim', 7, NULL, 'An opinion, a promise or a prediction', '{"it": "Non è un''affermazione di fatto", "fr": "Pas une affirmation factuelle", "de": "Keine Tatsachenbehauptung", "es": "No es una afirmación de hecho"}');
