DROP TABLE documents;
DROP TABLE sources;
DROP FUNCTION joined(text[]);
