-- One index over all that is searched: claims, statements' quotes, verdicts, sources and documents, each in an entry of its own that
-- is written with its record. Who may see a record may find it.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Han, kana, Hangul, Thai, Lao, Burmese and Khmer: scripts that are written without blanks, or with particles joined to the words.
CREATE FUNCTION without_blanks() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '\u0E00-\u0EFF\u1000-\u109F\u1780-\u17FF\u3005-\u3007\u3040-\u30FF\u31F0-\u31FF\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7A3\uF900-\uFAFF\U00020000-\U0003FFFF';
COMMENT ON FUNCTION without_blanks() IS 'The scripts whose sentences do not fall into words at blanks, as ranges of a regular expression';

CREATE FUNCTION split_script(said text, singles boolean) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT string_agg(CASE WHEN part !~ ('^[' || without_blanks() || ']') OR char_length(part) = 1 THEN part
                           ELSE (SELECT string_agg(CASE WHEN singles THEN concat(one, next, ' ', one) ELSE one || next END, ' ' ORDER BY at)
                                 FROM (SELECT at, one, lead(one) OVER (ORDER BY at) AS next FROM string_to_table(part, NULL) WITH ORDINALITY AS c(one, at)) AS pairs
                                 WHERE singles OR next IS NOT NULL) END, ' ' ORDER BY n)
    FROM regexp_matches(said, '[' || without_blanks() || ']+|[^' || without_blanks() || ']+', 'g') WITH ORDINALITY AS m(parts, n)
    CROSS JOIN LATERAL (SELECT parts[1]) AS p(part)
$$;
COMMENT ON FUNCTION split_script(text, boolean) IS 'The text with each run of a script without blanks as its overlapping pairs of characters, and the single characters where asked for';

