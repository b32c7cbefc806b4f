#!/usr/bin/perl
# A standby is promoted while the former primary goes on, and connections to
# that one are open. What a commit has found out holds for all who read: a key
# that is revoked at the new one reads, saves and has nothing more.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_begin fcgi_connect fcgi_params fcgi_read
    fcgi_send fcgi_stdin);
use Strongroom::Postgres qw(pg_clone pg_cluster pg_missing pg_promote pg_psql
    pg_start pg_stop pg_url);
use Strongroom::Proc qw(wait_until);

my $missing = pg_missing();
plan skip_all => $missing if defined $missing;
plan skip_all => 'this build has no PostgreSQL'
    if slurp(program('strongroom')) !~ /libpq\.so/;

use constant READERS => 4;

my $old = pg_start(pg_cluster());
pg_psql($old->{dir}, 'postgres', 'CREATE DATABASE strongroom');
my $new = pg_start(pg_clone($old));
my $house = house(init => 0, conf => { database =>
    pg_url("$new->{dir},$old->{dir}", 'strongroom') });
$house->{server} = [$old->{dir}, 'strongroom'];
$house->admin_ok('init');
pg_psql($old->{dir}, 'postgres', $_) for
    "ALTER SYSTEM SET synchronous_standby_names = '*'",
    'SELECT pg_reload_conf()';

my ($kept, $revoked) = map { $house->admin_ok(qw(key create --user u --scopes),
    'save,read,reveal') =~ s/\n//r } 1 .. 2;
my $worker = $house->worker;
my %get = (method => 'GET', type => undef, length => undef);
my $all = '/api/v2/integrations';

sub save {
	my ($key, $name) = @_;
	return $house->fcgi(key => $key, body => with_auth(
	    '{"access_token":"t"}', "\"unique_identifier\":\"$name\","));
}

sub connections {
	my ($server) = @_;
	return pg_psql($server->{dir}, 'postgres', 'SELECT count(*) FROM '
	    . "pg_stat_activity WHERE application_name = 'strongroom'") + 0;
}

my $id = saved_ok(save($revoked, 'a'), 'a save')->{integration_id};
# Lists enough at once that each thread that reads takes one.
ok(wait_until(60, sub {
	my @socks = map { fcgi_connect($worker->{socket}) } 1 .. 16;
	fcgi_send($_, fcgi_begin(0) . fcgi_params($house->fcgi_params_of(%get,
	    key => $revoked, path => $all)) . fcgi_stdin('')) for @socks;
	fcgi_read($_, 60) for @socks;
	return connections($old) > READERS;
}), 'all who read have a connection to the primary');

pg_promote($new);
$house->{server} = [$new->{dir}, 'strongroom'];
ok(wait_until(120, sub { save($kept, 'b')->{status} == 200 }),
    'the standby is promoted, and has a save; the former primary goes on');
cmp_ok(connections($old), '>', 0, 'with connections of ours');
is($house->admin('key', 'revoke', $house->public_id($revoked))->{exit}, 0,
    'a key is revoked');
for my $n (1 .. 3 * READERS) {
	for my $path ($all, "$all/$id", "$all/$id/auth_data") {
		is($house->fcgi(%get, key => $revoked, path => $path)
		    ->{status}, 401, "$n: GET $path: not by that key");
	}
}
is(save($revoked, 'c')->{status}, 401, 'no save either');
is($house->fcgi(%get, key => $kept, path => "$all/$id")->{status}, 200,
    'another key goes on');
ok($house->log_says(qr/ warning .* the server was replaced by another one/),
    'the log says why connections are made anew');
is($house->fcgi(%get, key => $kept, path => $all,
    query => 'unique_identifier=b')->{body} =~ /"unique_identifier":"b"/
    ? 1 : 0, 1, 'and what is read is what was saved');
$house->stop_worker;
pg_stop($_, 'QUIT') for $old, $new;
finish();
