ALTER TABLE imports DROP tries;
