# Turns what PostgreSQL logs with log_statement = all into a script for pgbench -M prepared.
#
#   awk -v definitions=FILE [-v known=FILE] [-v skip='PID ...'] -f transcribe.awk postgres.log >script.sql
#
# A parameter's value becomes a variable, which pgbench sends as a parameter again. The variables, NAME=VALUE for pgbench
# -D, are written to `definitions`. Each line of `known` has a value and, after a tab, the SQL to put in its place. Sessions in
# `skip` do other work. What BEGIN sets is left out: pgbench sends one statement at a time, and this would slow it down.

BEGIN {
    while (known != "" && (getline line < known) > 0) {
        split(line, pair, "\t")
        instead[pair[1]] = pair[2]
    }
    printf "" > definitions
    split(skip, skipped_sessions, " ")
    for (number in skipped_sessions) others["[" skipped_sessions[number] "]"]
}

/^[0-9-]+ [0-9:.]+ [^ ]+ \[[0-9]+\] / { skipping = $4 in others }
skipping { next }

/^[0-9-]+ [0-9:.]+ [^ ]+ \[[0-9]+\] / {
    if (match($0, / LOG:  (statement|execute [^:]*): /)) {
        rest = substr($0, RSTART + RLENGTH)
        finish()
        sql = rest
    } else if (match($0, / DETAIL:  parameters: /)) {
        parameters = substr($0, RSTART + RLENGTH)
    }
    next
}

# A statement's further lines.
/^\t/ && parameters == "" { sql = sql "\n" $0 }

END { finish() }

function finish(    count, number, value, put) {
    if (sql == "") return
    statement++
    sub(/^BEGIN; SET .*/, "BEGIN", sql)
    while (match(parameters, /^\$[0-9]+ = (NULL|'([^']|'')*')(, )?/)) {
        count++
        value = substr(parameters, 1, RLENGTH)
        parameters = substr(parameters, RLENGTH + 1)
        sub(/^\$[0-9]+ = /, "", value)
        sub(/, $/, "", value)
        if (value == "NULL") {
            put[count] = value
            continue
        }
        value = substr(value, 2, length(value) - 2)
        gsub(/''/, "'", value)
        if (value in instead) {
            put[count] = instead[value]
        } else {
            put[count] = ":p" statement "_" count
            print "p" statement "_" count "=" value > definitions
        }
    }
    # From the last: $1 is also how $10 begins.
    for (number = count; number > 0; number--) gsub("\\$" number, put[number], sql)
    print sql ";"
    sql = parameters = ""
}
