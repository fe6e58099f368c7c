# Runs every test project of Broker.sln and adds their counts up. Sourced by ./broker, which sets $root.
#
# The last line printed is 'N passed, N failed', with ', N skipped' when there are any. A project that prints no counts (its host crashed, or nothing
# was found in it) is one more failure: silence must not look like success.

test_projects() {
    grep -o '"tests[\\/][^"]*\.csproj"' "$root/Broker.sln" | tr -d '"' | tr '\\' / | sort
}

has_sources() {
    [ -n "$(find "$root/$(dirname "$1")" -name '*.cs' -not -path '*/obj/*' -not -path '*/bin/*' | head -n 1)" ]
}

largest_project=tests/Broker.Tests/

# Runs the projects that it reads, one after the other: prints what each printed when it has ended, and writes a line of its counts
# ('passed failed skipped project', 'silent' where there are none, 'none' where a filter left none) to $1.counts.
run_lane() {
    local lane=$1 project code counts p f s
    shift
    : >"$lane.counts"
    while read -r project; do
        has_sources "$project" || continue
        code=0
        dotnet test "$root/$project" --no-build --nologo --blame-hang-timeout 10m --blame-hang-dump-type none "$@" \
            >"$lane.log" 2>&1 </dev/null || code=$?
        cat "$lane.log"

        # Failed:     0, Passed:    10, Skipped:     0, Total:    10
        counts=$(awk -F'[:,]' '/^(Passed|Failed|Skipped)! +- /{f+=$2; p+=$4; s+=$6; n++} END{if (n) print p+0, f+0, s+0}' "$lane.log")
        if [ -n "$counts" ]; then
            read -r p f s <<<"$counts"
            [ "$code" -eq 0 ] || [ "$f" -gt 0 ] || f=1
        elif [ $# -gt 0 ] && [ "$code" -eq 0 ] && grep -q '^No test matches' "$lane.log"; then
            p=none f=0 s=0
        else
            p=silent f=0 s=0
        fi
        printf '%s %s %s %s\n' "$p" "$f" "$s" "$project" >>"$lane.counts"
    done
}

run_tests() {
    local filter=()
    case ${1:-} in
        '') ;;
        -*) filter=("$@") ;;
        *) filter=(--filter "FullyQualifiedName~$1") ;;
    esac

    if ! dotnet build "$root/Broker.sln" --nologo --verbosity quiet; then
        say 'The build failed, so no test ran.'
        printf '0 passed, 1 failed\n'
        return 1
    fi

    # Two lanes, of which the largest project is one: much of what tests do is to wait, for limits, servers and lost connections.
    local logs lane project p f s passed=0 failed=0 skipped=0
    logs=$(mktemp -d)
    trap "rm -rf '$logs'" EXIT
    set -m  # a process group of its own, which an interrupt of this script does not reach, but its end does
    (test_projects | grep -F "$largest_project" | run_lane "$logs/1" ${filter[@]+"${filter[@]}"}) &
    lane=$!
    set +m
    # '|| true': as a rule the lane is over by then, and under 'set -e' a trap that fails makes a green run end with 1
    trap "kill -- -$lane 2>/dev/null || true; rm -rf '$logs'" EXIT
    test_projects | grep -vF "$largest_project" | run_lane "$logs/2" ${filter[@]+"${filter[@]}"}
    wait "$lane"

    while read -r p f s project; do
        [ "$p" != none ] || continue
        if [ "$p" = silent ]; then
            say "$project gave no counts: its test host crashed, or no test was found in it."
            p=0 f=1 s=0
        fi
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    done < <(cat "$logs"/*.counts)

    if [ -n "${1:-}" ] && [ $((passed + failed + skipped)) -eq 0 ]; then
        say "No test matches '$*'."
        failed=1
    fi
    if [ "$skipped" -gt 0 ]; then
        printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    else
        printf '%d passed, %d failed\n' "$passed" "$failed"
    fi
    [ "$failed" -eq 0 ]
}
