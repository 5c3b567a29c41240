# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# How one may log in to a new container, for the templates that source this. Without any of these options nobody has a
# password. A template defines die.

login_password_file='' login_key_file='' login_user='' # as the options said
login_hash='' login_keys=''                            # what login_read made of them

login_usage()
{
	echo "  --root-password-file FILE   Root's password is the first line of FILE; else root is locked.
  --ssh-key FILE              The public keys in FILE may log in by ssh, as NAME of --user or as root.
  --user NAME                 A user of that name. Its password is locked."
}

# login_option OPTION VALUE: false when it is none of these.
login_option()
{
	case $1 in
	--root-password-file) login_password_file=$2 ;;
	--ssh-key) login_key_file=$2 ;;
	--user) login_user=$2 ;;
	*) return 1 ;;
	esac
	[ -n "$2" ] || die "$1 needs a value"
}

# login_file OPTION FILE: its contents. A relative path is relative to where mgr-create was called.
login_file()
{
	case $2 in
	/*) login_path=$2 ;;
	*) login_path=${MGR_CWD-}/$2 ;;
	esac
	if [ -d "$login_path" ] || ! cat "$login_path" 2>/dev/null; then die "$1: '$2' cannot be read, or is no file"; fi
}

# The password is on no command line: only in pipes.
login_crypt()
{
	if command -v perl >/dev/null; then
		# shellcheck disable=SC2016
		perl -e 'open my $r, "<", "/dev/urandom" or exit 1;
			read($r, my $bytes, 16) == 16 or exit 1;
			my @c = ("a".."z", "A".."Z", 0..9, ".", "/");
			my $salt = join "", map { $c[ord($_) & 63] } split //, $bytes;
			my $password = <STDIN>;
			chomp $password;
			print crypt($password, "\$6\$$salt\$"), "\n"'
	else
		openssl passwd -6 -stdin
	fi
}

# Everything that the options name, before anything is made.
login_read()
{
	if [ -n "$login_password_file" ]; then
		login_password=$(login_file --root-password-file "$login_password_file") || exit 1
		login_password=$(printf '%s\n' "$login_password" | head -n 1)
		[ -n "$login_password" ] || die "--root-password-file: '$login_password_file' holds no password in its first line"
		login_hash=$(printf '%s\n' "$login_password" | login_crypt) || login_hash=''
		unset login_password
		case $login_hash in
		'$6$'*) ;;
		*) die "--root-password-file: neither perl nor openssl is here to hash it" ;;
		esac
	fi
	if [ -n "$login_key_file" ]; then
		login_keys=$(login_file --ssh-key "$login_key_file") || exit 1
		case $login_keys in
		*"PRIVATE KEY"*) die "--ssh-key: '$login_key_file' is a private key: give the public one (.pub)" ;;
		esac
		printf '%s\n' "$login_keys" | grep -qE '^([^#]* )?(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ AAAA' ||
			die "--ssh-key: '$login_key_file' holds no public key"
	fi
	case $login_user in
	[!a-z_]* | *[!a-z0-9_-]* | ????????????????????????????????*)
		die "--user: '$login_user' is not a user's name: a small letter, then small letters, digits, - and _, 31 at most" ;;
	esac
}

# login_check_user ROOTFS: the name is free.
login_check_user()
{
	[ -z "$login_user" ] || ! grep -q "^$login_user:" "$1/etc/passwd" "$1/etc/group" ||
		die "--user: there is a '$login_user' already"
}

# login_set_password ROOTFS
login_set_password()
{
	[ -n "$login_hash" ] || return 0
	login_shadow=$(LOGIN_HASH=$login_hash awk -F : -v OFS=: '
		$1 == "root" { $2 = ENVIRON["LOGIN_HASH"]; if ($3 == "") { $3 = 19000; $4 = 0; $5 = 99999; $6 = 7 } }
		{ print }' "$1/etc/shadow")
	printf '%s\n' "$login_shadow" >"$1/etc/shadow"
}

# login_set_keys ROOTFS: for the user, else for root.
login_set_keys()
{
	[ -n "$login_keys" ] || return 0
	login_entry=$(grep "^${login_user:-root}:" "$1/etc/passwd")
	login_home=$1$(echo "$login_entry" | cut -d : -f 6)/.ssh
	[ -d "$login_home" ] || mkdir -m 700 "$login_home"
	printf '%s\n' "$login_keys" >"$login_home/authorized_keys"
	chmod 600 "$login_home/authorized_keys"
	chown -R "$(echo "$login_entry" | cut -d : -f 3-4)" "$login_home"
}
