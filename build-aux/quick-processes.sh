# shellcheck shell=bash
# quickstart's processes: the worker, and an nginx of its own.

# is_ours NAME PID: that process runs, and it is the worker or nginx of this DIR
is_ours()
{
	local command
	[[ $2 =~ ^[1-9][0-9]*$ ]] || return 1
	command=$( (tr '\0' ' ' <"/proc/$2/cmdline") 2>/dev/null) || return 1
	case $1:$command in
	"worker:"*"multiwatch "*" $dir/strongroom.conf "*) ;;
	"nginx:nginx: master "*" $dir/nginx.conf "*) ;;
	"postgres:"*"/bin/postgres -D $dir/postgresql/data "*) ;;
	*) return 1 ;;
	esac
}

# pid_of NAME: the process of run/NAME.pid, if it still is ours
pid_of()
{
	local pid
	pid=$(cat "$dir/run/$1.pid" 2>/dev/null) || return 1
	is_ours "$1" "$pid" && printf '%s\n' "$pid"
}

# is_newest NAME PID: nobody has started another or removed this one since
is_newest()
{
	[ -n "$2" ] && [ "$(cat "$dir/run/$1.pid" 2>/dev/null)" = "$2" ]
}

# gone NAME PID SECONDS: wait until it is
gone()
{
	local i
	for ((i = 0; i < $3 * 10; i++)); do
		is_ours "$1" "$2" || return 0
		sleep 0.1
	done
	return 1
}

# stop_one NAME SIGNAL: the polite signal first
stop_one()
{
	local pid
	if pid=$(pid_of "$1"); then
		kill -s "$2" "$pid" 2>/dev/null || true
		gone "$1" "$pid" 10 || {
			kill -s TERM "$pid" 2>/dev/null || true
			gone "$1" "$pid" 10
		} || {
			note "the $1 does not stop: killing process group $pid"
			kill -s KILL -- "-$pid" 2>/dev/null || true
			gone "$1" "$pid" 5 || true
		}
		note "$1 stopped (it was process $pid)"
	fi
	rm -f "$dir/run/$1.pid"
}

# nginx first, so that the requests under way find their worker. A quickstart
# that stays in the foreground sees by run/stopping that this is on purpose.
stop_all()
{
	: >"$dir/run/stopping"
	stop_one nginx QUIT
	stop_one worker TERM
	remove_socket
}

both_run()
{
	pid_of worker >/dev/null && pid_of nginx >/dev/null
}

