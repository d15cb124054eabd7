ALTER TABLE webhook_lanes RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay);
DROP INDEX webhook_deliveries_failed_idx;
ALTER TABLE webhook_cursors DROP COLUMN last_delivered_at, DROP COLUMN not_before;
