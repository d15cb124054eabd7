-- Keys made before, and keys made without saying which, may do all that their member may. Each known scope is counted once,
-- so that the length tells whether there is a repeated or an unknown one.
ALTER TABLE api_keys
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{read,record,publish,admin}' CONSTRAINT api_keys_scopes_known CHECK (
        cardinality(scopes) > 0 AND array_position(scopes, NULL) IS NULL
        AND cardinality(scopes) = ('read' = ANY (scopes))::int + ('record' = ANY (scopes))::int
                                + ('publish' = ANY (scopes))::int + ('admin' = ANY (scopes))::int),
    ADD COLUMN last_used_at timestamptz;
COMMENT ON COLUMN api_keys.scopes IS 'What the key may be used for, of what its member''s role allows: read, record, publish, admin';
COMMENT ON COLUMN api_keys.last_used_at IS 'When a request last came with the key, to the minute; null: none has';
