# shellcheck shell=bash
# What both halves of quickstart need: messages, packages, the build.

# ---- saying things

step()
{
	step_now=$((step_now + 1))
	printf '[%d/%d] %s\n' "$step_now" "$steps" "$*"
}

note()
{
	printf '      %s\n' "$*"
}

# Each argument is a line: what went wrong first, then what to do.
die()
{
	printf '\nquickstart: %s\n' "$1" >&2
	shift
	[ $# -eq 0 ] || printf '            %s\n' "$@" >&2
	exit 1
}

bad_usage()
{
	printf 'quickstart: %s\nTry: ./quickstart --help\n' "$1" >&2
	exit 2
}

show_end_of()
{
	[ ! -s "$1" ] || { printf '\nThe end of %s:\n' "$1"
		tail -n 25 -- "$1" | sed 's/^/    /'; } >&2
}

# quietly LOG COMMAND...: the output goes to the log, and shows if it failed.
quietly()
{
	local log=$1
	shift
	printf '\n==> %s\n' "$*" >>"$log"
	"$@" >>"$log" 2>&1 || { show_end_of "$log"; return 1; }
}

# Automake, nginx and libconfuse each give some of these a meaning.
check_path()
{
	case $2 in
	*[\"\\\$\`\&\'\#*?[]*|*[[:cntrl:]]*)
		die "$1 has a character in its name that is not safe here: $2" \
		    "Spaces are fine; \" \\ \$ \` & ' # * ? [ are not." "$3" ;;
	esac
}

# ---- packages

missing_of()
{
	local package
	for package in "$@"; do
		dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>&1 |
			grep -x installed >/dev/null || printf '%s\n' "$package"
	done
}

# Runs as root in a shell of its own. Debian starts a service as soon as its
# package is installed, and at each boot; policy-rc.d is the place to say no to
# the first, and it says no to these services alone. If a web server was here
# before, it runs on as it is.
apt_install()
{
	set -eu
	policy=/usr/sbin/policy-rc.d
	mark="made by strongroom's quickstart, only while it installs packages"
	case " $* " in
	*" nginx "*|*apache2*|*lighttpd*|*" caddy "*|*postgresql*)
		if [ ! -e "$policy" ] || grep -qF "$mark" "$policy"; then
			trap 'rm -f "$policy"' EXIT
			trap 'exit 130' INT
			trap 'exit 143' TERM HUP
			cat >"$policy" <<-END
			#!/bin/sh
			# $mark
			case " \$*" in
			*" nginx"*|*" apache2"*|*" apache-htcacheclean"*) exit 101 ;;
			*" lighttpd"*|*" caddy"*|*" postgresql"*) exit 101 ;;
			esac
			exit 104
			END
			chmod 755 "$policy"
		elif "$policy" nginx start >/dev/null 2>&1; [ $? -ne 101 ]; then
			echo "$policy of this machine would let a web server" \
			    "start on port 80. Install the packages by hand."
			exit 1
		fi
	esac

	# PostgreSQL's package would make a cluster, and start it at each boot.
	clusters=/etc/postgresql-common/createcluster.d
	case " $* " in
	*postgresql*)
		mkdir -p "$clusters"
		echo "create_main_cluster = false" >"$clusters/strongroom.conf"
	esac

	export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
	apt-get -q -o DPkg::Lock::Timeout=300 update
	apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
	    install --no-install-recommends --no-remove "$@"

	# Without an init script there is a unit, and systemctl takes its link away
	# where no systemd runs, too.
	for service in nginx apache2 lighttpd caddy; do
		case " $* " in
		*" $service "*)
			if [ -d /run/systemd/system ] ||
			    [ ! -e "/etc/init.d/$service" ]; then
				systemctl disable "$service.service"
			else
				update-rc.d "$service" disable
			fi
		esac
	done
}

# as_root FUNCTION ARGUMENT...
as_root()
{
	local script root=()
	[ "$(id -u)" -eq 0 ] || root=(sudo)
	script="$(declare -f "$1"); $1 \"\$@\""
	shift
	"${root[@]}" bash -c "$script" quickstart "$@"
}

need_packages()
{
	local missing=() by_hand
	if ! command -v dpkg-query >/dev/null; then
		note "not a Debian system: packages are not checked"
		return 0
	fi
	mapfile -t missing < <(missing_of "$@")
	if [ ${#missing[@]} -eq 0 ]; then
		note "all installed"
		return 0
	fi
	by_hand="apt-get install --no-install-recommends ${missing[*]}"
	[ "$install" = yes ] ||
		die "packages are missing: ${missing[*]}" \
		    "Install them as root: $by_hand" \
		    "or run quickstart without --no-install."
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		die "packages are missing, and there is no sudo to install them" \
		    "Run this as root, then quickstart again:" "$by_hand"
	fi
	note "installing, for a minute or so: ${missing[*]}"
	quietly "$log_dir/apt.log" as_root apt_install "${missing[@]}" ||
		die "the packages could not be installed" \
		    "Is the network there, and is /etc/apt/sources.list in order?" \
		    "By hand, as root: apt-get update; $by_hand"
}

# ---- build

make_configure()
{
	if [ -e configure ] && [ -e Makefile.in ] && [ -z "$(find configure.ac \
	    Makefile.am m4 -newer configure -print -quit)" ]; then
		return 0
	fi
	autoreconf -fi
}

# build_in BUILDDIR [ARGUMENT OF CONFIGURE...], from the top of the source. It
# is configured anew when it has moved, and when the library of the unit tests or
# PostgreSQL's has come since: configure leaves out what needs one it has not.
build_in()
{
	local build=$1 stamp=$1/.configured wanted
	shift
	wanted="$here $* $(pkg-config --modversion check 2>/dev/null ||
		echo no unit tests) $(pkg-config --modversion libpq 2>/dev/null ||
		echo no PostgreSQL)"
	mkdir -p "$build"
	if [ ! -e "$build/config.status" ] ||
	    [ configure -nt "$build/config.status" ] ||
	    [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
		rm -f "$stamp"
		(cd "$build" && ../configure --quiet "$@") || return 1
		printf '%s\n' "$wanted" >"$stamp"
	fi
	make -C "$build" --no-print-directory -j"$(nproc)"
}
