# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Debian packages by their kind in tests/packages: sourced by quickstart and tests/run (POSIX sh).

# packages_missing FILE KIND...: those that are not installed.
packages_missing() {
	packages_file=$1
	shift
	for packages_kind in "$@"; do
		sed -n "s/^$packages_kind  *//p" "$packages_file"
	done | while read -r package; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || echo "$package"
	done
}

# packages_install FILE KIND...: install what is missing; nothing missing needs no network.
packages_install() {
	packages=$(packages_missing "$@")
	[ -n "$packages" ] || return 0
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update || echo "apt-get update had errors; trying with the lists that there are" >&2
	# shellcheck disable=SC2086 # words
	apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends $packages
}
