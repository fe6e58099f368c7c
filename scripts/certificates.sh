#!/usr/bin/env bash
# Makes the certificates of a remote door: one for the broker and one for each client named, each with its key in one PEM file that its owner alone
# may read, and prints the SHA-256 thumbprints by which the two sides pin each other.
#
#   scripts/certificates.sh DIRECTORY [CLIENT...]
#
# What is there already is kept, so clients can be added later. Each is signed by itself, with an EC key on P-256, and valid for DAYS days (825).
set -euo pipefail

usage() {
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

say_thumbprint() {
    local thumbprint
    thumbprint=$(openssl x509 -in "$1" -noout -fingerprint -sha256)
    printf '%s  %s\n' "$(printf '%s' "${thumbprint#*=}" | tr -d ':')" "$1"
}

# The certificate and the key come together in one file, which appears whole or not at all.
make() {
    local name=$1 file=$2/$1.pem part=$2/.$1.pem
    if [ ! -e "$file" ]; then
        openssl ecparam -name prime256v1 -genkey -noout -out "$part"
        openssl req -new -x509 -sha256 -key "$part" -subj "/CN=$name" -days "${DAYS:-825}" -out "$part.certificate"
        cat "$part.certificate" >>"$part"
        rm "$part.certificate"
        mv "$part" "$file"
    fi
    say_thumbprint "$file"
}

[ $# -ge 1 ] || usage
directory=$1
shift
for name in "$@"; do
    case $name in
        '' | server | .* | *[!A-Za-z0-9._-]*) printf 'not the name of a client: "%s"\n' "$name" >&2 && exit 2 ;;
    esac
done

umask 077
mkdir -p "$directory"
for name in server "$@"; do
    make "$name" "$directory"
done
