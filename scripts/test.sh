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

    local log project code counts passed=0 failed=0 skipped=0 p f s
    log=$(mktemp)
    trap "rm -f '$log'" EXIT
    for project in $(test_projects); do
        has_sources "$project" || continue
        code=0
        dotnet test "$root/$project" --no-build --nologo --blame-hang-timeout 10m --blame-hang-dump-type none \
            ${filter[@]+"${filter[@]}"} 2>&1 | tee "$log" || code=$?

        # Failed:     0, Passed:    10, Skipped:     0, Total:    10
        counts=$(awk -F'[:,]' '/^(Passed|Failed|Skipped)! +- /{f+=$2; p+=$4; s+=$6; n++} END{if (n) print p+0, f+0, s+0}' "$log")
        if [ -n "$counts" ]; then
            read -r p f s <<<"$counts"
            [ "$code" -eq 0 ] || [ "$f" -gt 0 ] || f=1
        elif [ -n "${1:-}" ] && [ "$code" -eq 0 ] && grep -q '^No test matches' "$log"; then
            continue
        else
            say "$project gave no counts: its test host crashed, or no test was found in it."
            p=0 f=1 s=0
        fi
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    done

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
