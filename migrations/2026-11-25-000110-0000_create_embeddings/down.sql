DROP TRIGGER search_entries_note_gone_passages ON search_entries;
DROP TRIGGER search_entries_note_passages ON search_entries;
DROP TRIGGER search_entries_note_new_passages ON search_entries;
DROP FUNCTION note_passages();
DROP FUNCTION passages(uuid[]);
DROP FUNCTION choose_model(text, integer, text);
DROP FUNCTION chosen_model();
DROP TABLE embeddings_waiting, embeddings, embedding_models;
