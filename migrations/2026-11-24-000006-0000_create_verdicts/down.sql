DROP TABLE evidence;
DROP TABLE verdicts;
