# psycopg 3 and psycopg2, clients that the tests bring through the gateway. Sourced by ./broker, which sets $root.
#
# They are Debian's packages, where those can be installed. Without them their tests are skipped, and the counts say so.

find_psycopg() {
    has_psycopg || install_psycopg || true
    has_psycopg || say 'psycopg could not be installed, so its tests are skipped; with root, this would: apt-get install python3-psycopg python3-psycopg2'
}

# Each may be in another Python; the places are those of tests/Clients.Tests/OnPython/Python.cs.
has_psycopg() {
    has_module psycopg && has_module psycopg2
}

has_module() {
    local python
    for python in "${BROKER_TEST_PYTHON:-python3}" "${BROKER_TEST_PYTHON:-/usr/bin/python3}"; do
        ! "$python" -c "import $1" >/dev/null 2>&1 || return 0
    done
    return 1
}

install_psycopg() {
    command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] || return
    say 'Installing psycopg 3 and psycopg2 for the tests.'
    export DEBIAN_FRONTEND=noninteractive
    (apt-get update && apt-get install --yes --no-install-recommends python3-psycopg python3-psycopg2) >/dev/null 2>&1
}
