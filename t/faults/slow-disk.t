#!/usr/bin/perl
# A disk that takes half a second for each sync, and another process that does
# not give the lock back: as many saves wait as the queue has places, all
# others are told at once to come later, and memory does not grow.

use strict;
use warnings;
use Fcntl qw(:flock);
use Test::More;
use Time::HiRes qw(time);
use Strongroom;
use Strongroom::Figure;
use Strongroom::Inject;
use Strongroom::Load;
use Strongroom::Proc qw(pause wait_until);

# threads, queue, clients; the lock's time-out in milliseconds; how long a 503
# may take that is said at once, half of them and nearly all, in seconds: who
# waited for a sync would have waited for a quarter of a second on average;
# growth of memory in KiB.
my ($threads, $queue, $clients) = (16, 8, 32);
my $busy_ms = 700;
my ($at_once, $nearly, $growth) = (0.03, 0.25, 2048);
my $delay = 'sync:slow:1+:500';

sub resident_kib {
	my ($worker) = @_;
	return slurp("/proc/$worker->{pid}/status") =~ /^VmRSS:\s+(\d+)/m
	    ? $1 : die 'no VmRSS';
}

# A load on a worker with these faults, for so many seconds: the load, and how
# much memory grew after its beginning.
sub slow_run {
	my ($rules, $name, $for, %conf) = @_;
	my $house = house(conf => { threads => $threads, queue => $queue,
		log_level => 'error', busy_timeout_ms => $busy_ms, %conf });
	my $worker = $house->worker(env => inject($house, $rules));
	my $load = load($house, name => $name, clients => $clients,
	    sizes => [20, 1000], after_503 => 0.1);
	$load->wait_for(2 * $queue);
	my $before = resident_kib($worker);
	pause($for);
	my $grown = resident_kib($worker) - $before;
	$load->stop;
	return ($load, $grown, $house);
}

sub quantile { Strongroom::Load::quantile($_[0]{took}{$_[1]}, $_[2]) }

my ($load, $grown, $house) = slow_run($delay, 's', rounds(3, 60));
my $count = $load->{count};
is(join(' ', sort keys %$count), '200 503', 'answers are 200 and 503');
is($load->{no_retry_after} // 0, 0, 'each 503 says when to come again');
my ($half, $full) = map { quantile($load, 503, $_) } 0.5, 0.99;
cmp_ok($half, '<', 3 * $at_once * slow(), 'a 503 comes at once');
cmp_ok($full, '<', 3 * $nearly * slow(), 'nearly every one');
# A sanitizer keeps what is freed.
cmp_ok($grown, '<', 3 * $growth, 'memory does not grow') if slow() == 1;
# What waits when a save comes is one batch that syncs and one that queues.
my $longest = quantile($load, 200, 1);
cmp_ok($longest, '<', 3 * 1.5 * slow(), 'what is in the queue is saved with '
    . 'the next syncs');
$load->kept('a slow disk');
figure(sprintf '0.5 s a sync, %d clients, queue of %d: %d times 200 within '
    . '%.2f s, %d times 503, median %.1f ms (%d allowed), 99 %% within %.0f '
    . 'ms (%d allowed), memory %+d KiB (%d allowed)', $clients, $queue,
    $count->{200}, $longest, $count->{503}, $half * 1e3, $at_once * 1e3,
    $full * 1e3, $nearly * 1e3, $grown, $growth);

# The lock is another's.
$house->stop_worker;
my $worker = $house->worker;
my $lock_at = $house->{database} . '.lock';
open my $lock, '+<', $lock_at or die "$lock_at: $!";
flock $lock, LOCK_EX or die "flock: $!";
$load = load($house, name => 'l', clients => $clients, after_503 => 0.1);
pause(rounds(2.5, 20));
$count = { %{ $load->look->{count} } };
my @took = @{ $load->{took}{503} // [] };
is(join(' ', sort keys %$count), '503', 'without the lock each save is '
    . 'answered 503');
my ($most) = sort { $b <=> $a } @took;
cmp_ok($most, '<', 3 * $busy_ms / 1e3 * slow(), 'within the time-out');
my $quick = grep { $_ < 3 * $at_once * slow() } @took;
cmp_ok($quick, '>', 0, 'and at once where the queue is full');
$load->stop;
is($load->{no_retry_after} // 0, 0, 'each 503 says when to come again');

# Few enough to have places in the queue: all wait, and are seen to.
my $patient = load($house, name => 'p', clients => $queue / 2);
wait_until(60 * slow(), sub { ($patient->look->{count}{503} // 0) > $queue });
my $waited = quantile($patient, 503, 0.5);
cmp_ok($waited, '>', 3 * $at_once * slow(), 'control: refusals that wait are '
    . 'seen to be late');
my $from = time;
flock $lock, LOCK_UN or die "flock: $!";
ok($patient->wait_for(1), 'with the lock there are saves again');
my $back = time - $from;
$patient->stop;
$_->kept('a lock that was not given back') for $load, $patient;
figure(sprintf 'lock held: %d times 503 and nothing else, %d of them within '
    . '%d ms, all within %.0f ms (%d allowed); saves again after %.0f ms',
    $count->{503}, $quick, 3 * $at_once * 1e3 * slow(), $most * 1e3, $busy_ms,
    $back * 1e3);

# No bound, a slow refusal, a leak: each is seen.
my ($free) = slow_run($delay, 'f', 1, threads => 2 * $clients,
    queue => 2 * $clients - 1);
ok(!$free->{count}{503}, 'control: with a place for each client none is '
    . 'refused');
my (undef, $leaked) = slow_run("$delay,sync:leak:1+:8192", 'm', 2);
cmp_ok($leaked, '>', 3 * $growth, 'control: a leak is seen');
control(sprintf 'queue longer than the load: %d times 503; refusals that '
    . 'wait: median %.0f ms; 8 MiB lost a sync: memory %+d KiB',
    $free->{count}{503} // 0, $waited * 1e3, $leaked);

finish();
