DROP TABLE log_nodes, change_positions;
