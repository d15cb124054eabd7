-- A receiver that asks for time gets it from all deliveries, not only from the one that it answered; and what is asked of a webhook
-- with a long log is read from one row or an index.

ALTER TABLE webhook_cursors ADD COLUMN not_before timestamptz, ADD COLUMN last_delivered_at timestamptz;
COMMENT ON COLUMN webhook_cursors.not_before IS 'Nothing is sent until then, as the receiver asked for time or was overloaded; null: it was not';
COMMENT ON COLUMN webhook_cursors.last_delivered_at IS 'When something was last delivered, to the second; null: nothing yet';
UPDATE webhook_cursors c SET last_delivered_at = (SELECT max(last_attempt_at) FROM webhook_deliveries d WHERE d.webhook_id = c.webhook_id AND status = 'delivered');

-- What was given up is looked for among much that was not.
CREATE INDEX webhook_deliveries_failed_idx ON webhook_deliveries (webhook_id, number) WHERE status = 'failed';

-- Each lane is taken, let go and closed within moments: room for that in the page, and what is dead is cleared before it is many.
ALTER TABLE webhook_lanes SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
