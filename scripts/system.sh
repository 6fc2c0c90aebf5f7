#!/usr/bin/env bash
# The system packages that the tests and the lab's kernel half use.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  build-essential libnetfilter-queue-dev libnfnetlink-dev python3-dev  # compile NetfilterQueue
  python3-venv
  fonts-dejavu-core                                                    # what cards are set in
  iproute2 iptables nftables                                           # the lab's operators
  apache2-utils                                                        # `ab`, which loads the site in its benchmark
  coturn irtt sip-tester tcpdump                                       # outside witnesses
  dante-server wireguard-go wireguard-tools                            # a proxy and a tunnel to measure through
  systemd                                                              # checks the probe's unit and timer
)
if [ "$(uname -s)" != Linux ]; then
  echo "system: the lab's kernel half and its witnesses are Linux's; the tests that need them are skipped" >&2
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "system: this is no Debian; please see that these are there, by your system's names: ${packages[*]}" >&2
  exit 0
fi
exec scripts/apt.sh "${packages[@]}"
