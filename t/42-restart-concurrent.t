#!/usr/bin/perl
# A restart under load: SIGTERM, and a new process on the same listening
# socket. No request fails, the old process ends in order and in time.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_params fcgi_send
    fcgi_read fcgi_stdin fcgi_record parse_cgi);
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(launch stop running wait_until pause now);

my $house = house();
my ($listen, $socket) = $house->listener('shared');
my $worker = $house->worker(via => 'inherit', listen => $listen,
    socket => $socket);
$house->nginx;
$house->key;
my $limit = 5 * slow();

sub body { "{\"name\":\"$_[0]\",\"integration_type\":\"jira\",\"auth_data\":"
    . "{\"access_token\":\"token-$_[0]\"},\"unique_identifier\":\"$_[0]\"}" }

# Eight clients, four of them through nginx, until they are told to stop:
# what went wrong, then what was saved.
my $stop = "$house->{dir}/stop";
my $load = launch(8, sub {
	my ($i) = @_;
	my (@wrong, @saved);
	my $end = now() + 300;
	for (my $n = 0; !-e $stop && now() < $end; $n++) {
		my $door = $i % 2 ? 'http' : 'fcgi';
		my $answer = $house->$door(socket => $socket,
		    body => body("c$i-$n"));
		if ($answer->{status} == 200) {
			push @saved, "c$i-$n";
		} else {
			push @wrong, "$door: $answer->{status} $answer->{body}";
		}
	}
	return (scalar @wrong, $wrong[0], @saved);
});

sub served {
	my ($who, $n) = @_;
	return wait_until(60 * slow(), sub {
		($n <= grep { /status=200/ } $house->log_lines($who))
		    || !running($who->{pid});
	});
}

for my $round (1 .. 4) {
	ok(served($worker, 20), "round $round: requests are served");
	my $old = $worker;
	my $next = sub {
		$worker = $house->worker(via => 'inherit', listen => $listen,
		    socket => $socket, ready => 0);
	};
	my $end;
	if ($round % 2) {
		$next->();
		served($worker, 5);
		$end = $house->stop_worker($old);
	} else {
		$end = $house->stop_worker($old);
		$next->();
	}
	is($end->{exit}, 0, "round $round: the old process exits 0");
	cmp_ok($end->{seconds}, '<=', $limit, "round $round: in time");
}
ok(served($worker, 20), 'the last process serves');
spew($stop, '');
my @said = $load->();
is(join("\n", map { $_->[1] } grep { $_->[0] ne '0' } @said), '',
    'no request failed');
my @names = map { my (undef, undef, @saved) = @$_; @saved } @said;
cmp_ok(scalar @names, '>', 100, 'there was a load');
my %row = map { $_->{unique_identifier} => 1 } @{ $house->integrations };
is(join(' ', grep { !$row{$_} } @names), '', 'each 200 is in the database');
is(scalar keys %row, scalar @names, 'and nothing else');
is($house->admin('check')->{exit}, 0, 'check: all is well');

# Requests under way are answered; connections that are kept and idle, and
# some on which nothing was ever said, do not hold the process up.
my @idle = map { fcgi_connect($socket) } 1 .. 3;
my $kept = fcgi_connect($socket);
saved_ok($house->fcgi(sock => $kept, keep => 1, body => body('kept')),
    'a connection that is kept');
my $half = fcgi_connect($socket);
my $bytes = fcgi_begin(0) . fcgi_params($house->fcgi_params_of(
    body => body('half'))) . fcgi_record(5, substr body('half'), 0, 20);
ok(fcgi_send($half, $bytes), 'a request half sent');
saved_ok($house->fcgi(socket => $socket, body => body('behind')),
    'which the worker is at, for it has served the next one');
kill 'TERM', $worker->{pid};
ok(fcgi_send($half, fcgi_record(5, substr body('half'), 20)
    . fcgi_record(5, '')), 'the other half, after SIGTERM');
my $answer = parse_cgi(fcgi_read($half)->{stdout});
saved_ok($answer, 'is answered');
my $end = $house->stop_worker($worker);
is($end->{exit}, 0, 'the process exits 0');
cmp_ok($end->{seconds}, '<=', $limit, 'in time');

# One that never sends its other half does not hold it up either.
for my $signal (qw(TERM INT)) {
	$worker = $house->worker(via => 'inherit', listen => $listen,
	    socket => $socket);
	my $never = fcgi_connect($socket);
	fcgi_send($never, $bytes);
	saved_ok($house->fcgi(socket => $socket, body => body('other')),
	    'another is served meanwhile');
	$worker->{stopped} = 1;
	$end = stop($worker->{pid}, signal => $signal);
	is($end->{exit}, 0, "SIG$signal with a request half sent: exit 0");
	cmp_ok($end->{seconds}, '<=', $limit, 'in time');
}
is($house->admin('check')->{exit}, 0, 'check: all is well');

finish();
