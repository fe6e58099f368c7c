# SQLAlchemy and psycopg2, which `./broker bench flush` compares with. Sourced by ./broker, which sets $root.
#
# They are Debian's packages where those can be installed, else come from pip into .python. A machine that can have neither is measured without them.

# Sets BROKER_BENCH_PYTHON to a Python that has both, installing them first where none has.
find_sqlalchemy() {
    [ -z "${BROKER_BENCH_PYTHON:-}" ] || return 0
    has_sqlalchemy || install_sqlalchemy || true
    has_sqlalchemy || say "SQLAlchemy could not be installed; with root, this would: apt-get install python3-sqlalchemy python3-psycopg2"
}

has_sqlalchemy() {
    local python
    for python in python3 /usr/bin/python3 "$root/.python/bin/python"; do
        if "$python" -c 'import sqlalchemy, psycopg2' >/dev/null 2>&1; then
            export BROKER_BENCH_PYTHON=$python
            return
        fi
    done
    return 1
}

install_sqlalchemy() {
    say 'Installing SQLAlchemy and psycopg2 for the measurement.'
    if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
        export DEBIAN_FRONTEND=noninteractive
        (apt-get update && apt-get install --yes --no-install-recommends python3-sqlalchemy python3-psycopg2) >/dev/null 2>&1 && return
    fi
    python3 -m venv "$root/.python" >/dev/null 2>&1 &&
        "$root/.python/bin/pip" install --quiet --disable-pip-version-check --retries 0 SQLAlchemy psycopg2-binary >/dev/null 2>&1
}
