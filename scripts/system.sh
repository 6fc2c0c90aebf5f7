#!/usr/bin/env bash
# The system packages that the tests and the lab's kernel half use.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  build-essential libnetfilter-queue-dev libnfnetlink-dev python3-dev  # compile NetfilterQueue
  python3-venv
  fonts-dejavu-core                                                    # what cards are set in
  iproute2 iptables nftables                                           # the lab's operators
  postgresql                                                           # petitions also live there: its server, for the tests
  apache2-utils                                                        # `ab`, which loads the site in its benchmark
  coturn irtt sip-tester tcpdump                                       # outside witnesses
  dante-server wireguard-go wireguard-tools                            # a proxy and a tunnel to measure through
  systemd                                                              # checks the probe's unit and timer
  haproxy                                                              # in front of collectors and sites, for a rolling restart
  docker-compose                                                       # checks deploy/compose.yaml; no container is started
  # A WordPress of its own for the plugin; apache2 is named, though no test starts it, so that apt.sh switches it off.
  apache2 mariadb-client mariadb-server openssl php-cli php-curl php-gd php-intl php-mbstring php-mysql php-sqlite3 php-xml
  wordpress wordpress-theme-twentytwentythree
  chromium fonts-dejavu-core fonts-noto-core                           # the plugin's pages and editor in a browser
)
# Fetches two newer WordPress versions. Debian's package brings some 400 others, so another source's npm is left in place.
command -v npm >/dev/null || packages+=(npm)
if [ "$(uname -s)" != Linux ]; then
  echo "system: the lab's kernel half and its witnesses are Linux's; the tests that need them are skipped" >&2
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "system: this is no Debian; please see that these are there, by your system's names: ${packages[*]}" >&2
  exit 0
fi
scripts/apt.sh "${packages[@]}"
scripts/wordpress_builds.sh >/dev/null || echo "system: the plugin's tests in newer WordPress versions cannot run" >&2
