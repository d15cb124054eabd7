DROP INDEX claims_withdrawn_last_idx;
