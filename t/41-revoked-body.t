#!/usr/bin/perl
# A key that is revoked while the body of its request is still on the way does
# nothing more: by the socket and by CGI, for each route that takes a body.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_begin fcgi_connect fcgi_params fcgi_read
    fcgi_send fcgi_stdin parse_cgi);
use Strongroom::Proc qw(reap start wait_until);

my $house = house();
my $worker = $house->worker;
my $all = '/api/v2/integrations';
my $keys = '/api/v2/api-keys';
my @scopes = ('--scopes', 'save,read,reveal,verify,admin');

sub make { $house->admin_ok(qw(key create --user u), @scopes) =~ s/\n//r }

my $kept = make();
my $id = saved_ok($house->fcgi(key => $kept, body =>
    with_auth('{"access_token":"canary"}')), 'a save')->{integration_id};
my $public_key = 'CQ' . 'A' x 41;
my @routes = (
	['POST', "$all/save", with_auth('{"access_token":"t"}')],
	['PATCH', "$all/$id", '{"name":"other"}'],
	['POST', "$all/$id/refresh-lease", '{"seconds":60}'],
	['POST', "$all/$id/auth_data/sealed",
	    qq({"public_key":"$public_key"})],
	['POST', "$all/$id/verify", '{"access_token":"canary"}'],
	['POST', $keys, '{"scopes":["save","read","reveal","admin"]}'],
	['POST', "$keys/" . $house->public_id($kept) . '/rotate', '{}'],
	['POST', "$keys/self/rotate", '{"overlap_seconds":60}'],
);

# A request of which all but the last bytes have come; what is returned sends
# them, and has the answer.
sub by_socket {
	my (%request) = @_;
	my $records = fcgi_stdin($request{body});
	my $sock = fcgi_connect($worker->{socket}) or die "connect: $!";
	fcgi_send($sock, fcgi_begin(0) . fcgi_params(
	    $house->fcgi_params_of(%request)) . substr $records, 0, -10);
	# Who comes later is answered later.
	$house->fcgi(method => 'GET', path => '/healthz', type => undef);
	return sub {
		fcgi_send($sock, substr $records, -10);
		return parse_cgi(fcgi_read($sock, 60)->{stdout});
	};
}

# How much lies in a pipe.
sub unread {
	my $n = pack 'i', 0;
	ioctl $_[0], 0x541b, $n or die "FIONREAD: $!";
	return unpack 'i', $n;
}

# By CGI the key is looked at first, and the body read behind it.
sub by_cgi {
	my (%request) = @_;
	pipe my $in, my $out or die "pipe: $!";
	my $answer = "$house->{dir}/answer." . ++$house->{count};
	my $pid = start(cmd => [program('strongroom.fcgi'),
	    "--config=$house->{conf}", "$house->{dir}/www/save.cgi"],
	    stdin => $in, stdout => $answer, stderr => "$house->{dir}/log/cgi",
	    env => Strongroom::clean_env($house->fcgi_params_of(%request)));
	close $in;
	syswrite $out, substr $request{body}, 0, -2;
	wait_until(60, sub { unread($out) == 0 }) or die 'nothing is read';
	return sub {
		syswrite $out, substr $request{body}, -2;
		close $out;
		reap($pid, 60);
		return parse_cgi(slurp($answer));
	};
}

# One that has taken another's place, and was not used yet: its first use is a
# commit of its own.
sub rotated {
	return $house->admin_ok(qw(key rotate), $house->public_id(make()))
	    =~ s/\n//r;
}

my %door = (socket => \&by_socket, CGI => \&by_cgi);
for my $door (sort keys %door) {
	for my $case ((map { [\&make, @$_] } @routes),
	    [\&rotated, @{ $routes[0] }], [\&rotated, @{ $routes[5] }]) {
		my ($from, $method, $path, $body) = @$case;
		my $key = $from->();
		my $name = "$door: $method $path"
		    . ($from == \&make ? '' : ', a new key');
		my %request = (key => $key, method => $method, path => $path,
		    body => $body);
		my $had = rows();
		my $finish = $door{$door}->(%request);
		$house->admin_ok(qw(key revoke), $house->public_id($key));
		is($house->fcgi(key => $key, method => 'GET', type => undef,
		    path => "$keys/self")->{status}, 401,
		    "$name: the key is revoked");
		my $answer = $finish->();
		answer_is($answer, 401, '{"detail":"Invalid API key"}',
		    'and what it had begun is refused');
		is($answer->{headers}{'www-authenticate'}, 'ApiKey', 'once');
		is(rows(), $had, 'nothing was done');
	}
}

# What was stored, but for the keys that are made here, and their revocation.
sub rows {
	return join ' ', map { "$_->{n}" } $house->rows('SELECT count(*) AS n '
	    . "FROM audit WHERE subject NOT LIKE '%\"key\":null%' UNION ALL "
	    . 'SELECT sum(revision) FROM integrations');
}

finish();
