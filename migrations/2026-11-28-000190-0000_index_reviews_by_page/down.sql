DROP INDEX verdicts_page_idx;
