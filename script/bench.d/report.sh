# What script/bench compares, and how it tells of it. Read by it.

median() { sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }

# --- The report ------------------------------------------------------------------------------------------------------

report=()
# row WHAT POSTGRESQL ONRECORD VALUE RELATION LIMIT: "-" for what there is not; met when VALUE RELATION LIMIT.
row() {
    local met=-
    if [ "$5" != - ]; then
        met=$(awk -v value="$4" -v relation="$5" -v limit="$6" \
            'BEGIN { value += 0; limit += 0
                     print (relation == ">=" ? value >= limit : relation == "<=" ? value <= limit : value == limit) ? "PASS" : "MISS" }')
    fi
    report+=("$1|$2|$3|$4|${5#-} ${6#-}|$met")
    say "$1: $2 | $3 | $4 ${5#-} ${6#-} $met"
}

# compare_rates WHAT NAME TARGET POSTGRES-ARGUMENTS -- PATH [BODY [WRK-ARGUMENTS...]]: with 32 connections.
compare_rates() {
    local what=$1 name=$2 target=$3 round theirs mine more=()
    shift 3
    while [ "$1" != -- ]; do more+=("$1") && shift; done
    shift
    postgres "$name" 32 2 -D round=0 "${more[@]}" >/dev/null
    ours 32 2 "$@" >/dev/null
    : >"$work/theirs" && : >"$work/mine" && : >"$work/ratios"
    for ((round = 1; round <= rounds; round++)); do
        theirs=$(postgres "$name" 32 "$seconds" -D round="$round" "${more[@]}")
        mine=$(ours 32 "$seconds" "$@") && mine=${mine%% *}
        echo "$theirs" >>"$work/theirs"
        echo "$mine" >>"$work/mine"
        awk "BEGIN { print $mine / $theirs }" >>"$work/ratios"
    done
    row "$what" "$(median <"$work/theirs" | xargs printf '%.0f/s')" "$(median <"$work/mine" | xargs printf '%.0f/s')" \
        "$(median <"$work/ratios" | xargs printf '%.2f')" '>=' "$target"
}

# compare_times WHAT NAME PATH: with one connection. Sets slowest, the 99th percentile in ms.
compare_times() {
    local what=$1 name=$2 path=$3 round theirs mine half
    half=$(((seconds + 3) / 4))
    ours 1 1 "$path" >/dev/null
    : >"$work/theirs" && : >"$work/mine" && : >"$work/ratios" && : >"$work/slowest"
    for ((round = 1; round <= rounds; round++)); do
        theirs=$(postgres "$name" 1 "$half")
        mine=$(ours 1 "$half" "$path")
        # Means of both: pgbench has no median.
        awk "BEGIN { print 1000 / $theirs }" >>"$work/theirs"
        awk "BEGIN { print 1000 / ${mine%% *} }" >>"$work/mine"
        echo "${mine##* }" >>"$work/slowest"
        awk "BEGIN { print $theirs / ${mine%% *} }" >>"$work/ratios"
    done
    slowest=$(median <"$work/slowest")
    row "$what" "$(median <"$work/theirs" | xargs printf '%.2f ms')" "$(median <"$work/mine" | xargs printf '%.2f ms')" \
        "$(median <"$work/ratios" | xargs printf '%.2f')" '<=' 3
}
