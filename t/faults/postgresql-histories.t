#!/usr/bin/perl
# Two machines that serve, each with a network of its own, over one PostgreSQL
# with a synchronous standby: eight clients save, change, delete, lease, reveal
# and read by both, and by CGI on both, while the primary is killed and the
# standby promoted, once in each history. What they were told has to have an
# order (histories.py). A service that has no compare-and-swap is the control.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::History qw(histories history judged open_house seed
    strange_rows);
use Strongroom::Host qw(own_host);
use Strongroom::Postgres qw(pg_clone pg_cluster pg_missing pg_promote pg_psql
    pg_start pg_stop);
use Strongroom::Proc qw(run start wait_until);

my $missing = pg_missing();
plan skip_all => $missing if defined $missing;
plan skip_all => 'sanitizers see the driver in other tests' if slow() > 1;
plan skip_all => 'this build has no PostgreSQL'
    if slurp(program('strongroom')) !~ /libpq\.so/;
for my $program (qw(python3 ip nsenter)) {
	plan skip_all => "$program is missing" if run(cmd => ['sh', '-c',
	    "command -v $program"], env => \%ENV)->{exit} ne '0';
}
my $why = own_host();
plan skip_all => $why if $why ne '';

my $histories = rounds(3, 50);

# -- the machines: this one has both servers, each at an address of its own

sub do_it {
	my (@cmd) = @_;
	my $ran = run(cmd => [@cmd], env => \%ENV);
	die "@cmd: $ran->{err}" if $ran->{exit} ne '0';
	return;
}

my @ADDRESS = ('10.77.0.1', '10.77.0.2');
do_it(qw(ip link add serving type bridge));
do_it(qw(ip link set serving up));
do_it(qw(ip addr add), "$_/24", qw(dev serving)) for @ADDRESS;

# The words that have a command run on another machine.
sub machine {
	my ($n) = @_;
	my $pid = start(cmd => [qw(unshare -n sleep infinity)],
	    name => "machine $n", env => \%ENV);
	my $here = readlink '/proc/self/ns/net';
	wait_until(60, sub { (readlink("/proc/$pid/ns/net") // $here)
	    ne $here }) or die 'there is no network of its own';
	my @there = ('nsenter', "--net=/proc/$pid/ns/net", '--');
	do_it(qw(ip link add), "m$n", qw(type veth peer name up0 netns), $pid);
	do_it(qw(ip link set), "m$n", qw(master serving up));
	do_it(@there, qw(ip addr add), '10.77.0.1' . $n . '/24', qw(dev up0));
	do_it(@there, qw(ip link set), $_, 'up') for qw(lo up0);
	return \@there;
}
my @machines = map { machine($_) } 1, 2;

# -- the servers

sub sql {
	my ($server, $text) = @_;
	return pg_psql($server->{dir}, 'strongroom', $text);
}

sub start_at {
	my ($server, $address) = @_;
	$server->{address} = $address;
	return pg_start($server, "listen_addresses=$address");
}

# A standby of it at the other address, which each commit waits for.
sub follow {
	my ($primary) = @_;
	my ($address) = grep { $_ ne $primary->{address} } @ADDRESS;
	my $standby = start_at(pg_clone($primary), $address);
	sql($primary, $_) for "ALTER SYSTEM SET synchronous_standby_names = "
	    . "'*'", 'SELECT pg_reload_conf()';
	wait_until(60, sub { sql($primary, 'SELECT count(*) FROM '
	    . "pg_stat_replication WHERE sync_state = 'sync'") == 1 })
	    or die 'the standby does not follow';
	return $standby;
}

my $primary = pg_cluster();
my $hba = "$primary->{dir}/data/pg_hba.conf";
my ($uid, $gid) = (stat $hba)[4, 5];
spew($hba, slurp($hba) . "host all all 10.77.0.0/24 trust\n", 0600);
chown $uid, $gid, $hba;
start_at($primary, $ADDRESS[0]);
pg_psql($primary->{dir}, 'postgres', 'CREATE DATABASE strongroom');
my $standby = follow($primary);

# The primary is killed, and the standby promoted, which waits for nobody.
sub fail_over {
	my ($house) = @_;
	pg_stop($primary, 'QUIT');
	sql($standby, $_) for "ALTER SYSTEM SET synchronous_standby_names = ''",
	    'SELECT pg_reload_conf()';
	pg_promote($standby);
	$primary = $standby;
	$house->{server} = [$primary->{dir}, 'strongroom'];
	return;
}

# -- the service

my $house = open_house(conf => { log_level => 'error',
    busy_timeout_ms => 4000, database =>
    "postgresql://postgres\@$ADDRESS[0],$ADDRESS[1]/strongroom"
    . '?sslmode=disable&connect_timeout=2' });
$house->{server} = [$primary->{dir}, 'strongroom'];
my @workers = map { $house->worker(before => $_) } @machines;

my $door = sub {
	my (%o) = @_;
	my $n = rand @machines;
	return rand() < 0.95 ? $house->fcgi(socket => $workers[$n]{socket}, %o)
	    : $house->cgi(%o, before => $machines[$n]);
};

# A key that one machine revokes, the other refuses at once.
for my $round (1 .. 5) {
	my $key = $house->admin_ok(qw(key create --user eve --scopes),
	    'read,admin') =~ s/\n//r;
	my @ask = (method => 'GET', path => '/api/v2/integrations',
	    type => undef, key => $key, body => '');
	my @said = map { $house->fcgi(@ask, socket => $_->{socket})->{status} }
	    @workers;
	push @said, $house->fcgi(method => 'DELETE', type => undef, body => '',
	    path => '/api/v2/api-keys/' . $house->public_id($key),
	    key => $key, socket => $workers[$round % 2]{socket})->{status};
	push @said, $house->fcgi(@ask,
	    socket => $workers[1 - $round % 2]{socket})->{status};
	is("@said", '200 200 200 401', 'revoked here, refused there');
}

my ($operations, $unknown, @wrong) = histories($house, $histories,
    sub { ($door, [0.5, sub { fail_over($house) }]) },
    sub { $standby = follow($primary) });
is(join("\n", @wrong), '', 'every history can be')
    || diag('SR_SEED=', seed(), '; kept in ', program('.'));
cmp_ok($operations, '>', 150 * $histories, 'many operations were answered');
is(join("\n", strange_rows($house)), '', 'each change has its row in the '
    . 'audit, each row its change');
is($house->admin('audit', 'verify')->{exit}, 0, 'the audit is whole');
is($house->admin('check')->{exit}, 0, 'every box opens');
figure("$histories histories of 8 clients over two machines, each with a "
    . "failover, $operations operations, $unknown without an answer: "
    . @wrong . ' cannot be (0)');

# -- the control: conditions do not get to the service

my $found = judged((history($house, $histories + 1, sub {
	my (%o) = @_;
	my @headers = @{ $o{headers} // [] };
	$o{headers} = [] if @headers && $headers[0] eq 'If-Match';
	return $door->(%o);
}))[0]);
isnt($found, '', 'control: without a compare-and-swap a history cannot be');
control('without a compare-and-swap: found');
$house->stop_worker($_) for @workers;
pg_stop($_) for $primary, $standby;

finish();
