-- What never comes further is not begun for ever.
ALTER TABLE imports ADD tries smallint NOT NULL DEFAULT 0;
COMMENT ON COLUMN imports.tries IS 'How often a process has taken it since it last came further';
