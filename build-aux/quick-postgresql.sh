# shellcheck shell=bash
# "quickstart --postgresql": a server of its own, whose state is in
# DIR/postgresql, reached by a UNIX socket alone. DIR/postgresql-made says that
# the rows are there. What is in DIR/postgresql is written by the server's user
# alone: root would go where that user leads it.

server_packages=(libpq-dev postgresql)

wants_server()
{
	[ "$postgresql" = yes ] || [ -e "$dir/postgresql-made" ]
}

# The programs of the version that has made the data, else of the newest.
server_bin()
{
	local version
	version=$(cat "$dir/postgresql/data/PG_VERSION" 2>/dev/null) ||
		version=$(basename -a /usr/lib/postgresql/*/ | sort -V | tail -n 1)
	printf '/usr/lib/postgresql/%s/bin\n' "$version"
}

# The server refuses to be root.
as_server()
{
	local who=()
	[ "$(id -u)" -ne 0 ] || who=(setpriv --reuid=postgres --regid=postgres
		--init-groups)
	(cd / && exec "${who[@]}" "$@")
}

# The name of a UNIX socket has room for 107 bytes, and a comma would part it.
choose_server_socket()
{
	local LC_ALL=C name=$dir/run/postgresql-dir
	server_socket=$dir/postgresql
	if [ ${#server_socket} -le 93 ] && [[ $server_socket != *,* ]]; then
		return
	fi
	if [ -s "$name" ] && [ -d "$(cat "$name")" ]; then
		server_socket=$(cat "$name")
		return
	fi
	server_socket=$(as_server mktemp -d /tmp/strongroom-pg.XXXXXXXX)
	printf '%s\n' "$server_socket" >"$name"
}

# As libpq takes it in a URL.
server_url()
{
	local path=${server_socket//%/%25}
	path=${path// /%20} path=${path//=/%3D}
	printf 'postgresql://strongroom@/strongroom?host=%s\n' "$path"
}

make_server()
{
	local data=$dir/postgresql/data bin
	bin=$(server_bin)
	[ -x "$bin/initdb" ] || die "PostgreSQL's initdb is not in $bin" \
	    "Install Debian's postgresql, and run quickstart again."
	[ ! -e "$data/PG_VERSION" ] || return 0
	if [ "$(id -u)" -eq 0 ]; then
		chmod 711 "$dir"
		install -d -o postgres -g postgres -m 700 "$dir/postgresql"
	else
		mkdir -p "$dir/postgresql"
	fi
	# One that is broken off leaves nothing that looks whole.
	as_server rm -rf "$data.new"
	quietly "$log_dir/postgresql.log" as_server "$bin/initdb" -A trust \
	    -U postgres -E UTF8 --locale=C.UTF-8 -D "$data.new" ||
		die "the server's data could not be made" \
		    "All of its output: $log_dir/postgresql.log"
	as_server tee -a "$data.new/postgresql.conf" >/dev/null <<-END
	listen_addresses = ''
	unix_socket_permissions = 0700
	include 'quickstart.conf'
	END
	as_server mv "$data.new" "$data"
}

start_server()
{
	local data=$dir/postgresql/data bin
	make_server
	bin=$(server_bin)
	choose_server_socket
	if ! server_pid=$(pid_of postgres); then
		printf "unix_socket_directories = '\"%s\"'\n" "$server_socket" |
			as_server tee "$data/quickstart.conf" >/dev/null
		quietly "$log_dir/postgresql.log" as_server "$bin/pg_ctl" -D \
		    "$data" -w -t 60 -l "$dir/postgresql/log" start ||
			die "PostgreSQL does not start" \
			    "Its log: $dir/postgresql/log"
		head -n 1 "$data/postmaster.pid" >"$dir/run/postgres.pid"
		server_pid=$(pid_of postgres) || server_pid=
	fi
	server_do createuser strongroom
	server_do createdb -O strongroom -E UTF8 -T template0 strongroom
}

# Whoever is connected is sent away.
stop_server()
{
	local name=$dir/run/postgresql-dir elsewhere
	stop_one postgres INT
	[ -s "$name" ] || return 0
	elsewhere=$(cat "$name")
	[[ ! $elsewhere =~ ^/tmp/strongroom-pg\.[A-Za-z0-9]{8}$ ]] ||
		rmdir "$elsewhere" || true
	rm -f "$name"
}

# Make a role or a database, unless it is there.
server_do()
{
	local bin what=$1 name
	bin=$(server_bin) name=${*: -1}
	shift
	"$bin/psql" -X -A -t -h "$server_socket" -U postgres -d postgres -c \
	    "SELECT rolname FROM pg_roles UNION SELECT 'db ' || datname
	    FROM pg_database" 2>>"$log_dir/postgresql.log" | grep -qx \
	    "$([ "$what" = createuser ] || printf 'db ')$name" ||
		quietly "$log_dir/postgresql.log" "$bin/$what" -h \
		    "$server_socket" -U postgres "$@" ||
			die "$what failed" \
			    "All of its output: $log_dir/postgresql.log"
}

# The rows come from DIR/strongroom.db, if there is one.
make_server_vault()
{
	local url
	start_server
	url=$(server_url)
	if [ -e "$dir/postgresql-made" ]; then
		note "kept as they are"
		set_conf database "\"$url\""
		return
	fi
	if [ -e "$dir/strongroom.db" ]; then
		quietly "$log_dir/init.log" admin move --to "$url" ||
			die "what is in $dir/strongroom.db could not be moved" \
			    "The messages above say why; then run quickstart again."
		note "what was in strongroom.db is there now"
		set_conf database "\"$url\""
	else
		set_conf database "\"$url\""
		admin check >/dev/null 2>&1 ||
			quietly "$log_dir/init.log" admin init ||
				die "the key file and the database could not be made" \
				    "The message above says why; then run quickstart again."
	fi
	: >"$dir/postgresql-made"
}
