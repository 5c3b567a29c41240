# SPDX-License-Identifier: LGPL-2.1-or-later
# Manual pages: their examples do what they show, and they are what the programs say. Some want the Debian base.
load ../lib/common

pages() {
	"$BATS_TEST_DIRNAME/../lib/page" "$@"
}

# page LINE...: a page of these lines, as $page.
page() {
	page=$BATS_TEST_TMPDIR/page.1.in
	printf '%s\n' "$@" >"$page"
}

manual() {
	mandoc -Tascii -Owidth=200 "$STAGE/share/man/man${1##*.}/$1" | col -bx
}

@test "doc.1 every example of the manual pages does what it shows" {
	mount -t tmpfs -o mode=755 lab /srv # where examples have folders of the host
	run pages "$BATS_TEST_DIRNAME"/../../doc/man/*.in
	umount -l /srv
	assert_success
}

@test "doc.1 an example that fails, or prints something else, is found" {
	page '@example' '# mgr-ls -1' 'web' '# mgr-info -n none' '# echo a b' 'a ...' '@end' '@example fails 64' '# mgr-start' '@end'
	run pages "$page"
	assert_status 1
	assert_contains "page.1.in:2: 'mgr-ls -1' does not print what is shown"
	assert_contains "page.1.in:4: 'mgr-info -n none' exits 1, not 0"
	refute_contains "page.1.in:5"
	refute_contains "page.1.in:9"
}

@test "doc.1 an example that cannot be run is looked at for its options" {
	page '@example untested no such network here' '# mgr-start -n web --waitt && mgr-ls' '@end'
	run pages "$page"
	assert_status 1
	assert_contains "unknown option '--waitt'"
}

@test "doc.1 the commands of the README have the options that it shows" {
	run pages "$BATS_TEST_DIRNAME/../../README.md"
	assert_success
	printf '    mgr-stop -n web --kilt && mgr-ls\n' >"$BATS_TEST_TMPDIR/x.md"
	run pages "$BATS_TEST_TMPDIR/x.md"
	assert_status 1
	assert_contains "unknown option '--kilt'"
}

@test "doc.1 options, exit codes and keys of a page are the programs' own" {
	run manual mgr-stop.1
	assert_match '-t, --timeout S'
	assert_match '2 +It was not running'
	run manual mgr-log.1
	assert_match '-l, --level LEVEL'
	refute_contains '-l, --logpriority'
	run manual mgr.container.conf.5
	assert_match 'mtu = number'
	assert_match 'From 68 to 65535'
}

@test "doc.1 groff has nothing to say against a page" {
	local page
	for page in "$STAGE"/share/man/man?/mgr*; do
		run bash -c 'man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null' - "$page"
		assert_output ""
	done
}

@test "doc.4 pages and completion are installed for every command, where man and bash look" {
	local program name
	for program in "$STAGE"/bin/mgr*; do
		name=${program##*/}
		[ -s "$STAGE/share/man/man1/$name.1" ] || show "$name has no page"
		[ -s "$STAGE/share/bash-completion/completions/$name" ] || show "$name has no completion"
	done
	run env -u MANPATH MANPATH="$STAGE/share/man" man -w 7 mgr
	assert_output "$STAGE/share/man/man7/mgr.7"
}
