#!/usr/bin/perl
# The limits of the loop: bodies wait for memory, requests for a place, peers
# for a connection; nobody is refused, and memory stays what was said.

use strict;
use warnings;
use IO::Select;
use Test::More;
use Time::HiRes qw(time);
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_params fcgi_stdin
    fcgi_send fcgi_read fcgi_closed parse_cgi);
use Strongroom::Proc qw(launch pause resident running
    wait_until);

use constant MIB => 1 << 20;

# A house with a worker of these settings.
sub worker_of {
	my (%conf) = @_;
	my $house = house(conf => { log_level => 'warning', %conf });
	$house->key;
	$house->worker;
	return $house;
}

# A peer that has a save of so many bytes to send: { sock, rest }.
sub peer {
	my ($house, $size, %o) = @_;
	my $body = with_auth('{"access_token":"' . 'x' x $size . '"}');
	my $sock = fcgi_connect($house->{worker}{socket}) or die "connect: $!";
	$sock->blocking(0);
	return { sock => $sock, rest => fcgi_begin(0)
	    . fcgi_params($house->fcgi_params_of(body => $body, %o))
	    . fcgi_stdin($body) };
}

# Let each send, in turn, until all but $keep bytes have gone, or for $seconds
# nobody takes any more.
sub pump {
	my ($keep, $seconds, @peers) = @_;
	my $last = time;
	while (time - $last < $seconds) {
		my @has = grep { length $_->{rest} > $keep } @peers or last;
		my $can = IO::Select->new(map { $_->{sock} } @has);
		my %now = map { fileno $_ => 1 } $can->can_write(0.1);
		for my $peer (grep { $now{ fileno $_->{sock} } } @has) {
			my $n = syswrite $peer->{sock}, $peer->{rest},
			    length($peer->{rest}) - $keep;
			next if !$n;
			substr $peer->{rest}, 0, $n, '';
			$last = time;
		}
	}
}

# The statuses of their answers, each once.
sub answers {
	my %seen;
	for my $peer (@_) {
		my $got = fcgi_read($peer->{sock}, 30 * slow());
		$seen{ $got->{ended} ? parse_cgi($got->{stdout})->{status}
		    : 'none' } = 1;
	}
	return join ' ', sort keys %seen;
}

sub status_at {
	my ($house, %o) = @_;
	return $house->fcgi(method => 'GET', path => '/healthz', key => undef,
	    type => undef, length => undef, seconds => 20 * slow(),
	    %o)->{status};
}

# -- nothing to do

# The time that the worker has run, in hundredths of a second.
sub ticks {
	my ($house) = @_;
	my @stat = split / /, slurp("/proc/$house->{worker}{pid}/stat")
	    =~ s/.*\) //sr;
	return $stat[11] + $stat[12];
}

{
	my $house = worker_of();
	my $idle = fcgi_connect($house->{worker}{socket});
	is(status_at($house, sock => $idle, keep => 1), 200, 'a peer stays');
	pause(0.2);		# what an answer leaves to be done
	my $before = ticks($house);
	pause(1);
	cmp_ok(ticks($house) - $before, '<', 10, 'an idle worker sleeps');
}

# -- memory for bodies

# max_request_memory, size of a body; how many are in memory at once then.
for my $case ([MIB, 2 * MIB, 1], [6 * MIB, 2 * MIB, 2]) {
	my ($memory, $size, $room) = @$case;
	my $name = "$room of 24 bodies have room";
	my $house = worker_of(max_request_memory => $memory,
	    max_body => 4 * MIB, io_timeout_ms => 120_000);
	my $before = resident($house->{worker}{pid});
	my @peers = map { peer($house, $size) } 1 .. 24;
	pump(100, 1, @peers);
	my $grown = resident($house->{worker}{pid}) - $before;
	my $taken = grep { length $_->{rest} <= 100 } @peers;
	is($taken, $room, "$name: others wait");
	cmp_ok($grown, '<', 16, "$name: memory is bounded") if slow() == 1;
	is(status_at($house), 200, "$name: who has none is served");
	is($house->fcgi(body => 'x' x 1000, key => 'srk_x')->{status}, 401,
	    "$name: and so is a stranger");
	pump(0, 60 * slow(), @peers);
	is(answers(@peers), 200, "$name: none is refused");
}

{
	my $house = worker_of(max_request_memory => MIB, max_body => 4 * MIB,
	    io_timeout_ms => 1000 * slow());
	my $stalled = peer($house, 2 * MIB);
	pump(MIB, 5, $stalled);
	my @large = map { peer($house, 20_000) } 1 .. 4;
	pump(0, 5, @large);
	is(answers(@large), 200, 'who waits behind a stalled body is served '
	    . 'when its time is over');
	ok(defined fcgi_closed($stalled->{sock}, 1), 'and not before it is');
}

# Who announces much and sends nothing takes all the memory that there is, but
# no place from a small body: the stalled ones are as they were afterwards.
{
	my $house = worker_of(max_request_memory => MIB,
	    io_timeout_ms => 120_000);
	my @stalled = map { peer($house, MIB / 2) } 1 .. 3;
	pump(1000, 1, @stalled);
	my @small = map { peer($house, 1000) } 1 .. 16;
	pump(0, 5, @small);
	is(answers(@small), 200, 'small bodies do not wait for stalled ones');
	is(scalar(grep { length $_->{rest} <= 1000 } @stalled), 1,
	    'of which one has room');
	is(scalar(grep { defined fcgi_closed($_->{sock}, 0) } @stalled), 0,
	    'and none has gone');
}

# -- a stranger's body is not kept

