#!/usr/bin/env bash
# Brings what the tests need from the system and npm cannot bring: a NATS server for the bus's adapter,
# a browser for the browser SDK, and strace for what the log asks of its disk. Says nothing when all is there.
set -euo pipefail

# Debian puts nats-server where only root's PATH leads.
PATH="$PATH:/usr/sbin:/sbin"

missing=()
command -v nats-server >/dev/null || missing+=(nats-server)
command -v strace >/dev/null || missing+=(strace)
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing+=(chromium)
[ ${#missing[@]} -eq 0 ] && exit 0

explain() {
  cat >&2 <<TEXT
The tests need ${missing[*]}, and $1.
Install it and run them again. On Debian and Ubuntu:
  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}
Elsewhere: 'nats-server', 'strace' and 'chromium' (or 'chromium-browser') have to be found in the PATH.
TEXT
  exit 1
}

command -v apt-get >/dev/null || explain 'apt-get is not here to fetch it'
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
    explain 'installing it takes root'
  fi
  as_root=(sudo -n)
fi

echo "Installing for the tests: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# First the list: an old one names versions that are no longer served.
if ! {
  "${as_root[@]}" apt-get -qq update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get -qq install -y --no-install-recommends "${missing[@]}"
} >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  explain 'apt-get could not install it (its last words are above)'
fi
