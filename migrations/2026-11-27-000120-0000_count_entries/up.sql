-- What is found is counted without reading the claims, and a record is found at less cost to its write.

ALTER TABLE search_entries ADD COLUMN language text, ADD COLUMN topics text[], ADD COLUMN claimed_on text;
COMMENT ON COLUMN search_entries.language IS 'Of a claim: its language, to be counted by; so the next two';
COMMENT ON COLUMN search_entries.topics IS 'Of a claim: slugs of its topics';
COMMENT ON COLUMN search_entries.claimed_on IS 'Of a claim: when it was first claimed';

-- Quotation marks, dashes and the like stand between words, as blanks do; most texts have nothing else that is not ASCII.
CREATE FUNCTION plain_marks(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(said, U&'\2018\2019\201A\201C\201D\201E\2013\2014\2026\00A0\00AB\00BB\2022\20AC\00A3', '               ');
COMMENT ON FUNCTION plain_marks(text) IS 'The text with a blank for each typographic mark';

CREATE OR REPLACE FUNCTION as_searched(said text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain CONSTANT text := regexp_replace(normalize(plain_marks(said), NFKC), '(^|[^[:alnum:]])[\u0300-\u036f\u00B4\u00A8\u02B0-\u02FF]+', '\1 ', 'g');
BEGIN
    RETURN plain;
END $$;

CREATE OR REPLACE FUNCTION words_of(config regconfig, said text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain text := said;
BEGIN
    IF is_ascii(plain) IS FALSE THEN
        plain := plain_marks(plain);
        IF NOT is_ascii(plain) THEN
            plain := as_searched(plain);
            -- A word of nothing but marks is none.
            RETURN regexp_replace(without_accents(to_tsvector(config, CASE WHEN plain ~ ('[' || without_blanks() || ']') THEN split_script(plain, true) ELSE plain END)::text),
                                  '(^| )''''(:[0-9A-D,]+)?(?= |$)', '', 'g')::tsvector;
        END IF;
    END IF;
    RETURN to_tsvector(config, coalesce(plain, ''));
END $$;

CREATE OR REPLACE FUNCTION term_in(config regconfig, term text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    plain CONSTANT text := CASE WHEN is_ascii(term) THEN term ELSE as_searched(term) END;
    found CONSTANT text := without_accents(CASE WHEN plain ~ ('[' || without_blanks() || ']') THEN plainto_tsquery(config, split_script(plain, false))
                                                ELSE phraseto_tsquery(config, plain) END::text);
BEGIN
    RETURN CASE WHEN found ~ '(^|[ (!])''''(:[*A-D]+)?($|[ )])' THEN '' ELSE found END;
END $$;

CREATE OR REPLACE FUNCTION text_key(said text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN md5(btrim(regexp_replace(CASE WHEN is_ascii(said) THEN lower(said) ELSE replace(replace(lower(normalize(said, NFKC)), 'ß', 'ss'), 'ς', 'σ') END, '[[:space:][:punct:]]+', ' ', 'g')))::uuid;

-- In PL/pgSQL, which plans once for a session and not for each transaction; and each language's rules are looked up once.
CREATE OR REPLACE FUNCTION words_in(language text, first text, second text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    config CONSTANT regconfig := search_config(language);
BEGIN
    IF second IS NULL THEN
        RETURN setweight(words_of(config, first), 'A') || read_by(config);
    END IF;
    RETURN setweight(words_of(config, first), 'A') || setweight(words_of(config, second), 'B') || read_by(config);
END $$;

CREATE OR REPLACE FUNCTION entry_of(claim claims) RETURNS search_entries LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(claim.id, 'claim', claim.id, claim.newsroom_id, claim.status = 'published', folded_name(claim.text), text_key(claim.text),
               words_in(claim.language, claim.text, claim.context), claim.language, claim.topics, claim.claimed_on)::search_entries;
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
    RETURN ROW(statement.id, 'statement', statement.claim_id, statement.newsroom_id, statement.public, NULL, text_key(statement.quote),
               words_in(statement.quote_language, statement.quote, NULL)
                   || CASE WHEN ours IS NULL THEN '' ELSE words_in(ours, NULL, statement.translation) END, NULL, NULL, NULL)::search_entries;
END $$;

CREATE OR REPLACE FUNCTION entry_of(verdict verdicts) RETURNS search_entries LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF verdict.status IN ('superseded', 'retracted') OR num_nonnulls(verdict.title, verdict.summary, verdict.url) = 0 THEN
        RETURN NULL;
    END IF;
    RETURN ROW(verdict.id, 'verdict', verdict.claim_id, verdict.newsroom_id, verdict.public, folded_name(verdict.title), address_key(verdict.url),
               words_in(coalesce(verdict.language, (SELECT language FROM claims WHERE id = verdict.claim_id)), verdict.title, verdict.summary),
               NULL, NULL, NULL)::search_entries;
END $$;

CREATE OR REPLACE FUNCTION entry_of(source sources) RETURNS search_entries LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(source.id, 'source', NULL, source.newsroom_id, source.public, folded_name(joined(source.name || source.aliases)), NULL,
               words_in('und', joined(source.name || source.aliases), source.description), NULL, NULL, NULL)::search_entries;
END $$;

CREATE OR REPLACE FUNCTION entry_of(document documents) RETURNS search_entries LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN ROW(document.id, 'document', NULL, document.newsroom_id, document.public, folded_name(document.title), NULL,
               words_in(document.language, document.title, document.description)
                   || words_in('und', NULL, concat_ws(' ', joined(document.authors), document.url)), NULL, NULL, NULL)::search_entries;
END $$;

CREATE OR REPLACE FUNCTION put_entry(entry search_entries) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_entries SELECT entry.* ON CONFLICT (record_id) DO UPDATE
        SET claim_id = entry.claim_id, public = entry.public, name = entry.name, key = entry.key, words = entry.words,
            language = entry.language, topics = entry.topics, claimed_on = entry.claimed_on
        WHERE (search_entries.claim_id, search_entries.public, search_entries.name, search_entries.key, search_entries.words,
               search_entries.language, search_entries.topics, search_entries.claimed_on)
            IS DISTINCT FROM (entry.claim_id, entry.public, entry.name, entry.key, entry.words, entry.language, entry.topics, entry.claimed_on);
END $$;

CREATE OR REPLACE FUNCTION keep_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry search_entries;
    own regconfig;
BEGIN
    IF TG_OP <> 'DELETE' THEN
        entry := entry_of(NEW);
        -- A claim is read by its own language alone.
        own := search_config(entry.language);
        IF entry.language IS NULL OR NOT EXISTS (SELECT FROM search_languages WHERE config = own) THEN
            INSERT INTO search_languages SELECT substr(word, 2)::regconfig FROM unnest(tsvector_to_array(entry.words)) AS t(word)
                WHERE word LIKE '=%' AND NOT EXISTS (SELECT FROM search_languages WHERE config = substr(word, 2)::regconfig) ON CONFLICT DO NOTHING;
        END IF;
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
DROP TRIGGER claims_keep_entry ON claims;
CREATE TRIGGER claims_keep_entry AFTER UPDATE OF text, context, language, status, topics, claimed_on ON claims FOR EACH ROW
    WHEN ((NEW.text, NEW.context, NEW.language, NEW.status, NEW.topics, NEW.claimed_on)
        IS DISTINCT FROM (OLD.text, OLD.context, OLD.language, OLD.status, OLD.topics, OLD.claimed_on))
    EXECUTE FUNCTION keep_entry();

ALTER TABLE search_entries DISABLE TRIGGER USER;
UPDATE search_entries SET language = claims.language, topics = claims.topics, claimed_on = claims.claimed_on FROM claims WHERE record_id = claims.id;
UPDATE search_entries SET key = text_key(quote) FROM statements WHERE record_id = statements.id;
UPDATE search_entries SET key = text_key(text) FROM claims WHERE record_id = claims.id AND lower(text) ~ '[ßς]';
ALTER TABLE search_entries ENABLE TRIGGER USER;
