ALTER TABLE search_entries DROP COLUMN language, DROP COLUMN topics, DROP COLUMN claimed_on;
DROP TRIGGER claims_keep_entry ON claims;
CREATE TRIGGER claims_keep_entry AFTER UPDATE OF text, context, language, status ON claims FOR EACH ROW
    WHEN ((NEW.text, NEW.context, NEW.language, NEW.status) IS DISTINCT FROM (OLD.text, OLD.context, OLD.language, OLD.status))
    EXECUTE FUNCTION keep_entry();
CREATE OR REPLACE FUNCTION keep_entry() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION put_entry(entry search_entries) RETURNS void LANGUAGE sql AS $$
    INSERT INTO search_entries SELECT entry.* ON CONFLICT (record_id) DO UPDATE
        SET claim_id = entry.claim_id, public = entry.public, name = entry.name, key = entry.key, words = entry.words
        WHERE (search_entries.claim_id, search_entries.public, search_entries.name, search_entries.key, search_entries.words)
            IS DISTINCT FROM (entry.claim_id, entry.public, entry.name, entry.key, entry.words)
$$;
CREATE OR REPLACE FUNCTION entry_of(document documents) RETURNS search_entries LANGUAGE sql STABLE
RETURN ROW(document.id, 'document', NULL, document.newsroom_id, document.public, folded_name(document.title), NULL,
           words_in(document.language, document.title, document.description)
               || words_in('und', NULL, concat_ws(' ', joined(document.authors), document.url)))::search_entries;
CREATE OR REPLACE FUNCTION entry_of(source sources) RETURNS search_entries LANGUAGE sql STABLE
RETURN ROW(source.id, 'source', NULL, source.newsroom_id, source.public, folded_name(joined(source.name || source.aliases)), NULL,
           words_in('und', joined(source.name || source.aliases), source.description))::search_entries;
CREATE OR REPLACE FUNCTION entry_of(verdict verdicts) RETURNS search_entries LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF verdict.status IN ('superseded', 'retracted') OR num_nonnulls(verdict.title, verdict.summary, verdict.url) = 0 THEN
        RETURN NULL;
    END IF;
    RETURN ROW(verdict.id, 'verdict', verdict.claim_id, verdict.newsroom_id, verdict.public, folded_name(verdict.title), address_key(verdict.url),
               words_in(coalesce(verdict.language, (SELECT language FROM claims WHERE id = verdict.claim_id)), verdict.title, verdict.summary))::search_entries;
END $$;
CREATE OR REPLACE FUNCTION entry_of(statement statements) RETURNS search_entries LANGUAGE plpgsql STABLE AS $$
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
CREATE OR REPLACE FUNCTION entry_of(claim claims) RETURNS search_entries LANGUAGE sql STABLE
RETURN ROW(claim.id, 'claim', claim.id, claim.newsroom_id, claim.status = 'published', folded_name(claim.text), text_key(claim.text),
           words_in(claim.language, claim.text, claim.context))::search_entries;
CREATE OR REPLACE FUNCTION words_in(language text, first text, second text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN setweight(words_of(search_config(language), first), 'A') || setweight(words_of(search_config(language), second), 'B') || read_by(search_config(language));
CREATE OR REPLACE FUNCTION text_key(said text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN md5(btrim(regexp_replace(lower(normalize(said, NFKC)), '[[:space:][:punct:]]+', ' ', 'g')))::uuid;
CREATE OR REPLACE FUNCTION words_of(config regconfig, said text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain CONSTANT text := CASE WHEN NOT is_ascii(said) THEN as_searched(said) END;
BEGIN
    IF plain IS NULL THEN
        RETURN to_tsvector(config, coalesce(said, ''));
    END IF;
    RETURN without_accents(to_tsvector(config, CASE WHEN plain ~ ('[' || without_blanks() || ']') THEN split_script(plain, true) ELSE plain END)::text)::tsvector;
END $$;
CREATE OR REPLACE FUNCTION as_searched(said text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain CONSTANT text := regexp_replace(normalize(said, NFKC), '(^|[^[:alnum:]])[\u0300-\u036f\u00B4\u00A8\u02B0-\u02FF]+', '\1 ', 'g');
BEGIN
    RETURN plain;
END $$;
DROP FUNCTION plain_marks(text);
CREATE OR REPLACE FUNCTION term_in(config regconfig, term text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain CONSTANT text := CASE WHEN is_ascii(term) THEN term ELSE as_searched(term) END;
BEGIN
    RETURN without_accents(CASE WHEN plain ~ ('[' || without_blanks() || ']') THEN plainto_tsquery(config, split_script(plain, false))
                                ELSE phraseto_tsquery(config, plain) END::text);
END $$;
