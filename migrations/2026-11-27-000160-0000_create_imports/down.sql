DROP TABLE import_records, import_chunks, imports, rating_mappings;
