# PgBouncer, which `./broker bench gateway` compares with. Sourced by ./broker, which sets $root.
#
# It is Debian's package, where that can be installed. A machine that cannot have it is measured without.

find_pgbouncer() {
    has_pgbouncer || install_pgbouncer || true
    has_pgbouncer || say 'PgBouncer could not be installed; with root, this would: apt-get install pgbouncer'
}

has_pgbouncer() {
    command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ]
}

# The package starts a service of its own; here it may not, the measurement runs one with its own settings.
install_pgbouncer() {
    command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] || return
    say 'Installing PgBouncer for the measurement.'
    local policy=/usr/sbin/policy-rc.d ours=
    if [ ! -e "$policy" ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    (apt-get update && apt-get install --yes --no-install-recommends pgbouncer) >/dev/null 2>&1 || true
    [ -z "$ours" ] || rm -f "$policy"
}
