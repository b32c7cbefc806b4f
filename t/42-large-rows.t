#!/usr/bin/perl
# An integration may be large, and the disk slow: whoever reads one is held up
# alone, and what all of them take together is bounded.

use strict;
use warnings;
use IO::Select;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_params fcgi_stdin
    fcgi_send fcgi_read parse_cgi);
use Strongroom::Json qw(decode);
use Strongroom::Preload qw(within);
use Strongroom::Proc qw(wait_until running);

use constant { ALL => '/api/v2/integrations', MIB => 1 << 20 };

my %get = (method => 'GET', type => undef, length => undef);
# A public key like any other.
my $sealed = '{"public_key":"CSfe1Gkfqdx8Tpz9Yi8X7vbXuVGhBmM1gqRgUTUaRU8="}';

# The routes that read an integration's row, and what is asked of them. To
# reach what stands behind something large in it, all of that is gone through.
my @reads = (
    ['a read', '', %get],
    ['a reveal', '/auth_data', %get],
    ['a sealed reveal', '/auth_data/sealed', method => 'POST',
	body => $sealed],
    ['a verification', '/verify', method => 'POST',
	body => '{"access_token":"x"}'],
    ['a change', '', method => 'PATCH', body => '{"name":"other"}'],
    ['a lease', '/refresh-lease', method => 'POST',
	body => '{"seconds":60}'],
    ['the end of a lease', '/refresh-lease', %get, method => 'DELETE',
	params => { HTTP_REFRESH_LEASE =>
	'00000000-0000-4000-8000-000000000000' }, status => 409],
    ['a deletion', '', %get, method => 'DELETE'],
);

# From here on its user has a key that may do all that there is.
sub may_all {
	my ($house) = @_;
	my $key = $house->admin_ok('key', 'create', '--user', $house->user,
	    '--scopes', 'save,read,reveal,verify');
	chomp($house->{keys}{$house->user} = $key);
	return;
}

sub begun {
	my ($house, %o) = @_;
	my $sock = fcgi_connect($house->{worker}{socket}) or die "connect: $!";
	fcgi_send($sock, fcgi_begin(0) . fcgi_params($house->fcgi_params_of(%o))
	    . fcgi_stdin($o{body} // ''));
	return $sock;
}

sub answer_of { parse_cgi(fcgi_read($_[0], 60 * slow())->{stdout}) }

# Those of several, as they come.
sub answers_of {
	my $left = IO::Select->new(@_);
	my @answers;
	while (my @ready = $left->can_read(60 * slow())) {
		push @answers, map { answer_of($_) } @ready;
		$left->remove($_) for @ready;
		last if !$left->count;
	}
	return @answers;
}

sub health {
	$_[0]->fcgi(%get, path => '/healthz', key => undef)->{status};
}

sub saved {
	my ($house, $auth, $more) = @_;
	return saved_ok($house->fcgi(body => with_auth($auth, $more)),
	    'a save is answered')->{integration_id};
}

# -- who reads is held up alone

my ($env, $why) = within('hold', [program('strongroom'), 'version'],
    sub { (HOLD_READY => "$_[0]/ready") }, sub { -l "$_[0]/ready" });
delete $env->{HOLD_READY} if $env;

sub held {
	my ($house, $count) = @_;
	return wait_until(60 * slow(), sub {
		return $count == (() = slurp($house->{worker}{log})
		    =~ /^hold: /mg);
	});
}

SKIP: {
	skip $why, 1 if !$env;
	my $house = house(conf => { busy_timeout_ms => 60_000 });
	my $hold = "$house->{dir}/hold";
	$house->worker(env => { %$env, HOLD => $hold,
	    HOLD_SQL => 'WHERE integration_id = ?3 AND created_by = ?4' });
	may_all($house);
	my $id = saved($house, '{"access_token":"x"}');
	my $count = 0;
	for (@reads) {
		my ($name, $end, %o) = (@$_, path => ALL . "/$id$_->[1]");
		my $status = delete $o{status} // 200;
		spew($hold, '');
		my $sock = begun($house, %o);
		ok(held($house, ++$count), "$name is held");
		is(health($house), 200, "$name: meanwhile health is answered");
		is($house->fcgi(%o, key => 'x')->{status}, 401,
		    "$name: so is a stranger");
		saved($house, '{}');
		is($house->fcgi(%get, path => ALL)->{status}, 200,
		    "$name: and a list");
		ok(!IO::Select->new($sock)->can_read(0), "$name: itself not");
		unlink $hold or die "$hold: $!";
		is(answer_of($sock)->{status}, $status, "$name: now it is");
	}
}

# -- what they take together

sub resident {
	my ($house) = @_;
	my ($kib) = slurp("/proc/$house->{worker}{pid}/status")
	    =~ /^VmRSS:\s*(\d+)/m;
	return $kib / 1024;
}

# Many ask for a large one and take no answer. How much the worker grows, once
# it does nothing more for them.
sub unread {
	my ($house, $id) = @_;
	my $before = resident($house);
	my @socks = map { begun($house, %get, path => ALL . "/$id/auth_data") }
	    1 .. 40;
	my $answered = wait_until(60 * slow(), sub {
		scalar IO::Select->new(@socks)->can_read(0);
	});
	ok($answered, 'the first is answered');
	is(health($house), 200, 'health is, too');
	return (resident($house) - $before, @socks);
}

sub house_of {
	my (%conf) = @_;
	my $house = house(conf => { io_timeout_ms => 120_000,
	    busy_timeout_ms => 60_000, max_body => 4 * MIB, %conf });
	$house->worker;
	may_all($house);
	return $house;
}

{
	my $house = house_of(max_request_memory => 4 * MIB);
	my $auth = '{"access_token":"' . 'y' x MIB . '"}';
	my $large = saved($house, $auth);
	my $small = saved($house, '{"access_token":"z"}');
	my ($grown, @socks) = unread($house, $large);
	cmp_ok($grown, '<', 16, 'others wait for room') if slow() == 1;
	is($house->fcgi(%get, path => ALL . "/$small/auth_data")->{status}, 200,
	    'a small one needs none');
	my $revision = decode($house->fcgi(%get, path => ALL . "/$small")
	    ->{body})->{data}{revision};
	is($revision, 1, 'nor does a read of it');
	saved($house, $auth);
	my %seen;
	$seen{ $_->{body} =~ /"auth_data":(.*)\}, ?"error":null\}\z/
	    && $1 eq $auth ? 'all' : 'not all' }++ for answers_of(@socks);
	is_deeply(\%seen, { all => 40 }, 'and all are answered, whole');
	is(health($house), 200, 'as nothing had been');
}

{
	my $house = house_of(max_request_memory => 1 << 40);
	my $large = saved($house, '{"access_token":"' . 'y' x MIB . '"}');
	my ($grown, @socks) = unread($house, $large);
	my $is_full = wait_until(60, sub { resident($house) > 64 });
	ok($is_full, 'control: without that limit memory grows')
	    if slow() == 1;
	is(scalar answers_of(@socks), 40, 'control: and all are answered');
}

# A single one may be larger than what all are to take.
{
	my $house = house_of(max_request_memory => 64 << 10);
	my $auth = '{"access_token":"' . 'y' x (2 * MIB) . '"}';
	my $id = saved($house, $auth);
	for (@reads) {
		my ($name, $end, %o) = (@$_, path => ALL . "/$id$_->[1]");
		my $status = delete $o{status} // 200;
		is($house->fcgi(%o)->{status}, $status, "$name of a larger one than there is room for");
	}
}

finish();
