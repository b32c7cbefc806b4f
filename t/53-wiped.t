#!/usr/bin/perl
# What a worker's memory holds between requests: no token and no API key that
# it has served; and what a command's does that has seen every token, at its
# end. They look themselves, with the help of t/lib/look.c, so that whoever
# runs the tests may see it.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_params fcgi_send
    fcgi_record fcgi_stdin fcgi_read parse_cgi);
use Strongroom::Preload qw(within);
use Strongroom::Proc qw(wait_until);

use constant LEN => 40;

plan skip_all => 'a sanitizer keeps what is freed' if slow() > 1;
my @letters = ('a' .. 'z', 0 .. 9);
my $token = join '', map { $letters[rand @letters] } 1 .. LEN;
my $house = house();
my $key = $house->key;
my $for = join ',', map { unpack 'H*', $_ ^ "\x5a" x LEN } $token,
    substr $key, 13, LEN;
my ($env, $why) = within('look', [program('strongroom'), 'version'],
    sub { (LOOK => "$_[0]/found", LOOK_FOR => $for) },
    sub { -e "$_[0]/found" });
plan skip_all => $why if !$env;

my $worker;
# How many times the worker finds token and key.
sub found {
	spew($env->{LOOK}, '');
	kill 'USR2', $worker->{pid} or die "kill: $!";
	my $said;
	wait_until(60, sub { ($said = slurp($env->{LOOK})) =~ /\n/ })
	    or die "the worker does not look: " . slurp($worker->{log});
	return split ' ', $said;
}

