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
use Strongroom::Proc qw(resident wait_until);

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
	    '--scopes', 'save,read,reveal,verify,admin');
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

# As many ask for what is large as this, and take no answer.
use constant UNREAD => 40;

sub house_of {
	my (%conf) = @_;
	my $house = house(conf => { io_timeout_ms => 120_000,
	    busy_timeout_ms => 60_000, max_body => 4 * MIB, %conf });
	$house->worker;
	may_all($house);
	return $house;
}

my $auth = '{"access_token":"' . 'y' x MIB . '"}';
my $data = '"metadata":{"k":"' . 'y' x MIB . '"},';
my %key = (params => { HTTP_IDEMPOTENCY_KEY => 'k' });

# The id of one that is large; its answer is too long to be looked at as others
# are.
sub large {
	my ($house, $more) = @_;
	my $said = answer_of(begun($house, body => with_auth('{}',
	    $data . $more)));
	my ($id) = $said->{body} =~ /"integration_id":"([^"]+)"/;
	is($said->{status}, 200, 'a large save is answered');
	return $id // die 'no integration_id';
}

# The member of a body.
sub named { qq{"unique_identifier":"$_[0]",} }

sub to {
	my ($method, $id, %o) = @_;
	return { $method eq 'PATCH' ? () : %get, method => $method,
	    path => ALL . "/$id", %o };
}

sub ok_of {
	my ($house, $request) = @_;
	is(answer_of(begun($house, %$request))->{status}, 200,
	    'what comes before');
}

# What is asked for, of a large integration; and of a small one, which waits in
# the same queue, but for no room. Both begin with what has to be there.
my %kinds = (
    'reveals' => sub {
	my ($house, $small) = @_;
	my $id = saved($house, $auth, named('large'));
	return (to(GET => "$small/auth_data"),
	    (to(GET => "$id/auth_data")) x UNREAD);
    },
    'reads' => sub {
	my ($house, $small) = @_;
	my $id = large($house, '');
	return (to(GET => $small), (to(GET => $id)) x UNREAD);
    },
    'deletions' => sub {
	my ($house, $small) = @_;
	return (to(DELETE => $small), map {
		to(DELETE => large($house, named("u$_"))) } 1 .. UNREAD);
    },
    'saves over metadata' => sub {
	my ($house, $small) = @_;
	large($house, named('large'));
	return map { { body => with_auth('{}', named($_)) } } 'small',
	    ('large') x UNREAD;
    },
    'repeated saves' => sub {
	my ($house, $small) = @_;
	large($house, named('large'));
	my $again = { %key, body => with_auth('{}', named('large')) };
	ok_of($house, $again);
	return ({ body => with_auth('{}', named('small')) },
	    ($again) x UNREAD);
    },
    'repeated changes' => sub {
	my ($house, $small) = @_;
	my $id = large($house, '');
	my $again = to(PATCH => $id, %key, body => '{"name":"other"}');
	ok_of($house, $again);
	# The row is small by now; what was answered is not.
	ok_of($house, to(PATCH => $id, body => '{"metadata":null}'));
	return (to(PATCH => $small, body => '{"name":"other"}'),
	    ($again) x UNREAD);
    },
    'lists' => sub {
	my ($house, $small) = @_;
	large($house, named("u$_")) for 1 .. 3;
	my %list = (%get, path => ALL);
	return ({ %list, query => 'unique_identifier=small' },
	    ({ %list }) x UNREAD);
    },
);

# How much the worker grows by those, when it can do nothing more for them.
sub unread {
	my ($house, $small, @large) = @_;
	my $before = resident($house->{worker}{pid});
	my @socks = map { begun($house, %$_) } @large;
	my $answered = wait_until(60 * slow(), sub {
		scalar IO::Select->new(@socks)->can_read(0);
	});
	ok($answered, 'the first is answered');
	is($house->fcgi(%$small)->{status}, 200, 'a small one needs no room');
	is(health($house), 200, 'health does not, either');
	return (resident($house->{worker}{pid}) - $before, @socks);
}

# Those that hold all of what is large.
sub whole {
	return scalar grep { $_->{status} == 200 &&
	    $_->{body} =~ tr/y// >= MIB } @_;
}

for my $kind (sort keys %kinds) {
	my $house = house_of(max_request_memory => 4 * MIB);
	my $small = saved($house, '{"access_token":"z"}',
	    named('small'));
	my ($grown, @socks) = unread($house, $kinds{$kind}->($house, $small));
	cmp_ok($grown, '<', 24, "$kind: others wait for room") if slow() == 1;
	saved($house, $auth) if $kind eq 'reveals';
	is(whole(answers_of(@socks)), UNREAD, "$kind: all are answered, whole");
	is(health($house), 200, "$kind: as nothing had been");
	next if $kind ne 'saves over metadata';
	my $list = decode($house->fcgi(%get, path => ALL,
	    query => 'unique_identifier=large')->{body});
	is($list->{data}{integrations}[0]{revision}, 1 + UNREAD,
	    "$kind: none is done twice");
}

for my $kind (sort keys %kinds) {
	my $house = house_of(max_request_memory => 1 << 40);
	my $small = saved($house, '{"access_token":"z"}',
	    named('small'));
	my ($grown, @socks) = unread($house, $kinds{$kind}->($house, $small));
	my $is_full = wait_until(60, sub {
		resident($house->{worker}{pid}) > 40;
	});
	ok($is_full, "control: without that limit memory grows by $kind")
	    if slow() == 1;
	is(whole(answers_of(@socks)), UNREAD, 'control: all are answered');
}

# Pages of what is small wait for nobody, as long as they are.
{
	my $house = house_of(max_request_memory => 4 * MIB);
	saved($house, '{}') for 1 .. 51;
	my $id = saved($house, $auth);
	my (undef, @socks) = unread($house, { %get, path => ALL },
	    (to(GET => "$id/auth_data")) x UNREAD);
	for my $path (ALL, '/api/v2/audit', '/api/v2/api-keys') {
		is($house->fcgi(%get, path => $path)->{status}, 200,
		    "$path is read meanwhile");
	}
	is(whole(answers_of(@socks)), UNREAD, 'and then all the others');
}

# At the stop those who have no room are told so, and it is in time.
for my $kind ('lists', 'repeated saves', 'reveals', 'saves over metadata') {
	my $house = house_of(max_request_memory => 4 * MIB);
	my $small = saved($house, '{"access_token":"z"}', named('small'));
	my (undef, @socks) = unread($house, $kinds{$kind}->($house, $small));
	my $end = $house->stop_worker;
	is($end->{exit}, 0, "$kind: the stop");
	cmp_ok($end->{seconds}, '<=', 5 * slow(), "$kind: is in time");
	my %count;
	$count{ (eval { answer_of($_) } // {})->{status} // 'none' }++
	    for @socks;
	cmp_ok($count{503} // 0, '>=', UNREAD - 8, "$kind: who had no room is "
	    . 'told') || diag(join ' ', %count);
}

# A single one may be larger than what all are to take.
{
	my $house = house_of(max_request_memory => 64 << 10);
	for ([$auth, ''], ['{}', $data]) {
		my ($auth, $more) = @$_;
		my $id = saved($house, $auth, $more . named('large'));
		is(saved($house, '{}', named('large')), $id,
		    'a save over a larger one than there is room for');
		for (@reads) {
			my ($name, $end, %o) = (@$_, path => ALL . "/$id$_->[1]");
			my $status = delete $o{status} // 200;
			is(answer_of(begun($house, %o))->{status}, $status,
			    "$name of such a one");
		}
	}
}

finish();
