#!/usr/bin/perl
# Restarts under load: the listening socket stays open, the worker gets SIGTERM
# and a new one is started. Through nginx no request fails, and each worker
# ends in order and in time.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Figure;
use Strongroom::Load;
use Strongroom::Proc qw(stop running pause wait_until);

my $limit = 15;		# seconds to stop in; then systemd's unit kills
my $house = house(conf => { log_level => 'warning' });
my ($listen, $socket) = $house->listener('shared');

sub next_worker {
	my (%o) = @_;
	return $house->worker(via => 'inherit', listen => $listen,
	    socket => $socket, %o);
}

my $worker = next_worker();
$house->nginx(keepalive => 8);
my $rounds = rounds(4, 50);
my $load = load($house, name => 'r', clients => 8, doors => ['http']);
ok($load->wait_for(50), 'saves before the first restart');
my ($slowest, @odd) = (0);
for my $round (1 .. $rounds) {
	my $old = $worker;
	my $end;
	# The new one before the old one is told to end, or after it has.
	if ($round % 2) {
		$worker = next_worker(ready => 0);
		$end = $house->stop_worker($old);
	} else {
		$end = $house->stop_worker($old);
		$worker = next_worker(ready => 0);
	}
	push @odd, "round $round: exit $end->{exit}" if $end->{exit} ne '0';
	$slowest = $end->{seconds} if $end->{seconds} > $slowest;
	$load->wait_for(20) or push @odd, "round $round: no saves";
}
my $count = $load->stop;
is(join("\n", @odd), '', 'each worker ends with exit 0 and the next serves');
is(join(' ', sort keys %$count), '200', 'no request failed')
    || diag($load->counts);
cmp_ok($slowest, '<=', $limit * slow(), 'each worker ends in time');
$load->kept('restarts');
my $failed = 0;
$failed += $count->{$_} for grep { $_ != 200 } keys %$count;
figure(sprintf '%d restarts: %d of %d requests failed, 0 may; stops took '
    . '%.1f s at most, %d allowed', $rounds, $failed,
    $failed + $count->{200}, $slowest, $limit);

# The same by SIGKILL.
$load = load($house, name => 'k', clients => 8, doors => ['http'], pause => 0);
$failed = 0;
my $kills = 0;
while (!$failed && ++$kills <= 20) {
	$load->wait_for(50) or last;
	$worker->{stopped} = 1;
	stop($worker->{pid}, signal => 'KILL');
	$worker = next_worker(ready => 0);
	$load->wait_for(20);
	$failed = grep { $_ != 200 } keys %{ $load->{count} };
}
$load->stop;
cmp_ok($failed, '>', 0, 'control: SIGKILL makes requests fail');
control("SIGKILL instead, $kills of them: " . $load->counts);
$load->kept('restarts by SIGKILL');

finish();
