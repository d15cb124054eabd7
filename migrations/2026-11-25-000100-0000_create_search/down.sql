ALTER TABLE claims ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS
    (to_tsvector(search_config(language), text || ' ' || coalesce(context, ''))) STORED;
COMMENT ON COLUMN claims.search IS 'Words of text and context in the claim''s own language, for q';
CREATE INDEX claims_search_idx ON claims USING gin (search);
ALTER TABLE sources ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS
    (to_tsvector('simple', name || ' ' || joined(aliases) || ' ' || coalesce(description, ''))) STORED;
COMMENT ON COLUMN sources.search IS 'Words of the names and the description, for q';
CREATE INDEX sources_search_idx ON sources USING gin (search);
ALTER TABLE documents ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS
    (to_tsvector('simple', coalesce(title, '') || ' ' || coalesce(description, '') || ' ' || joined(authors) || ' ' || coalesce(url, ''))) STORED;
COMMENT ON COLUMN documents.search IS 'Words of title, description, authors and address, for q';
CREATE INDEX documents_search_idx ON documents USING gin (search);
CREATE FUNCTION claims_matching(q text) RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 AS $$
    SELECT claims.id
    FROM unnest('{arabic,armenian,basque,catalan,danish,dutch,english,finnish,french,german,greek,hindi,hungarian,
                  indonesian,irish,italian,lithuanian,nepali,norwegian,portuguese,romanian,russian,serbian,simple,
                  spanish,swedish,tamil,turkish,yiddish}'::regconfig[]) AS config
    JOIN claims ON claims.search @@ websearch_to_tsquery(config, q) AND search_config(claims.language) = config
$$;
COMMENT ON FUNCTION claims_matching(text) IS 'Claims that match a web-style query, each by the rules of its own language';
DROP TRIGGER documents_keep_entry ON documents;
DROP TRIGGER documents_keep_new_entry ON documents;
DROP TRIGGER sources_keep_entry ON sources;
DROP TRIGGER sources_keep_new_entry ON sources;
DROP TRIGGER verdicts_keep_entry ON verdicts;
DROP TRIGGER verdicts_keep_new_entry ON verdicts;
DROP TRIGGER statements_keep_entry ON statements;
DROP TRIGGER statements_keep_new_entry ON statements;
DROP TRIGGER claims_keep_entry ON claims;
DROP TRIGGER claims_keep_new_entry ON claims;
DROP FUNCTION claims_suggested(text);
DROP FUNCTION wanted_stems(text);
DROP FUNCTION fold_words(integer);
DROP TABLE word_deltas, word_counts;
DROP FUNCTION keep_entry();
DROP FUNCTION put_entry(search_entries);
DROP FUNCTION entry_of(documents);
DROP FUNCTION entry_of(sources);
DROP FUNCTION entry_of(verdicts);
DROP FUNCTION entry_of(statements);
DROP FUNCTION entry_of(claims);
DROP TABLE search_entries, search_languages;
DROP FUNCTION note_words();
DROP FUNCTION words_in(text, text, text);
DROP FUNCTION read_by(regconfig);
DROP FUNCTION folded_name(text);
DROP FUNCTION address_key(text);
DROP FUNCTION text_key(text);
DROP FUNCTION term_in(regconfig, text);
DROP FUNCTION words_of(regconfig, text);
DROP FUNCTION is_ascii(text);
DROP FUNCTION as_searched(text);
DROP FUNCTION without_accents(text);
DROP FUNCTION split_script(text, boolean);
DROP FUNCTION without_blanks();
DROP EXTENSION pg_trgm;
