#!/usr/bin/perl
# pg_auto_failover, with its monitor tuned as doc/postgresql.md has it: the
# primary's machine is gone, all its processes at once, while eight clients save.
# Nothing that was acknowledged is lost, and the gap is measured.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Failover qw(faults gap save_until);
use Strongroom::Proc qw(at_end launch run start wait_until);

my ($bin) = glob '/usr/lib/postgresql/*/bin';
BAIL_OUT('there is no pg_autoctl') if !-x '/usr/bin/pg_autoctl' || !$bin;
BAIL_OUT('there is no user postgres for it') if !defined getpwnam 'postgres';

my $dir = File::Temp::tempdir('srpafXXXXXX', TMPDIR => 1, CLEANUP => 1);
my ($uid, $gid) = (getpwnam 'postgres')[2, 3];
for my $sub ('', qw(/run /config /data)) {
	mkdir "$dir$sub";
	chown $uid, $gid, "$dir$sub" or die "$dir$sub: $!";
}
chmod 0755, $dir;
my %env = (PATH => "$bin:/usr/bin:/bin", HOME => $dir, LC_ALL => 'C.UTF-8',
    XDG_RUNTIME_DIR => "$dir/run", XDG_CONFIG_HOME => "$dir/config",
    XDG_DATA_HOME => "$dir/data");
my @as = $> == 0 ? qw(setpriv --reuid=postgres --regid=postgres --init-groups)
    : ();
my %port = map { $_ => free_port() } qw(monitor one two);
my $monitor = "postgres://autoctl_node\@127.0.0.1:$port{monitor}/"
    . 'pg_auto_failover';

sub create {
	my ($kind, $name, @more) = @_;
	my $ran = run(cmd => [@as, 'pg_autoctl', 'create', $kind, '--pgdata',
	    "$dir/$name", '--pgport', $port{$name}, '--hostname', '127.0.0.1',
	    qw(--auth trust --no-ssl), @more], env => \%env, seconds => 120);
	is($ran->{exit}, 0, "pg_autoctl create $kind") or diag($ran->{err});
	return;
}

# All processes of a node are in a session of its own, whose leader is known.
my %leader;
sub serve {
	my ($name) = @_;
	$leader{$name} = start(cmd => [@as, qw(pg_autoctl run --pgdata),
	    "$dir/$name"], env => \%env, name => $name, session => 1,
	    stderr => "$dir/$name.log", stdout => "$dir/$name.out");
	return;
}

# Gone as a machine is. The server makes a session of its own.
sub gone {
	my ($name) = @_;
	my $leader = delete $leader{$name} // return;
	my $server = -e "$dir/$name/postmaster.pid" ? (split /\n/,
	    slurp("$dir/$name/postmaster.pid"))[0] : undef;
	kill 'KILL', -$leader;
	kill 'KILL', $server, children_of($server) if $server;
	return;
}

# One may have ended before it is looked at.
sub children_of {
	my ($pid) = @_;
	return grep {
		my $stat = eval { slurp("/proc/$_/stat") } // '';
		my ($parent) = $stat =~ /.*\) \S (\d+)/;
		($parent // 0) == $pid;
	} map { m{(\d+)\z} } glob '/proc/[0-9]*';
}
at_end(sub { gone($_) for keys %leader });

sub psql {
	my ($name, $database, $user, $sql) = @_;
	my $ran = run(cmd => ["$bin/psql", qw(-X -q -A -t -h 127.0.0.1 -p),
	    $port{$name}, '-U', $user, '-d', $database, '-c', $sql],
	    env => \%env);
	return $ran->{exit} eq '0' ? $ran->{out} : '';
}

create('monitor', 'monitor');
serve('monitor');
wait_until(60, sub { psql('monitor', 'pg_auto_failover', 'autoctl_node',
    'SELECT 1') ne '' }) or die 'the monitor does not answer';

# As the manual has it.
my @tuned = slurp(source() . '/doc/postgresql.md') =~
    /^    (ALTER SYSTEM SET pgautofailover\..*);$/mg;
cmp_ok(scalar @tuned, '>=', 4, 'the manual tunes it');
my $where = (split /\n/, slurp("$dir/monitor/postmaster.pid"))[4];
my $socket = run(cmd => [@as, "$bin/psql", qw(-X -q -h), $where, '-p',
    $port{monitor}, qw(-d pg_auto_failover), map { ('-c', $_) } @tuned,
    'SELECT pg_reload_conf()'], env => \%env);
is($socket->{exit}, 0, 'so does this') or diag($socket->{err});

for my $name (qw(one two)) {
	create('postgres', $name, '--name', $name, '--monitor', $monitor);
	serve($name);
}
ok(wait_until(120, sub { psql('monitor', 'pg_auto_failover',
    'autoctl_node', 'SELECT string_agg(reportedstate::text, \' \' ORDER BY '
    . 'nodename) FROM pgautofailover.node') =~ /^primary secondary$/ }),
    'a primary and a standby');
psql('one', 'postgres', 'postgres', $_) for 'CREATE DATABASE strongroom';

my $house = house(init => 0, conf => { busy_timeout_ms => 5000, database =>
    "postgresql://postgres\@127.0.0.1,127.0.0.1/strongroom?port=$port{one},"
    . "$port{two}&sslmode=disable" });
$house->admin_ok('init');
my $worker = $house->worker;
$house->key;
my $enough = "$house->{dir}/enough";
my $load = launch(8, sub { save_until($house, $_[0], $enough) });
my $rows = sub { (psql($_[0], 'strongroom', 'postgres',
    'SELECT count(*) FROM integrations') || 0) + 0 };
ok(wait_until(60, sub { $rows->('one') > 200 }), 'saves go to the primary');
gone('one');
my $had = $rows->('two');
ok(wait_until(120, sub { $rows->('two') > $had + 200 }),
    'and to the other one, in time');
spew($enough, '');
my %saved = map { @$_ } $load->();
my ($lost, $twice) = faults($house, \%saved);
is("$lost $twice", '0 0', 'each acknowledged save is there, once, with its id');
diag(sprintf 'pg_auto_failover: %d of %d acknowledged saves lost, gap %.1f s',
    $lost, scalar keys %saved, gap(values %saved));
is($house->admin('check')->{exit}, 0, 'check');
is($house->admin(qw(audit verify))->{exit}, 0, 'audit verify');
$house->stop_worker;

finish();
