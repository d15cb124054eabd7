-- The order of the log. Changes are committed in another order than they are numbered, so a reader that goes by their
-- numbers would miss some. One sequencer at a time gives those that are committed the next positions; whoever reads goes
-- by positions alone. No transaction numbers are kept: they mean nothing in a restored database.

CREATE TABLE change_positions (
    position bigint CONSTRAINT change_positions_pkey PRIMARY KEY CONSTRAINT change_positions_from_1 CHECK (position >= 1),
    change_id bigint NOT NULL CONSTRAINT change_positions_change_id_key UNIQUE
        CONSTRAINT change_positions_change_id_fkey REFERENCES changes,
    newsroom_id uuid,
    published boolean NOT NULL,
    leaf bigint CONSTRAINT change_positions_leaf_key UNIQUE,
    chain bytea NOT NULL CONSTRAINT change_positions_chain_is_sha256 CHECK (octet_length(chain) = 32)
);
COMMENT ON TABLE change_positions IS 'Each change''s place in the one order of the log, without gaps; never changed and never removed';
COMMENT ON COLUMN change_positions.position IS 'From 1';
COMMENT ON COLUMN change_positions.change_id IS 'The change';
COMMENT ON COLUMN change_positions.newsroom_id IS 'The change''s newsroom';
COMMENT ON COLUMN change_positions.published IS 'Whether everybody sees that it happened: the record was public before or after it';
COMMENT ON COLUMN change_positions.leaf IS 'Its leaf in the transparency log''s Merkle tree, from 0; null of what does not go there';
COMMENT ON COLUMN change_positions.chain IS 'SHA-256 of the chain value before and the change''s own hash: all changes, the unpublished too';
CREATE INDEX change_positions_published_idx ON change_positions (position) WHERE published;
CREATE INDEX change_positions_newsroom_idx ON change_positions (newsroom_id, position) WHERE NOT published;

CREATE TABLE log_nodes (
    place bigint CONSTRAINT log_nodes_pkey PRIMARY KEY,
    hash bytea NOT NULL CONSTRAINT log_nodes_hash_is_sha256 CHECK (octet_length(hash) = 32)
);
COMMENT ON TABLE log_nodes IS 'The nodes of the transparency log''s Merkle tree (RFC 9162) whose subtrees are complete; never changed and never removed';
COMMENT ON COLUMN log_nodes.place IS 'The node''s place, counting each node right after the last leaf below it';
COMMENT ON COLUMN log_nodes.hash IS 'SHA-256 of 0 and the leaf, or of 1 and the two nodes below';

CREATE TRIGGER change_positions_keep BEFORE UPDATE OR DELETE ON change_positions FOR EACH ROW EXECUTE FUNCTION keep_log();
CREATE TRIGGER change_positions_keep_all BEFORE TRUNCATE ON change_positions FOR EACH STATEMENT EXECUTE FUNCTION keep_log();
CREATE TRIGGER log_nodes_keep BEFORE UPDATE OR DELETE ON log_nodes FOR EACH ROW EXECUTE FUNCTION keep_log();
CREATE TRIGGER log_nodes_keep_all BEFORE TRUNCATE ON log_nodes FOR EACH STATEMENT EXECUTE FUNCTION keep_log();
