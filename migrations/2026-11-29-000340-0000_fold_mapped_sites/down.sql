-- Hosts were read before, too.
SELECT 1;
