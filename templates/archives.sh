# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Sourced by templates: where Debian's packages come from.

# What this machine's own apt uses: lines "URL RELEASE" of Debian's archives.
archives_of_host()
{
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
		sed -n 's#^Debian[^ ]* \(https\{0,1\}://[^ ]*[^/ ]\)/* #\1 #p' | sort -u
}

# archives_sources SUITE: its lines of sources.list; none: this machine's apt knows no Debian archive.
archives_sources()
{
	archives=$(archives_of_host)
	main=$(echo "$archives" | sed -n 's/ [a-z]*$//p' | head -n 1)
	security=$(echo "$archives" | sed -n 's/ [a-z]*-security$//p' | head -n 1)
	[ -n "$main" ] || return 0
	echo "deb $main $1 main"
	case $1 in
	sid | unstable | testing | experimental | *-backports) return ;;
	esac
	echo "deb $main $1-updates main"
	[ -z "$security" ] || echo "deb $security $1-security main"
}
