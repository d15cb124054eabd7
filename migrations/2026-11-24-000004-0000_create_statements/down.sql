DROP TABLE relies_on;
DROP TABLE appearances;
DROP TABLE statements;