# An answer is out before the last is wiped, so a hit counts when it stays. A
# hit of what is not looked at, 'key', counts never.
sub clean {
	my ($name, $but) = @_;
	my @found;
	wait_until(3, sub {
		@found = found();
		$found[1] = 0 if ($but // '') eq 'key';
		return !grep { $_ } @found;
	});
	is("@found", '0 0', "$name: no token and no key is left");
}

# A request of which the worker has all but the end, and is seen to: the
# connection.
sub begun {
	my ($body, $name) = @_;
	my $sock = fcgi_connect($worker->{socket}) or die "connect: $!";
	my $records = fcgi_stdin(substr $body, 0, -2);
	fcgi_send($sock, fcgi_begin(0)
	    . fcgi_params($house->fcgi_params_of(body => $body))
	    . substr $records, 0, -8);	# but for the one that ends it
	my @found;
	ok(wait_until(60, sub { @found = found(); $found[0] && $found[1] }),
	    "$name: token and key are seen while the rest is awaited")
	    || diag("@found");
	return $sock;
}

sub status_of { parse_cgi(fcgi_read($_[0])->{stdout})->{status} }

my $small = "{\"access_token\":\"$token\",\"code\":\"$token\"}";
my $large = "{\"access_token\":\"$token\",\"more\":\"" . "$token " x 5000
    . '"}';
my $again = '"unique_identifier":"u",';

my $u = $house->cgi(body => with_auth('{"access_token":"t"}', $again));
my ($id) = $u->{body} =~ /"integration_id":"(.*?)"/ or die $u->{body};

# A change of that integration's secret.
sub patch {
	my ($body, @headers) = @_;
	return (method => 'PATCH', path => "/api/v2/integrations/$id",
	    body => $body, headers => \@headers);
}

# What opens a box, by a key that is not looked for.
my $opens = $house->admin_ok(qw(key create --user opens --scopes),
    'save,reveal,verify') =~ s/\n//r;

sub opened {
	my ($mode, $auth, $but) = @_;
	my $all = '/api/v2/integrations';
	my %as = (key => $opens, keep => 1);
	my $id = saved_ok($house->fcgi(%as, body => with_auth($auth)),
	    "$mode: a box of " . length $auth)->{integration_id};
	for my $case ([200, method => 'GET', path => "$all/$id/auth_data"],
	    [200, path => "$all/$id/auth_data/sealed", body =>
	    '{"public_key":"CQ' . 'A' x 41 . '"}'],
	    [200, path => "$all/$id/verify",
	    body => qq({"access_token":"$token"})],
	    [200, path => "$all/$id/verify",
	    body => qq({"access_token":"${token}x"})],
	    [422, path => "$all/$id/verify", body => qq({"$token":5})],
	    [404, path => "$all/x/verify", body => qq({"a":"$token"})]) {
		my ($status, %request) = @$case;
		my $name = "$mode: $request{path} of " . length $auth;
		is($house->fcgi(%as, %request)->{status}, $status, $name);
		clean($name, $but);
	}
}

sub requests {
	my ($mode, $but) = @_;
	opened($mode, $_, $but) for $small, $large;
	for my $case ([200, body => with_auth($small)],
	    [200, body => with_auth($large)],
	    [200, body => with_auth($small, $again)],
	    [200, body => with_auth($large, $again)],
	    [409, body => with_auth($large, $again) =~ s/jira/slack/r],
	    [422, body => with_auth($large) . 'x'],
	    [422, body => with_auth("[\"$token\"]")],
	    [422, body => with_auth($small) =~ s/jira/$token/r],
	    [422, body => with_auth($small), type => 'text/plain'],
	    [401, body => with_auth($large), key => "${key}x"],
	    [401, body => with_auth($large), headers => ['x-api-key', $key]],
	    [400, body => with_auth($small), length => 7],
	    [413, body => with_auth($large) . ' ' x 1_048_576],
	    [200, patch("{\"auth_data\":$small}")],
	    [200, patch("{\"auth_data\":$large}", 'Idempotency-Key', rand)],
	    [200, patch("{\"auth_data\":$large}", 'Idempotency-Key', 'same')],
	    [200, patch("{\"auth_data\":{\"other\":\"$mode\"}}")],
	    [200, patch("{\"auth_data\":$large,\"name\":\"$mode\"}")],
	    [409, patch("{\"auth_data\":$small}", 'Refresh-Lease', 'x')],
	    [412, patch("{\"auth_data\":$small}", 'If-Match', '"x"')],
	    [413, patch("{\"auth_data\":{\"b\":\"" . 'b' x 1_000_000
		. '"}}')],
	    [422, patch("{\"auth_data\":$large,\"name\":5}")],
	    [422, patch("{\"auth_data\":$large}", 'Idempotency-Key', 'a b')],
	    [404, body => with_auth($large), path => '/x'],
	    [405, body => with_auth($large), method => 'PUT']) {
		my ($status, %request) = @$case;
		my $name = "$mode: a $status, " . length $request{body};
		for my $keep (0, 1) {
			my $sock = fcgi_connect($worker->{socket});
			is($house->fcgi(%request, sock => $sock,
			    keep => $keep)->{status}, $status, $name);
			clean($name . ($keep ? ', kept' : ', closed'), $but);
		}
	}
	for my $body (map { with_auth($_) } $small, $large) {
		my $name = "$mode: in two parts, " . length $body;
		my $sock = begun($body, $name);
		fcgi_send($sock, fcgi_stdin(substr $body, -2));
		is(status_of($sock), 200, $name);
		clean($name, $but);
	}
	# What it will not take is left in the connection, which is closed.
	my $name = "$mode: a request that breaks off into something else";
	my $sock = begun(with_auth($small), $name);
	fcgi_send($sock, "$token " x 2000);
	is(status_of($sock), 400, $name);
	clean($name, $but);
	$name = "$mode: a client that goes away";
	close begun(with_auth($large), $name);
	clean($name, $but);
	left_behind("$mode: a client that goes away with more to come", $but);
}

# What a client sends behind a request that is not answered yet waits in the
# connection, and ends with it.
sub left_behind {
	my ($name, $but) = @_;
	my $first = with_auth('{"access_token":"t"}');
	$house->hold_lock;
	my $sock = fcgi_connect($worker->{socket}) or die "connect: $!";
	fcgi_send($sock, fcgi_begin(1)
	    . fcgi_params($house->fcgi_params_of(body => $first))
	    . fcgi_stdin($first)
	    . fcgi_begin(0) . fcgi_params($house->fcgi_params_of(body => $small))
	    . fcgi_stdin($small));
	my @found;
	ok(wait_until(60, sub { (@found = found())[0] > 1 }),
	    "$name: it is seen while that waits") || diag("@found");
	close $sock;
	$house->give_lock;
	clean($name, $but);
}

$worker = $house->worker(env => $env);
requests('worker');
is($house->stop_worker->{exit}, 0, 'the worker ends');

# Memory that is freed is overwritten by libc, whoever frees it. Without that,
# our own has been wiped before; keys are in libfcgi's buffers.
$worker = $house->worker(env => { %$env, LOOK_FREED => 1 });
requests('freed memory kept', 'key');

is($house->stop_worker->{exit}, 0, 'the worker ends');

# Commands that see many tokens, at their end. What one token or key is shown
# to the operator by, ends in the same moment.
sub command {
	my ($name, $words, %o) = @_;
	for my $freed (undef, 1) {
		spew($env->{LOOK}, '');
		my $ran = $house->admin(@$words, { stdin => $o{stdin}, env => {
		    %$env, LOOK_AT_END => 1, LOOK_FREED => $freed } });
		is($ran->{exit}, 0, "$name: exit 0") || diag($ran->{err});
		my ($found) = split ' ', slurp($env->{LOOK});
		is($found, 0, $name . ': no token is left'
		    . ($freed ? ', in freed memory neither' : ''));
		$o{out} = $ran->{out};
	}
	return $o{out};
}

my $clear = command('export in clear', ['export', '--in-clear']);
like($clear, qr/\Q$token/, 'which has it');
my $public = $house->admin_ok('recipient', 'create', "$house->{dir}/secret");
chomp $public;
my $parcel = command('export', ['export', '--recipient', $public]);
command('import in clear', ['import'], stdin => $clear);
command('import', ['import', '--identity', "$house->{dir}/secret"],
    stdin => $parcel);
command('check', ['check']);
command('rotate', ['master-key', 'rotate']);
spew($env->{LOOK}, '');
$house->admin('export', '--in-clear', { env => { %$env, LOOK_AT_END => 1,
    STRONGROOM_DATABASE => "$house->{dir}/$token" } });
cmp_ok((split ' ', slurp($env->{LOOK}))[0], '>', 0,
    'a token in the environment would be seen');

finish();
