#!/usr/bin/perl
# PostgreSQL's roles: one that owns the tables, for init and migrate, and one
# that may only use them, which is enough for all else. And what doctor says of
# a server.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Postgres qw(pg_cluster pg_missing pg_psql pg_start pg_stop
    pg_url);

my $missing = pg_missing();
plan skip_all => $missing if defined $missing;
plan skip_all => 'this build has no PostgreSQL'
    if slurp(program('strongroom')) !~ /libpq\.so/;

my $port = free_port();
local $ENV{PGPORT} = $port;
my $cluster = pg_start(pg_cluster(), 'listen_addresses=127.0.0.1',
    "port=$port", 'max_connections=22');
my $dir = $cluster->{dir};
sub sql { return pg_psql($dir, $_[0], $_[1]) }

# As doc/postgresql.md has it.
sql('postgres', $_) for 'CREATE ROLE keeper LOGIN', 'CREATE ROLE server LOGIN',
    'CREATE DATABASE strongroom OWNER keeper';
my ($guide) = slurp(source() . '/doc/postgresql.md') =~
    /^## Two roles.*?((?:^    [A-Z][^\n]*;\n)+)/ms;
sub url { return "postgresql://$_[0]\@/strongroom?host=$dir&port=$port" }

my $house = house(init => 0, conf => { database => url('keeper') });
$house->{server} = [$dir, 'strongroom'];
is($house->admin('init')->{exit}, 0, 'init by the owner');
for my $grant ($guide =~ /^    (.*);$/mg) {
	pg_psql($dir, 'strongroom', "SET ROLE keeper; $grant");
	note($grant);
}
cmp_ok(scalar(() = $guide =~ /^    GRANT/mg), '>=', 2, 'the manual grants');

$house->write_conf(database => url('server'), audit_days => 30);
for my $args (['init'], ['check']) {
	my $ran = $house->admin(@$args);
	is($ran->{exit}, $args->[0] eq 'check' ? 0 : 1,
	    "@$args by the one that serves");
}
$house->worker;
my $full = $house->admin_ok(qw(key create --user), Strongroom::user(),
    '--scopes', 'save,read,reveal,verify,admin') =~ s/\n//r;
my @as = (key => $full, headers => ['Idempotency-Key' => 'once']);
my $saved = saved_ok($house->fcgi(@as, body => with_auth(
    '{"access_token":"t"}')), 'a save');
my $id = $saved->{integration_id};
sub ask {
	my ($method, $path, $body) = @_;
	return $house->fcgi(method => $method, path =>
	    "/api/v2/integrations/$id$path", key => $full, body => $body // '',
	    type => defined $body ? 'application/json' : undef)->{status};
}
is(ask('POST', '/refresh-lease', '{}'), 200, 'a lease');
is(ask('GET', '/auth_data'), 200, 'a reveal');
is($house->fcgi(method => 'PATCH', path => "/api/v2/integrations/$id",
    key => $full, type => 'application/merge-patch+json',
    body => '{"name":"other"}')->{status}, 200, 'a change');
is(ask('DELETE', ''), 200, 'a deletion');
for my $args ([qw(key list)], [qw(master-key rotate)], [qw(audit verify)],
    [qw(audit prune)], [qw(user erase nobody)], ['migrate'], ['check']) {
	my $ran = $house->admin(@$args);
	is($ran->{exit}, 0, "@$args") or diag($ran->{err});
}
for my $taken ('DROP TABLE audit', 'ALTER TABLE audit DISABLE TRIGGER ALL',
    'TRUNCATE audit', 'CREATE TABLE x (y int)') {
	ok(!eval { pg_psql($dir, 'strongroom', "SET ROLE server; $taken"); 1 },
	    "the one that serves may not $taken");
}

# -- doctor

sub findings {
	my ($url) = @_;
	$house->write_conf(database => $url);
	my $ran = $house->admin('doctor', '--json');
	my $said = decode($ran->{out});
	return ($ran->{exit}, { map { ($_->{check} => 1) }
	    @{ $said->{findings} } }, map { "$_->{level}: $_->{finding}" }
	    grep { $_->{check} eq 'server' } @{ $said->{findings} });
}
my ($exit, $checks, @said) = findings(url('server'));
is($exit, 0, 'doctor finds no problem');
ok(!$checks->{$_}, "it looks at no $_") for 'database files', 'file system',
    'disk space', 'sqlite';
like("@said", qr/^warning: the server has room for \d+ more connections/,
    'few connections are left, and nothing else');
pg_stop($cluster);
pg_start($cluster, 'listen_addresses=127.0.0.1', "port=$port");
($exit, $checks, @said) = findings(url('server'));
like("@said", qr/^ok: PostgreSQL \d+[.\d]*/, 'with more, all is well');
($exit, $checks, @said) = findings("postgresql://server\@127.0.0.1:$port/"
    . 'strongroom?sslmode=disable');
is($exit, 1, 'without TLS: a problem');
like("@said", qr/^problem: names, metadata and hashes .* in clear/, 'and why');
($exit, $checks, @said) = findings("postgresql://server\@/strongroom?"
    . "host=$dir,$dir.other&port=$port,$port");
like("@said", qr/^warning: commits do not wait for a standby/,
    'several hosts, and nobody waits for the second');
(undef, undef, @said) = findings(pg_url($dir, 'strongroom') . "&port=$port");
like("@said", qr/^warning: the role may do anything/, 'a superuser');
pg_stop($cluster);
($exit, $checks, @said) = findings(url('server'));
is($exit, 1, 'no server: a problem');
ok($checks->{database}, 'which is said of the database');

finish();