CREATE FUNCTION without_accents(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(normalize(regexp_replace(normalize(said, NFD), '[\u0300-\u036f]', '', 'g'), NFC), 'øđłħŧıØĐŁĦŦ', 'odlhtiODLHT');
COMMENT ON FUNCTION without_accents(text) IS 'The text without the marks above, through and below Latin, Greek and Cyrillic letters';

-- A mark that stands alone would leave an empty word.
CREATE FUNCTION as_searched(said text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain CONSTANT text := regexp_replace(normalize(said, NFKC), '(^|[^[:alnum:]])[\u0300-\u036f\u00B4\u00A8\u02B0-\u02FF]+', '\1 ', 'g');
BEGIN
    RETURN plain;
END $$;
COMMENT ON FUNCTION as_searched(text) IS 'The text in compatibility form, without marks that belong to no letter';

CREATE FUNCTION is_ascii(said text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN octet_length(said) = char_length(said);
COMMENT ON FUNCTION is_ascii(text) IS 'Whether the text has ASCII characters only';

-- Stemmed as it is written, and the stems without accents: a stemmer goes by them.
CREATE FUNCTION words_of(config regconfig, said text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain CONSTANT text := CASE WHEN NOT is_ascii(said) THEN as_searched(said) END;
BEGIN
    IF plain IS NULL THEN
        RETURN to_tsvector(config, coalesce(said, ''));
    END IF;
    RETURN without_accents(to_tsvector(config, CASE WHEN plain ~ ('[' || without_blanks() || ']') THEN split_script(plain, true) ELSE plain END)::text)::tsvector;
END $$;
COMMENT ON FUNCTION words_of(regconfig, text) IS 'The words of a text by the rules of a language, as the index keeps them';

CREATE FUNCTION term_in(config regconfig, term text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain CONSTANT text := CASE WHEN is_ascii(term) THEN term ELSE as_searched(term) END;
BEGIN
    RETURN without_accents(CASE WHEN plain ~ ('[' || without_blanks() || ']') THEN plainto_tsquery(config, split_script(plain, false))
                                ELSE phraseto_tsquery(config, plain) END::text);
END $$;
COMMENT ON FUNCTION term_in(regconfig, text) IS 'A word or phrase to be searched, by the rules of a language, as tsquery in text form; empty where the language gives it no meaning';

CREATE FUNCTION text_key(said text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN md5(btrim(regexp_replace(lower(normalize(said, NFKC)), '[[:space:][:punct:]]+', ' ', 'g')))::uuid;
COMMENT ON FUNCTION text_key(text) IS 'The same for texts that differ in case, width, blanks and punctuation only';

CREATE FUNCTION address_key(url text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT md5(lower(host) || coalesce(nullif(rtrim(regexp_replace(regexp_replace(regexp_replace(substr(bare, length(host) + 1),
            '([?&])(utm_[^&]*|fbclid=[^&]*|gclid=[^&]*)(?=&|$)', '\1', 'g'), '([?&])&+', '\1', 'g'), '[?&]+$', ''), '/'), ''), ''))::uuid
    FROM (SELECT regexp_replace(split_part(url, '#', 1), '^(https?://[^/?]*?):(80|443)(?=[/?]|$)', '\1', 'i')) AS b(bare)
    CROSS JOIN LATERAL (SELECT substring(bare FROM '^[^/]*//[^/?]*')) AS h(host)
$$;
COMMENT ON FUNCTION address_key(text) IS 'The same for addresses that differ in the case of the host, a default port, a last slash, the fragment and tracking parameters only';

CREATE TABLE search_entries (
    record_id uuid CONSTRAINT search_entries_pkey PRIMARY KEY,
    noun text NOT NULL CONSTRAINT search_entries_noun_known CHECK (noun IN ('claim', 'statement', 'verdict', 'source', 'document')),
    claim_id uuid,
    newsroom_id uuid NOT NULL,
    public boolean NOT NULL,
    name text,
    key uuid,
    words tsvector NOT NULL
);
COMMENT ON TABLE search_entries IS 'What is found by its words: one row for each claim, statement with a quote, verdict that is not replaced or retracted, source and document; written by triggers';
COMMENT ON COLUMN search_entries.record_id IS 'The record';
COMMENT ON COLUMN search_entries.noun IS 'claim, statement, verdict, source or document';
COMMENT ON COLUMN search_entries.claim_id IS 'The claim that is found: itself, or that of the statement or verdict';
COMMENT ON COLUMN search_entries.newsroom_id IS 'The newsroom that recorded it';
COMMENT ON COLUMN search_entries.public IS 'Whether everybody finds it, or its newsroom only';
COMMENT ON COLUMN search_entries.name IS 'Names or title, folded, for those that are found with typing errors; of a claim the beginning of its text';
COMMENT ON COLUMN search_entries.key IS 'text_key of a claim''s text, address_key of a verdict''s url';
COMMENT ON COLUMN search_entries.words IS 'Its words: A for text, quote, title or name, B for context, translation, summary or description; and =english for each configuration they were read by';
CREATE INDEX search_entries_words_idx ON search_entries USING gin (words) WITH (gin_pending_list_limit = 512);
CREATE INDEX search_entries_claim_id_idx ON search_entries (claim_id);
CREATE INDEX search_entries_key_idx ON search_entries (key) WHERE key IS NOT NULL;
CREATE INDEX search_entries_name_idx ON search_entries (noun, name text_pattern_ops) WHERE name IS NOT NULL;
CREATE INDEX search_entries_name_trgm_idx ON search_entries USING gin (name gin_trgm_ops) WITH (gin_pending_list_limit = 512) WHERE noun <> 'claim' AND name IS NOT NULL;

-- Which rules a query is read by: those of the languages that somebody has written in.
CREATE TABLE search_languages (
    config regconfig CONSTRAINT search_languages_pkey PRIMARY KEY
);
COMMENT ON TABLE search_languages IS 'The text search configurations that entries were read by; simple stands for all languages without one';
COMMENT ON COLUMN search_languages.config IS 'The configuration';

CREATE FUNCTION folded_name(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(CASE WHEN is_ascii(said) THEN lower(said) ELSE lower(without_accents(normalize(said, NFKC))) END, 120);
COMMENT ON FUNCTION folded_name(text) IS 'The beginning of a name or title, in lower case and without accents';

CREATE FUNCTION read_by(config regconfig) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN array_to_tsvector(ARRAY['=' || config::text]);
COMMENT ON FUNCTION read_by(regconfig) IS 'The word that says by which configuration others were read';

CREATE FUNCTION words_in(language text, first text, second text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(words_of(search_config(language), first), 'A') || setweight(words_of(search_config(language), second), 'B') || read_by(search_config(language));
COMMENT ON FUNCTION words_in(text, text, text) IS 'The words of two texts in one language, those of the first weighing A, those of the second B';

CREATE FUNCTION entry_of(claim claims) RETURNS search_entries LANGUAGE sql STABLE
RETURN ROW(claim.id, 'claim', claim.id, claim.newsroom_id, claim.status = 'published', folded_name(claim.text), text_key(claim.text),
           words_in(claim.language, claim.text, claim.context))::search_entries;
COMMENT ON FUNCTION entry_of(claims) IS 'How a claim is found';

CREATE FUNCTION entry_of(statement statements) RETURNS search_entries LANGUAGE plpgsql STABLE AS $$
DECLARE
    -- A translation is in the newsroom's language, as the claim is.
    ours text;
BEGIN
    IF statement.quote IS NULL OR statement.status = 'withdrawn' THEN
        RETURN NULL;
    END IF;
    IF statement.translation IS NOT NULL THEN
        SELECT language INTO ours FROM claims WHERE id = statement.claim_id;
    END IF;
    RETURN ROW(statement.id, 'statement', statement.claim_id, statement.newsroom_id, statement.public, NULL, NULL,
               words_in(statement.quote_language, statement.quote, NULL)
                   || CASE WHEN ours IS NULL THEN '' ELSE words_in(ours, NULL, statement.translation) END)::search_entries;
END $$;
COMMENT ON FUNCTION entry_of(statements) IS 'How a statement with a quote is found';

CREATE FUNCTION entry_of(verdict verdicts) RETURNS search_entries LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF verdict.status IN ('superseded', 'retracted') OR num_nonnulls(verdict.title, verdict.summary, verdict.url) = 0 THEN
        RETURN NULL;
    END IF;
    RETURN ROW(verdict.id, 'verdict', verdict.claim_id, verdict.newsroom_id, verdict.public, folded_name(verdict.title), address_key(verdict.url),
               words_in(coalesce(verdict.language, (SELECT language FROM claims WHERE id = verdict.claim_id)), verdict.title, verdict.summary))::search_entries;
END $$;
COMMENT ON FUNCTION entry_of(verdicts) IS 'How a verdict is found';

CREATE FUNCTION entry_of(source sources) RETURNS search_entries LANGUAGE sql STABLE
RETURN ROW(source.id, 'source', NULL, source.newsroom_id, source.public, folded_name(joined(source.name || source.aliases)), NULL,
           words_in('und', joined(source.name || source.aliases), source.description))::search_entries;
COMMENT ON FUNCTION entry_of(sources) IS 'How a source is found';

CREATE FUNCTION entry_of(document documents) RETURNS search_entries LANGUAGE sql STABLE
RETURN ROW(document.id, 'document', NULL, document.newsroom_id, document.public, folded_name(document.title), NULL,
           words_in(document.language, document.title, document.description)
               || words_in('und', NULL, concat_ws(' ', joined(document.authors), document.url)))::search_entries;
COMMENT ON FUNCTION entry_of(documents) IS 'How a document is found';

CREATE FUNCTION put_entry(entry search_entries) RETURNS void LANGUAGE sql AS $$
    INSERT INTO search_entries SELECT entry.* ON CONFLICT (record_id) DO UPDATE
        SET claim_id = entry.claim_id, public = entry.public, name = entry.name, key = entry.key, words = entry.words
        WHERE (search_entries.claim_id, search_entries.public, search_entries.name, search_entries.key, search_entries.words)
            IS DISTINCT FROM (entry.claim_id, entry.public, entry.name, entry.key, entry.words)
$$;
COMMENT ON FUNCTION put_entry(search_entries) IS 'Writes an entry anew';

CREATE FUNCTION keep_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry search_entries;
BEGIN
    IF TG_OP <> 'DELETE' THEN
        entry := entry_of(NEW);
        INSERT INTO search_languages SELECT substr(word, 2)::regconfig FROM unnest(tsvector_to_array(entry.words)) AS t(word)
            WHERE word LIKE '=%' AND NOT EXISTS (SELECT FROM search_languages WHERE config = substr(word, 2)::regconfig) ON CONFLICT DO NOTHING;
    END IF;
    IF TG_OP = 'INSERT' AND entry.record_id IS NOT NULL THEN
        INSERT INTO search_entries SELECT entry.*;
    ELSIF entry.record_id IS NOT NULL THEN
        PERFORM put_entry(entry);
    ELSIF TG_OP <> 'INSERT' THEN
        DELETE FROM search_entries WHERE record_id = OLD.id;
    END IF;
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'claims' AND to_jsonb(NEW) ->> 'language' <> to_jsonb(OLD) ->> 'language' THEN
        PERFORM put_entry(kept) FROM (SELECT * FROM statements WHERE claim_id = NEW.id AND translation IS NOT NULL ORDER BY id FOR NO KEY UPDATE) AS statements
            CROSS JOIN LATERAL entry_of(ROW(statements.*)::statements) AS kept WHERE kept.record_id IS NOT NULL;
        PERFORM put_entry(kept) FROM (SELECT * FROM verdicts WHERE claim_id = NEW.id AND language IS NULL ORDER BY id FOR NO KEY UPDATE) AS verdicts
            CROSS JOIN LATERAL entry_of(ROW(verdicts.*)::verdicts) AS kept WHERE kept.record_id IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_entry() IS 'Keeps what a record is found by with the record';

CREATE TRIGGER claims_keep_new_entry AFTER INSERT OR DELETE ON claims FOR EACH ROW EXECUTE FUNCTION keep_entry();
CREATE TRIGGER claims_keep_entry AFTER UPDATE OF text, context, language, status ON claims FOR EACH ROW
    WHEN ((NEW.text, NEW.context, NEW.language, NEW.status) IS DISTINCT FROM (OLD.text, OLD.context, OLD.language, OLD.status))
    EXECUTE FUNCTION keep_entry();
CREATE TRIGGER statements_keep_new_entry AFTER INSERT OR DELETE ON statements FOR EACH ROW EXECUTE FUNCTION keep_entry();
CREATE TRIGGER statements_keep_entry AFTER UPDATE ON statements FOR EACH ROW
    WHEN ((NEW.claim_id, NEW.quote, NEW.quote_language, NEW.translation, NEW.status, NEW.public)
        IS DISTINCT FROM (OLD.claim_id, OLD.quote, OLD.quote_language, OLD.translation, OLD.status, OLD.public))
    EXECUTE FUNCTION keep_entry();
CREATE TRIGGER verdicts_keep_new_entry AFTER INSERT OR DELETE ON verdicts FOR EACH ROW EXECUTE FUNCTION keep_entry();
CREATE TRIGGER verdicts_keep_entry AFTER UPDATE ON verdicts FOR EACH ROW
    WHEN ((NEW.claim_id, NEW.title, NEW.summary, NEW.language, NEW.url, NEW.status, NEW.public)
        IS DISTINCT FROM (OLD.claim_id, OLD.title, OLD.summary, OLD.language, OLD.url, OLD.status, OLD.public))
    EXECUTE FUNCTION keep_entry();
CREATE TRIGGER sources_keep_new_entry AFTER INSERT OR DELETE ON sources FOR EACH ROW EXECUTE FUNCTION keep_entry();
CREATE TRIGGER sources_keep_entry AFTER UPDATE ON sources FOR EACH ROW
    WHEN ((NEW.name, NEW.aliases, NEW.description, NEW.public) IS DISTINCT FROM (OLD.name, OLD.aliases, OLD.description, OLD.public))
    EXECUTE FUNCTION keep_entry();
CREATE TRIGGER documents_keep_new_entry AFTER INSERT OR DELETE ON documents FOR EACH ROW EXECUTE FUNCTION keep_entry();
CREATE TRIGGER documents_keep_entry AFTER UPDATE ON documents FOR EACH ROW
    WHEN ((NEW.title, NEW.description, NEW.authors, NEW.url, NEW.language, NEW.public)
        IS DISTINCT FROM (OLD.title, OLD.description, OLD.authors, OLD.url, OLD.language, OLD.public))
    EXECUTE FUNCTION keep_entry();

-- How often each word occurs, for matching. A write appends what it adds and takes away; the service folds that into the counts.
CREATE TABLE word_counts (
    word text COLLATE "C" CONSTRAINT word_counts_pkey PRIMARY KEY,
    entries bigint NOT NULL
);
COMMENT ON TABLE word_counts IS 'In how many public entries of claims, statements and verdicts each word occurs; =english and so on: how many were read by that configuration';
COMMENT ON COLUMN word_counts.word IS 'The word as the index has it';
COMMENT ON COLUMN word_counts.entries IS 'How many entries have it';

CREATE TABLE word_deltas (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT word_deltas_pkey PRIMARY KEY,
    change integer NOT NULL CONSTRAINT word_deltas_change_known CHECK (change IN (-1, 1)),
    words tsvector NOT NULL
);
COMMENT ON TABLE word_deltas IS 'What is to be folded into word_counts';
COMMENT ON COLUMN word_deltas.id IS 'Rises';
COMMENT ON COLUMN word_deltas.change IS '1: an entry with these words came; -1: it went';
COMMENT ON COLUMN word_deltas.words IS 'The entry''s words';

CREATE FUNCTION note_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('DELETE', 'UPDATE') THEN
        INSERT INTO word_deltas (change, words) SELECT -1, words FROM was WHERE public AND claim_id IS NOT NULL;
    END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        INSERT INTO word_deltas (change, words) SELECT 1, words FROM becomes WHERE public AND claim_id IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_words() IS 'Appends which words came and went';
CREATE TRIGGER search_entries_note_new_words AFTER INSERT ON search_entries REFERENCING NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION note_words();
CREATE TRIGGER search_entries_note_words AFTER UPDATE ON search_entries REFERENCING OLD TABLE AS was NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION note_words();
CREATE TRIGGER search_entries_note_gone_words AFTER DELETE ON search_entries REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION note_words();

CREATE FUNCTION fold_words(at_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    folded integer;
BEGIN
    -- One at a time; what another is at, it does.
    IF NOT pg_try_advisory_xact_lock(hashtext('onrecord words')) THEN
        RETURN 0;
    END IF;
    WITH taken AS (
        DELETE FROM word_deltas WHERE id IN (SELECT id FROM word_deltas ORDER BY id LIMIT at_most) RETURNING change, words
    ), counted AS (
        INSERT INTO word_counts SELECT lexeme, sum(change) FROM taken CROSS JOIN LATERAL unnest(words) GROUP BY lexeme HAVING sum(change) <> 0 ORDER BY lexeme
        ON CONFLICT (word) DO UPDATE SET entries = word_counts.entries + excluded.entries
    ) SELECT count(*) INTO folded FROM taken;
    RETURN folded;
END $$;
COMMENT ON FUNCTION fold_words(integer) IS 'Folds so many changes into the counts of words; answers how many there were, 0 while another does it';

CREATE FUNCTION wanted_stems(said text) RETURNS text[] LANGUAGE sql STABLE
RETURN ARRAY(SELECT DISTINCT word FROM search_languages CROSS JOIN LATERAL unnest(tsvector_to_array(words_of(config, said))) AS t(word));
COMMENT ON FUNCTION wanted_stems(text) IS 'The words of a text by the rules of every language in use';

-- The last word may be unfinished: it stands for the most frequent words that begin so. Of words in many claims nothing is suggested:
-- gathering them takes longer than typing the next letter.
CREATE FUNCTION claims_suggested(typed text, OUT rarest text, OUT wanted text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    whole CONSTANT text := substring(typed FROM '^(.*\s)\S*$');
    begun CONSTANT text := folded_name(substring(typed FROM '\S*$'));
    likeliest text;
    frequency bigint;
BEGIN
    IF whole IS NOT NULL THEN
        SELECT '(' || string_agg(DISTINCT '(' || meaning || ')', ' | ') || ')' INTO wanted FROM search_languages
            CROSS JOIN LATERAL term_in(config, whole) AS m(meaning) WHERE meaning <> '';
    END IF;
    IF begun <> '' THEN
        SELECT '(' || string_agg(quote_literal(word), ' | ') || ')', sum(entries) INTO likeliest, frequency FROM (
            SELECT word, entries FROM (
                (SELECT word, entries FROM word_counts WHERE word >= begun AND word < begun || U&'\+10FFFF' AND entries > 0 AND word NOT LIKE '=%' ORDER BY word LIMIT 2000)
                UNION SELECT word, entries FROM word_counts WHERE word = ANY (wanted_stems(begun))) AS begins
            ORDER BY entries DESC LIMIT 8) AS likeliest;
        IF likeliest IS NULL THEN
            RETURN;
        END IF;
        wanted := concat_ws(' & ', wanted, likeliest);
        rarest := likeliest;
    END IF;
    IF frequency IS NULL OR frequency > 2000 THEN
        SELECT quote_literal(word), entries INTO rarest, frequency FROM word_counts WHERE word = ANY (wanted_stems(whole)) AND entries > 0
            ORDER BY entries LIMIT 1;
    END IF;
    IF frequency IS NULL OR frequency > 2000 THEN
        rarest := NULL;
    END IF;
END $$;
COMMENT ON FUNCTION claims_suggested(text) IS 'The words typed so far as tsquery in text form, the last one unfinished, and the rarest of them, which few claims have; that is null where more than some 2,000 may';

-- What is there already.
INSERT INTO search_entries SELECT entry.* FROM claims CROSS JOIN LATERAL entry_of(claims) AS entry;
INSERT INTO search_entries SELECT entry.* FROM statements CROSS JOIN LATERAL entry_of(statements) AS entry WHERE entry.record_id IS NOT NULL;
INSERT INTO search_entries SELECT entry.* FROM verdicts CROSS JOIN LATERAL entry_of(verdicts) AS entry WHERE entry.record_id IS NOT NULL;
INSERT INTO search_entries SELECT entry.* FROM sources CROSS JOIN LATERAL entry_of(sources) AS entry;
INSERT INTO search_entries SELECT entry.* FROM documents CROSS JOIN LATERAL entry_of(documents) AS entry;
INSERT INTO search_languages SELECT DISTINCT substr(word, 2)::regconfig FROM search_entries CROSS JOIN LATERAL unnest(tsvector_to_array(words)) AS t(word)
    WHERE word LIKE '=%';

-- No release had these.
DROP FUNCTION claims_matching(text);
ALTER TABLE claims DROP COLUMN search;
ALTER TABLE sources DROP COLUMN search;
ALTER TABLE documents DROP COLUMN search;
