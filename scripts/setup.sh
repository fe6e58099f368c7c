# What a fresh machine lacks: the .NET SDK and a PostgreSQL server. Sourced by ./broker, which sets $root.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
export DOTNET_CLI_UI_LANGUAGE=en  # its closing lines are read by scripts/test.sh
export MSBUILDDISABLENODEREUSE=1  # no build processes stay behind

sdk_channel=10.0
install_script=https://dot.net/v1/dotnet-install.sh

say() { printf '%s\n' "$*" >&2; }

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

has_sdk() { "$1" --list-sdks 2>/dev/null | grep -q "^${sdk_channel%%.*}\."; }

# Puts an SDK on PATH: the machine's, the checkout's, or a new one in the checkout.
ensure_dotnet() {
    has_sdk dotnet || use_own_sdk
    # a machine without the ICU library has an SDK that refuses to start; the broker itself never asks for one
    dotnet help >/dev/null 2>&1 || export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
}

use_own_sdk() {
    export DOTNET_ROOT="$root/.dotnet" PATH="$root/.dotnet:$PATH"
    if has_sdk "$root/.dotnet/dotnet"; then
        return
    fi
    say "The .NET SDK $sdk_channel is not installed; fetching it into .dotnet."
    fetch "$install_script" | bash -s -- --channel "$sdk_channel" --install-dir "$root/.dotnet" >&2 || true
    has_sdk "$root/.dotnet/dotnet" || die "It could not be fetched. Install the .NET SDK $sdk_channel by hand:" \
        "  curl -fsSL $install_script | bash -s -- --channel $sdk_channel --install-dir $root/.dotnet"
}

fetch() {
    if command -v curl >/dev/null; then
        curl -fsSL "$1"
    else
        wget -qO- "$1"
    fi
}

# The places are those of src/LocalPostgres/PostgresBinaries.cs, which picks among them.
has_postgres() {
    [ -z "${BROKER_POSTGRES_BIN:-}" ] || return 0
    ! command -v initdb >/dev/null || return 0
    local initdb
    for initdb in /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb /usr/libexec/postgresql*/initdb \
        /opt/homebrew/opt/postgresql*/bin/initdb /usr/local/opt/postgresql*/bin/initdb \
        /Applications/Postgres.app/Contents/Versions/*/bin/initdb "/c/Program Files/PostgreSQL"/*/bin/initdb.exe; do
        [ ! -x "$initdb" ] || return 0
    done
    return 1
}

ensure_postgres() {
    if has_postgres; then
        return
    fi
    local install asks_for_root=yes
    if command -v apt-get >/dev/null; then
        install='apt-get update && apt-get install --yes postgresql'
    elif command -v dnf >/dev/null; then
        install='dnf install --assumeyes postgresql-server'
    elif command -v apk >/dev/null; then
        install='apk add postgresql'
    elif command -v brew >/dev/null; then
        install='brew install postgresql@17' asks_for_root=
    else
        die 'No PostgreSQL server was found. Install one (13 to 18), or set BROKER_POSTGRES_BIN to the folder of its initdb.'
    fi

    say "No PostgreSQL server was found; installing one: $install"
    export DEBIAN_FRONTEND=noninteractive
    if [ -z "$asks_for_root" ] || [ "$(id -u)" -eq 0 ]; then
        sh -c "$install" >&2 || true
    else
        install="sudo sh -c '$install'"
        ! sudo -n true 2>/dev/null || sh -c "$install" >&2 || true
    fi
    has_postgres || die 'It could not be installed from here. Run this, then try again:' "  $install"
}

build_release() {
    dotnet build "$root/$1" --configuration Release --nologo --verbosity quiet >&2
}