for my $case ([{ key => 'srk_x' }, 'of strangers'], [{}, 'with a key']) {
	my ($request, $name) = @$case;
	my $house = worker_of(max_body => 64 * MIB,
	    max_request_memory => 1024 * MIB, io_timeout_ms => 120_000);
	my @peers = map { peer($house, 8 * MIB, %$request) } 1 .. 16;
	pump(100, 10, @peers);
	is(scalar(grep { length $_->{rest} > 100 } @peers), 0,
	    "large bodies $name are taken");
	my $mib = resident($house->{worker}{pid});
	if ($request->{key}) {
		cmp_ok($mib, '<', 32, 'and not kept') if slow() == 1;
		pump(0, 10, @peers);
		is(answers(@peers), 401, 'and answered');
	} else {
		cmp_ok($mib, '>', 128, 'control: and kept');
	}
}

# -- places for requests

{
	my $house = worker_of(max_requests => 4);
	my $told = launch(120, sub {
		return map { $house->fcgi(body => with_auth('{}'))->{status} }
		    1 .. 3;
	});
	my %seen = map { $_ => 1 } map { @$_ } $told->();
	is(join(' ', sort keys %seen), 200,
	    '120 clients at once and four places: none is refused');
}
{
	my $house = worker_of(io_timeout_ms => 120_000, max_requests => 4);
	my @stalled = map { peer($house, 1000) } 1 .. 4;
	pump(500, 5, @stalled);
	my $waits = peer($house, 1000);
	pump(0, 5, $waits);
	ok(!IO::Select->new($waits->{sock})->can_read(0.5),
	    'where all places are taken, a request waits');
	close $stalled[0]{sock};
	is(answers($waits), 200, 'until one is free');
	pump(0, 5, @stalled[1 .. 3]);
	is(answers(@stalled[1 .. 3]), 200, 'and the others go on');
}

# -- connections

{
	my $house = worker_of(max_connections => 16, io_timeout_ms => 120_000);
	my ($idle, @busy) = map {
		fcgi_connect($house->{worker}{socket}) } 1 .. 16;
	my $since = time;
	is(status_at($house, sock => $_, keep => 1), 200, 'a kept connection')
	    for $idle, @busy;
	my $late = peer($house, 10);
	pump(0, 5, $late);
	my ($bad, $at) = (0);
	# Those who go on being served, beside the one who does not.
	wait_until(20 * slow(), sub {
		$at //= time if IO::Select->new($late->{sock})->can_read(0);
		$bad += status_at($house, sock => $_, keep => 1) != 200
		    for @busy;
		return $at;
	});
	is(answers($late), 200, 'where all connections are in use, somebody '
	    . 'who comes is served');
	cmp_ok($at - $since, '>', 4.9, 'when one has been idle for 5 seconds');
	is($bad, 0, 'and none that has been served lately is closed');
	ok(defined fcgi_closed($idle, 1), 'but the one that was not');
	is(scalar(grep { status_at($house, sock => $_, keep => 1) != 200 }
	    @busy), 0, 'alone');
}
{
	my $house = worker_of(max_connections => 16, io_timeout_ms => 120_000);
	my @stalled = map { peer($house, 1000) } 1 .. 16;
	pump(500, 5, @stalled);
	my $late = peer($house, 10);
	pump(0, 5, $late);
	# As long as an idle one would be left in peace, and longer.
	ok(!IO::Select->new($late->{sock})->can_read(6),
	    'where all are in the middle of a request, nobody is accepted');
	like(slurp($house->{worker}{log}), qr/16 connections are in use: raise/,
	    'and it is told');
	close $stalled[7]{sock};
	is(answers($late), 200, 'and then is');
	pump(0, 5, @stalled[0 .. 6]);
	is(answers(@stalled[0 .. 6]), 200, 'and nobody was closed for it');
}

# 1,000 who only stand there, beside some who save.
{
	my $house = worker_of();
	my $end = "$house->{dir}/end";
	my $stand = launch(4, sub {
		my @socks = map { fcgi_connect($house->{worker}{socket})
		    or die "connect: $!" } 1 .. 250;
		spew("$house->{dir}/up-$_[0]", '');
		wait_until(300, sub { -e $end });
		return scalar grep { status_at($house, sock => $_) != 200 }
		    @socks;
	});
	ok(wait_until(60, sub { !grep { !-e "$house->{dir}/up-$_" } 0 .. 3 }),
	    '1,000 peers connect');
	my $busy = launch(8, sub {
		return scalar grep { $house->fcgi(body => with_auth('{}'))
		    ->{status} != 200 } 1 .. 50;
	});
	is(join(' ', map { @$_ } $busy->()), '0 0 0 0 0 0 0 0',
	    'beside them all saves go well');
	spew($end, '');
	is(join(' ', map { @$_ } $stand->()), '0 0 0 0',
	    'and each of them is served when it asks');
	ok(running($house->{worker}{pid}), 'by the same worker');
}

# Answers that end a connection, while more of its request comes than one read
# takes: what is closed in a turn has no events left in it.
{
	my $house = worker_of(max_body => 4 * MIB);
	is($house->stop_worker->{exit}, 0, 'the worker ends');
	$house->worker(env => { MALLOC_PERTURB_ => 165 });
	my $body = 'x' x 1_000_000;
	my $bytes = fcgi_begin(0) . fcgi_params($house->fcgi_params_of(
	    body => $body, key => 'stranger')) . fcgi_stdin($body);
	my $served = 0;
	$served += $_->[0] for launch(2, sub {
		return scalar grep {
			my $sock = fcgi_connect($house->{worker}{socket});
			fcgi_send($sock, $bytes, 20);
			fcgi_read($sock, 20)->{ended};
		} 1 .. 100;
	})->();
	is($served, 200, 'long bodies of strangers: each is answered');
	is($house->stop_worker->{exit}, 0, 'and the worker ends in order');
}

finish();
