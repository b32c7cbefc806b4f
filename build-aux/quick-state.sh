# shellcheck shell=bash
# quickstart's directory of state: its configuration, keys and database.

# is_quickstarts: DIR has the strongroom.conf that quickstart makes there; the
# comment at its head may be gone, the two paths are written at each start.
is_quickstarts()
{
	local conf=$dir/strongroom.conf
	[ -f "$conf" ] || return 1
	[ -e "$dir/postgresql-made" ] ||
	    grep -q '^# Made by quickstart' -- "$conf" || {
		grep -qxF -- "database = \"$dir/strongroom.db\"" "$conf" &&
		    grep -qxF -- "master_key_file = \"$dir/master.key\"" "$conf"
	}
}

# strongroom, run by root, goes by no configuration that others could replace:
# print the first directory above DIR where they could.
others_above()
{
	local at=$dir owner mode
	while [ "$at" != / ]; do
		at=$(dirname -- "$at")
		read -r owner mode < <(stat -c '%u %a' -- "$at" 2>/dev/null) ||
			continue
		if [ "$owner" -ne 0 ] ||
		    (( (8#$mode & 8#022) != 0 && (8#$mode & 8#1000) == 0 )); then
			printf '%s\n' "$at"
			return
		fi
	done
}

# PostgreSQL's user passes through, where quickstart is root.
mode_of_dir()
{
	if [ "$(id -u)" -eq 0 ] && wants_server; then
		echo 711
	else
		echo 700
	fi
}

prepare_dir()
{
	local above
	if [ "$(id -u)" -eq 0 ] && above=$(others_above) && [ -n "$above" ]; then
		die "others than root could replace what is in $above" \
		    "So strongroom would take no configuration there. Choose another" \
		    "directory with --dir, or run quickstart as the user whose it is."
	fi
	if [ -e "$dir" ] && [ ! -d "$dir" ]; then
		die "$dir is not a directory" "Choose another with --dir."
	elif [ -d "$dir" ] && [ ! -O "$dir" ]; then
		die "$dir belongs to $(stat -c %U -- "$dir")" \
		    "Run quickstart as that user, or choose another --dir."
	elif [ -d "$dir" ] && ! is_quickstarts &&
	    [ -n "$(ls -A -- "$dir")" ]; then
		die "$dir holds other things, and no strongroom.conf of quickstart's" \
		    "Choose an empty or a new directory with --dir."
	fi
	if ! mkdir -p -- "$dir" || ! chmod "$(mode_of_dir)" -- "$dir"; then
		die "$dir cannot be used" "Choose another with --dir."
	fi
	write_conf
	(umask 077; mkdir -p "$dir/log" "$dir/run/nginx")
}

# Set one key of strongroom.conf and leave the rest of the file alone.
set_conf()
{
	local conf=$dir/strongroom.conf
	key=$1 line="$1 = $2" awk '
		$0 ~ "^[ \t]*" ENVIRON["key"] "[ \t]*=" {
			if (!done++) print ENVIRON["line"]
			next
		}
		{ print }
		END { if (!done) print ENVIRON["line"] }' "$conf" >"$conf.new"
	cat "$conf.new" >"$conf"
	rm -f "$conf.new"
}

# What a former version has set there is of no use any more.
drop_conf()
{
	grep -v "^[[:blank:]]*$1[[:blank:]]*=" "$dir/strongroom.conf" \
	    >"$dir/strongroom.conf.new" || true
	cat "$dir/strongroom.conf.new" >"$dir/strongroom.conf"
	rm -f "$dir/strongroom.conf.new"
}

write_conf()
{
	[ -e "$dir/strongroom.conf" ] || (umask 077; cat >"$dir/strongroom.conf" <<-END
	# Made by quickstart, which keeps the two paths right. The rest is yours:
	# see strongroom.conf(5).
	END
	)
	# Where the rows are a server's, its URL comes when it runs.
	[ -e "$dir/postgresql-made" ] ||
		set_conf database "\"$dir/strongroom.db\""
	set_conf master_key_file "\"$dir/master.key\""
	drop_conf threads
}

admin()
{
	"$here/build/strongroom" --config "$dir/strongroom.conf" "$@"
}

make_vault()
{
	local database=$dir/strongroom.db key=$dir/master.key
	if [ -e "$key" ] && [ -e "$database" ]; then
		note "kept as they are"
		# A version of before may have made them, and its worker may run.
		stop_all
		quietly "$log_dir/init.log" admin migrate ||
			die "the database cannot be brought up to date" \
			    "The messages above say why."
	elif [ -e "$database" ]; then
		die "$key is missing, and $database cannot be read without it" \
		    "Put the key file back, or begin anew with another --dir."
	elif [ -e "$key" ]; then
		die "$key is there, and its database $database is not" \
		    "Put the database back. If there never was one, move the key" \
		    "file away and run quickstart again."
	else
		admin init >>"$log_dir/init.log" 2>&1 || {
			show_end_of "$log_dir/init.log"
			die "the key file and the database could not be made" \
			    "The message above says why; then run quickstart again."
		}
	fi
}

# Whether the key of a file is listed with all that one of now has.
has_scopes()
{
	local key
	[ -s "$1" ] && key=$(cat "$1") || return 1
	admin key list | grep -q "^${key:4:8} .* $scopes "
}

# Everything that is its user's may be done with it; figures of all users take
# a key of their own.
make_api_key()
{
	local file=$dir/api-key key scopes=save,read,reveal,verify,admin
	if has_scopes "$file"; then
		note "kept: $file"
		return 0
	fi
	[ ! -s "$file" ] ||
		note "the key of before cannot read or reveal: it stays good, and there is a new one"
	if ! key=$(admin key create --user quickstart --name quickstart \
	    --scopes "$scopes"); then
		die "no API key could be made" "The message above says why."
	fi
	printf '%s\n' "$key" >"$file.new"
	mv -f "$file.new" "$file"
}
