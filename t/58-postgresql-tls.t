#!/usr/bin/perl
# A PostgreSQL server by TCP: TLS that proves who it is, a password from a file,
# and a worker that connects again from within its sandbox.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Postgres qw(pg_cluster pg_missing pg_psql pg_start pg_stop);
use Strongroom::Proc qw(run wait_until);

my $missing = pg_missing();
plan skip_all => $missing if defined $missing;
plan skip_all => 'this build has no PostgreSQL'
    if slurp(program('strongroom')) !~ /libpq\.so/;

my $cluster = pg_cluster();
my $dir = $cluster->{dir};
sub openssl {
	my $done = run(cmd => ['openssl', @_]);
	die "openssl: $done->{err}" if $done->{exit} ne '0';
}
plan skip_all => 'there is no openssl'
    if run(cmd => ['openssl', 'version'])->{exit} ne '0';

# A certificate for localhost, and another authority than the one that made it.
for my $ca (qw(ca other)) {
	openssl(qw(req -x509 -newkey rsa:2048 -nodes -days 3650 -subj),
	    "/CN=$ca", '-keyout', "$dir/$ca.key", '-out', "$dir/$ca.crt");
}
openssl(qw(req -newkey rsa:2048 -nodes -subj /CN=localhost), '-keyout',
    "$dir/data/server.key", '-out', "$dir/server.csr");
spew("$dir/ext", "subjectAltName=DNS:localhost\n");
openssl(qw(x509 -req -days 3650 -CAcreateserial), '-in', "$dir/server.csr",
    '-CA', "$dir/ca.crt", '-CAkey', "$dir/ca.key", '-extfile', "$dir/ext",
    '-out', "$dir/data/server.crt");
my ($uid, $gid) = (stat "$dir/data")[4, 5];
chmod 0600, "$dir/data/server.key";
chown $uid, $gid, "$dir/data/server.key", "$dir/data/server.crt";
my $hba = "$dir/data/pg_hba.conf";
spew($hba, slurp($hba) =~ s/^host\b.*\n//mgr . "hostssl all all 127.0.0.1/32 "
    . "scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n", 0600);
chown $uid, $gid, $hba;

my $port = free_port();
my @settings = ('listen_addresses=localhost', "port=$port", 'ssl=on');
local $ENV{PGPORT} = $port;
pg_start($cluster, @settings);
my $password = 'canary' . join '', map { ('a' .. 'z')[rand 26] } 1 .. 20;
pg_psql($dir, 'postgres', "CREATE ROLE tester LOGIN PASSWORD '$password'");
pg_psql($dir, 'postgres', 'CREATE DATABASE strongroom OWNER tester');

my $house = house(init => 0);
mkdir "$house->{dir}/pg" or die $!;
spew("$house->{dir}/pg/$_.crt", slurp("$dir/$_.crt")) for qw(ca other);
my $passfile = spew("$house->{dir}/pg/pass", "*:*:*:*:$password\n", 0600);
sub url {
	my ($host, $ca, $more) = @_;
	return "postgresql://tester\@$host:$port/strongroom?sslmode=verify-full"
	    . "&sslrootcert=$house->{dir}/pg/$ca.crt&passfile=$passfile"
	    . ($more // '');
}

for my $case ([url('localhost', 'other'), 'an authority that did not sign it'],
    [url('127.0.0.1', 'ca'), 'another name than the certificate has']) {
	my ($url, $name) = @$case;
	$house->write_conf(database => $url);
	my $ran = $house->admin('init');
	is($ran->{exit}, 1, "$name is refused");
	unlike($ran->{err}, qr/$password/, 'and the password not told');
}
$house->write_conf(database => url('localhost', 'ca'));
is($house->admin('init')->{exit}, 0, 'the right one is taken');
$house->worker;
my $body = with_auth('{"access_token":"t"}');
saved_ok($house->fcgi(body => $body), 'a save by TLS');
is(pg_psql($dir, 'postgres', 'SELECT count(*) FROM pg_stat_ssl JOIN '
    . "pg_stat_activity USING (pid) WHERE usename = 'tester' AND NOT ssl"),
    "0\n", 'and nothing without');
pg_stop($cluster);
isnt($house->fcgi(body => $body)->{status}, 200, 'the server is away');
pg_start($cluster, @settings);
ok(wait_until(60, sub { $house->fcgi(body => $body)->{status} == 200 }),
    'and found again when it is back');
# What it closes is what one whose rows are in a file closes.
if (slow() == 1) {
	my $file = house(store => 'sqlite');
	my ($closed) = grep { /the sandbox/ }
	    $file->log_lines($file->worker);
	$closed =~ s/.*?(?=the sandbox)//;
	ok($house->log_says(qr/\Q$closed\E/), "from within it: $closed");
}
unlike(slurp($_->{log}), qr/$password/, 'the log has no password')
    for @{ $house->{workers} };

finish();
