package Strongroom::Postgres;

# A PostgreSQL of the test's own: one cluster a process, in a directory of its
# own, reached by a UNIX socket alone, with fsync as it is by default; a
# database in it for whoever asks. The server refuses to be root, so root runs
# it as the user that Debian's package makes for it.

use strict;
use warnings;
use Exporter 'import';
use File::Temp ();
use Strongroom::Proc qw(start run reap running wait_until);

our @EXPORT_OK = qw(pg_clone pg_cluster pg_database pg_hold pg_missing pg_own
    pg_promote pg_psql pg_start pg_stop pg_url);

my ($BIN) = reverse sort { ($a =~ m{(\d+)/bin})[0] <=> ($b =~ m{(\d+)/bin})[0] }
    glob '/usr/lib/postgresql/*/bin';
my $USER = $> == 0 ? 'postgres' : (getpwuid $>)[0];
my $cluster;
my $databases = 0;

# Why there can be no cluster here; undef: there can.
sub pg_missing {
	return 'PostgreSQL is not installed' if !defined $BIN
	    || !-x "$BIN/initdb";
	return 'there is no user postgres for it'
	    if $> == 0 && !defined getpwnam $USER;
	return;
}

# setpriv becomes the program, so that its process is the one we end.
sub as_user {
	return @_ if $> != 0;
	return ('setpriv', "--reuid=$USER", "--regid=$USER", '--init-groups',
	    @_);
}

sub do_it {
	my (@cmd) = @_;
	my $done = run(cmd => [as_user(@cmd)]);
	die "@cmd: exit $done->{exit}: $done->{err}$done->{out}"
	    if $done->{exit} ne '0';
	return $done->{out};
}

# A directory of the server's user, which others may enter.
sub new_dir {
	my $dir = File::Temp::tempdir('srpgXXXXXX', TMPDIR => 1,
	    CLEANUP => !$ENV{SR_KEEP});
	chown +(getpwnam $USER)[2, 3], $dir or die "$dir: $!" if $> == 0;
	chmod 0755, $dir;
	return $dir;
}

# A new cluster, stopped.
sub pg_cluster {
	my $dir = new_dir();
	do_it("$BIN/initdb", '-N', '-A', 'trust', '--locale=C.UTF-8', '-D',
	    "$dir/data");
	return { dir => $dir };
}

# Start it, and wait until it answers.
sub pg_start {
	my ($self, @settings) = @_;
	my $dir = $self->{dir};
	$self->{log} = "$dir/log";
	$self->{pid} = start(cmd => [as_user("$BIN/postgres", '-D',
	    "$dir/data", '-c', 'listen_addresses=', '-c',
	    "unix_socket_directories=$dir", map { ('-c', $_) } @settings)],
	    name => 'postgres', stderr => $self->{log});
	wait_until(60, sub { run(cmd => ["$BIN/pg_isready", '-q', '-h',
	    $dir])->{exit} eq '0' }) or die "PostgreSQL does not answer";
	return $self;
}

# A standby of one that runs, stopped.
sub pg_clone {
	my ($primary) = @_;
	my $dir = new_dir();
	do_it("$BIN/pg_basebackup", '-h', $primary->{dir}, '-U', $USER, '-D',
	    "$dir/data", '-R', '-X', 'stream', '-c', 'fast');
	return { dir => $dir };
}

sub pg_promote {
	my ($self) = @_;
	do_it("$BIN/pg_ctl", 'promote', '-w', '-D', "$self->{dir}/data");
	return;
}

# End it: fast, or as another signal does.
sub pg_stop {
	my ($self, $signal) = @_;
	my $pid = delete $self->{pid} or return;
	return if !running($pid);
	kill $signal // 'INT', $pid;
	defined reap($pid, 60) or die 'PostgreSQL does not end';
	return;
}

# What tests say in the words of SQLite, out of the way of the program.
my $WORDS = <<'END';
CREATE SCHEMA words;
CREATE DOMAIN words.blob AS bytea;
CREATE FUNCTION words.hex(bytea) RETURNS text LANGUAGE sql
    AS $$SELECT upper(encode($1, 'hex'))$$;
CREATE FUNCTION words.typeof(anyelement) RETURNS text LANGUAGE sql
    AS $$SELECT CASE pg_typeof($1)::text WHEN 'bytea' THEN 'blob'
    WHEN 'bigint' THEN 'integer' ELSE pg_typeof($1)::text END$$;
CREATE FUNCTION words.moment(text) RETURNS timestamptz LANGUAGE sql
    AS $$SELECT CASE $1 WHEN 'now' THEN clock_timestamp()
    ELSE ($1 || 'Z')::timestamptz END$$;
CREATE FUNCTION words.strftime(text, text) RETURNS text LANGUAGE sql
    AS $$SELECT CASE $1 WHEN '%s'
    THEN floor(extract(epoch FROM moment($2)))::text
    ELSE to_char(moment($2) AT TIME ZONE 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US') END$$;
CREATE FUNCTION words.julianday(text) RETURNS numeric LANGUAGE sql
    AS $$SELECT extract(epoch FROM moment($1)) / 86400$$;
CREATE FUNCTION words.instr(bytea, bytea) RETURNS integer LANGUAGE sql
    AS $$SELECT position($2 IN $1)$$;
END

# Run SQL in a database: its rows, without a head, columns parted by |.
sub pg_psql {
	my ($dir, $database, $sql) = @_;
	return do_it("$BIN/psql", '-X', '-q', '-A', '-t', '-v',
	    'ON_ERROR_STOP=1', '-h', $dir, '-U', $USER, '-d', $database, '-c',
	    'SET search_path = public, words', '-c', $sql);
}

# Somebody holds the lock of all who change something: the process that does.
sub pg_hold {
	my ($dir, $database) = @_;
	my $pid = start(cmd => ["$BIN/psql", '-X', '-q', '-h', $dir, '-U',
	    $USER, '-d', $database, '-c',
	    q{SET client_connection_check_interval = '50ms'}, '-c',
	    'SELECT pg_advisory_lock(8319400234579358317), pg_sleep(600)'],
	    name => 'psql');
	wait_until(60, sub { pg_psql($dir, $database, 'SELECT count(*) FROM '
	    . "pg_locks WHERE locktype = 'advisory' AND granted") > 0 })
	    or die 'the lock is not had';
	return $pid;
}

# The cluster of this process; or of the one that has begun it.
sub pg_own {
	return $cluster //= $ENV{SR_CLUSTER} ? { dir => $ENV{SR_CLUSTER} }
	    : pg_start(pg_cluster());
}

# The URL of a new database in it.
sub pg_database {
	pg_own();
	my $name = "test_$$\_" . ++$databases;
	pg_psql($cluster->{dir}, 'postgres', "CREATE DATABASE $name");
	pg_psql($cluster->{dir}, $name, $WORDS);
	return (pg_url($cluster->{dir}, $name), $cluster->{dir}, $name);
}

# The URL of a database in the clusters of one directory or more.
sub pg_url {
	my ($dirs, $name) = @_;
	return "postgresql:///$name?host=$dirs&user=$USER";
}

1;
