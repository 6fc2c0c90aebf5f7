#!/usr/bin/env bash
# Two newer WordPress versions for the tests, from an npm package: 158 MB, fetched once and kept outside the repository.
# Debian 12 has WordPress 6.1 only. Prints the folder; says nothing else when it is there already.
set -euo pipefail

package=@wp-playground/wordpress-builds
version=0.9.19  # the last of its line
# What the registry said of this version on the day it was chosen: a changed tarball is refused.
integrity=dlqvh/MJDpE5W68vgPPKUjpip6zMuBh59L3D18ZX+pdwurC4q4ydrTww/3sTMV69BBcoH6kF93YtAtujNC5Mpw==
wanted=(6.5 nightly)  # 6.5.5 and 6.7-alpha-58716

cache=${XDG_CACHE_HOME:-$HOME/.cache}/voipwatch
folder=$cache/wordpress-builds-$version
if [ -d "$folder" ]; then
  echo "$folder"
  exit 0
fi
for tool in npm openssl python3 tar; do
  command -v "$tool" >/dev/null || { echo "wordpress_builds: $tool is not installed" >&2; exit 1; }
done

mkdir -p "$cache"
work=$(mktemp -d "$cache/.wordpress-builds-XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "wordpress_builds: fetching $package $version, 158 MB, once" >&2
tarball=$work/$(cd "$work" && npm pack --silent "$package@$version")
found=$(openssl dgst -sha512 -binary "$tarball" | openssl base64 -A)
[ "$found" = "$integrity" ] || { echo "wordpress_builds: the tarball is not the one that was chosen: $found" >&2; exit 1; }

# Only the wanted versions are unpacked. A version's zip lacks its static scripts and styles, which lie beside it.
public=()
for each in "${wanted[@]}"; do public+=("package/public/wp-$each"); done
tar -xzf "$tarball" -C "$work" package/src "${public[@]}"
mkdir "$work/ready"
for each in "${wanted[@]}"; do
  python3 -m zipfile -e "$work/package/src/wordpress/wp-$each.zip" "$work/ready/$each"
  cp -a "$work/package/public/wp-$each/." "$work/ready/$each/"
  rm -f "$work/ready/$each/wp-content/database/.ht.sqlite" "$work/ready/$each/wp-config.php"
done
python3 -m zipfile -e "$work"/package/src/sqlite-database-integration/*.zip "$work/sqlite"
mv "$work"/sqlite/sqlite-database-integration-* "$work/ready/sqlite-database-integration"
# One rename: a run that was cut short leaves nothing that looks whole.
mv "$work/ready" "$folder" 2>/dev/null || [ -d "$folder" ]
echo "$folder"