# The name of a UNIX socket has room for 107 bytes. Where DIR is too deep for
# that, the socket is in a private directory under /tmp, named in run/.
choose_socket()
{
	local LC_ALL=C
	socket=$dir/run/strongroom.sock
	if [ ${#socket} -gt 107 ]; then
		socket=$(mktemp -d /tmp/strongroom.XXXXXXXX)
		printf '%s\n' "$socket" >"$dir/run/socket-dir"
		socket=$socket/strongroom.sock
	fi
}

remove_socket()
{
	local elsewhere
	rm -f "$dir/run/strongroom.sock"
	[ -e "$dir/run/socket-dir" ] || return 0
	elsewhere=$(cat "$dir/run/socket-dir")
	if [[ $elsewhere =~ ^/tmp/strongroom\.[A-Za-z0-9]{8}$ ]] &&
	    [ -O "$elsewhere" ]; then
		rm -f "$elsewhere/strongroom.sock"
		rmdir "$elsewhere" || true
	fi
	rm -f "$dir/run/socket-dir"
}

# Our own nginx may have the port: it is about to be replaced.
check_port()
{
	local own
	own=$(sed -n 's/.*listen 127.0.0.1:\([0-9]*\);.*/\1/p' \
	    "$dir/nginx.conf" 2>/dev/null) || own=
	if [ "$own" = "$port" ] && pid_of nginx >/dev/null; then
		return 0
	fi
	if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
		die "port $port is in use by another program" \
		    "Choose another with --port N, or see who has it, as root:" \
		    "ss -ltnp 'sport = :$port'"
	fi
}

# multiwatch starts the worker again if it should ever fall, and passes TERM
# on. spawn-fcgi sends a daemon's stderr to /dev/null, hence the shell: it gives
# the worker its log. setpriv lets the worker end with multiwatch, come what may.
start_worker()
{
	local log=$dir/log/worker.log
	choose_socket
	# shellcheck disable=SC2016 # expanded by the inner shell
	if quietly "$dir/log/start.log" \
	    spawn-fcgi -s "$socket" -M 0660 -b 4096 -P "$dir/run/worker.pid" -- \
	    /bin/sh -c 'exec 2>>"$0"; exec "$@"' "$log" \
	    "$(command -v multiwatch)" -s TERM -- \
	    "$(command -v setpriv)" --pdeathsig TERM \
	    "$here/build/strongroom.fcgi" --config "$dir/strongroom.conf"; then
		worker_pid=$(pid_of worker) || true
	fi
	if [ -z "$worker_pid" ]; then
		rm -f "$dir/run/worker.pid"
		remove_socket
		show_end_of "$log"
		die "the worker does not start" "Its log, above, says why."
	fi
	rm -f "$dir/run/stopping"
}

# See nginx/strongroom.conf for the why; this is the same on a smaller scale.
write_nginx_conf()
{
	local user=''
	[ "$(id -u)" -ne 0 ] || user='user root; # as quickstart was; DIR is closed to others'
	sed "s#@pkgdatadir@#$here#" "$here/nginx/strongroom-settings.conf.in" \
	    >"$dir/nginx-settings.conf"
	cat >"$dir/nginx.conf" <<END
# Written by quickstart at each start, and nginx-settings.conf beside it.
$user
worker_processes 1;
pid run/nginx.pid;
error_log log/nginx-error.log warn;
events { worker_connections 2048; }

http {
	map \$request \$strongroom_request {
		default "- -";
		"~^(?<strongroom_method>[A-Z]+) (?:https?://[^/ ?]*)?(?<strongroom_path>/[^ ?]*)" "\$strongroom_method \$strongroom_path";
	}
	log_format strongroom '\$time_iso8601 \$remote_addr \$strongroom_request '
		'\$status \$request_time \$sent_http_x_request_id';
	access_log log/nginx-access.log strongroom;

	client_body_temp_path run/nginx/body;
	fastcgi_temp_path run/nginx/fastcgi;
	proxy_temp_path run/nginx/proxy;
	scgi_temp_path run/nginx/scgi;
	uwsgi_temp_path run/nginx/uwsgi;

	upstream strongroom {
		server "unix:$socket";
		keepalive 16;
		keepalive_time 2s;
		keepalive_timeout 2s;
	}
	server {
		listen 127.0.0.1:$port;
		include "$here/nginx/strongroom-locations.conf";
		include "$dir/nginx-settings.conf";
	}
}
END
}

start_nginx()
{
	local log=$dir/log/nginx-error.log
	write_nginx_conf
	ulimit -Sn 4096 2>/dev/null || true
	quietly "$dir/log/start.log" \
	    nginx -p "$dir" -c "$dir/nginx.conf" -e "$log" </dev/null || {
		show_end_of "$log"
		die "nginx does not start" "The messages above say why."
	}
	nginx_pid=$(cat "$dir/run/nginx.pid" 2>/dev/null || true)
}

# No proxy, no ~/.curlrc: this talks to the loopback address alone.
request()
{
	curl -q --silent --show-error --noproxy '*' --max-time 30 "$@"
}

wait_until_ready()
{
	local i answer=
	for ((i = 0; i < 100; i++)); do
		if answer=$(request "http://127.0.0.1:$port/healthz" 2>&1) &&
		    [ "$answer" = '{"status":"ok"}' ]; then
			return 0
		fi
		both_run || break
		sleep 0.1
	done
	show_end_of "$dir/log/worker.log"
	show_end_of "$dir/log/nginx-error.log"
	die "the service does not answer: ${answer:-the worker or nginx ended}" \
	    "The logs above, in $dir/log, say why."
}
