#!/usr/bin/perl
# A disk that takes half a second for each sync, and another process that does
# not give the lock back: all saves that come meanwhile are in the next syncs,
# who need not wait for the disk does not, a 503 says that the time-out is over,
# and memory does not grow.

use strict;
use warnings;
use Fcntl qw(:flock);
use Test::More;
use Time::HiRes qw(time);
use Strongroom;
use Strongroom::Figure;
use Strongroom::Inject;
use Strongroom::Load;
use Strongroom::Proc qw(pause resident wait_until);

# How many save; the lock's time-out in milliseconds; within how many it is said
# that all is well, or that a key is wrong; growth of memory in MiB.
my ($clients, $busy_ms, $soon_ms, $growth) = (32, 700, 60, 6);
my $delay = 'sync:slow:1+:500';

# A load on a worker with these faults, for so many seconds, while the code is
# called: the load, how much memory grew after its beginning, and what the code
# returned.
sub slow_run {
	my ($rules, $name, $for, $code, %conf) = @_;
	my $house = house(conf => { log_level => 'error',
		busy_timeout_ms => $busy_ms, %conf });
	my $worker = $house->worker(env => inject($house, $rules));
	my $load = load($house, name => $name, clients => $clients,
	    sizes => [20, 1000], after_503 => 0.1);
	$load->wait_for($clients);
	my $before = resident($worker->{pid});
	my $end = time + $for;
	my @said = $code ? $code->($house, $end) : ();
	pause($end - time) if time < $end;
	my $grown = resident($worker->{pid}) - $before;
	$load->stop;
	return ($load, $grown, @said);
}

# The 99th percentile in milliseconds of what needs no disk, until the end: is
# all well, and a key that is none. How often the answer was another one.
sub beside {
	my ($house, $end) = @_;
	my (@ms, $wrong);
	$wrong = 0;
	while (time < $end) {
		for my $case ([200, method => 'GET', path => '/healthz',
		    key => undef, type => undef, length => undef],
		    [401, key => 'srk_x', body => '{}']) {
			my ($due, %request) = @$case;
			my $from = time;
			my $answer = $house->fcgi(%request, seconds => 20);
			push @ms, 1000 * (time - $from);
			$wrong++ if $answer->{status} != $due;
		}
		pause(0.005);
	}
	@ms = sort { $a <=> $b } @ms;
	return ($ms[int(0.99 * @ms)], scalar @ms, $wrong);
}

sub quantile { Strongroom::Load::quantile($_[0]{took}{$_[1]}, $_[2]) }

my ($load, $grown, $p99, $asked, $wrong) = slow_run($delay, 's',
    rounds(3, 60), \&beside, busy_timeout_ms => 60_000);
my $count = $load->{count};
is(join(' ', sort keys %$count), '200', 'all saves are answered 200');
# What waits when a save comes is one batch that syncs and one that follows,
# which now and then brings the log into the database as well.
my $longest = quantile($load, 200, 1);
cmp_ok($longest, '<', 4.5 * slow(), 'with the next syncs');
my $batches = $count->{200} / (rounds(3, 60) / 0.5);
cmp_ok($batches, '>', $clients / 4, 'many in each');
is($wrong, 0, 'beside them /healthz is 200 and a wrong key 401');
cmp_ok($p99, '<', $soon_ms * slow(), 'and neither waits for the disk');
# A sanitizer keeps what is freed.
cmp_ok($grown, '<', $growth, 'memory does not grow') if slow() == 1;
$load->kept('a slow disk');
figure(sprintf '0.5 s a sync, %d clients: %d times 200 within %.2f s (4.5 '
    . 'allowed), nothing else; %d times /healthz and 401, p99 %.1f ms (%d allowed); '
    . 'memory %+.1f MiB (%d allowed)', $clients, $count->{200}, $longest, $asked, $p99,
    $soon_ms, $grown, $growth);

# The lock is another's.
my $house = house(conf => { log_level => 'error',
	busy_timeout_ms => $busy_ms });
$house->key;
$house->worker;
my $lock_at = $house->{database} . '.lock';
open my $lock, '+<', $lock_at or die "$lock_at: $!";
flock $lock, LOCK_EX or die "flock: $!";
$load = load($house, name => 'l', clients => $clients, after_503 => 0.1);
($p99, $asked, $wrong) = beside($house, time + rounds(2.5, 20));
$count = { %{ $load->look->{count} } };
my @took = sort { $a <=> $b } @{ $load->{took}{503} // [] };
is(join(' ', sort keys %$count), '503', 'without the lock each save is '
    . 'answered 503');
# Who comes while others wait is in the next batch, and is told with the oldest
# of that.
cmp_ok($took[-1], '<', 6 * $busy_ms / 1e3 * slow(),
    'soon after the time-out');
cmp_ok($took[-1], '>', 0.9 * $busy_ms / 1e3, 'and not before it is over');
is($wrong, 0, 'beside them /healthz is 200 and a wrong key 401');
cmp_ok($p99, '<', $soon_ms * slow(), 'at once');
my $from = time;
flock $lock, LOCK_UN or die "flock: $!";
ok($load->wait_for(1), 'with the lock there are saves again');
my $back = time - $from;
$load->stop;
is($load->{no_retry_after} // 0, 0, 'each 503 says when to come again');
$load->kept('a lock that was not given back');
figure(sprintf 'lock held: %d times 503 and nothing else, within %.0f ms '
    . '(%d, six times that allowed); %d times /healthz and 401, p99 %.1f ms; '
    . 'saves again after %.0f ms', $count->{503}, $took[-1] * 1e3,
    $busy_ms, $asked, $p99, $back * 1e3);

# A leak, and keys that wait for the disk: each is seen.
my (undef, $leaked) = slow_run("$delay,sync:leak:1+:8192", 'm', 2, undef,
    busy_timeout_ms => 60_000);
cmp_ok($leaked, '>', $growth, 'control: a leak is seen');
my $one = house(conf => { journal_mode => 'truncate', log_level => 'error' });
$one->worker(env => inject($one, $delay));
my $waits = load($one, name => 'w', clients => 4);
$waits->wait_for(1);
my ($late) = beside($one, time + 2);
$waits->stop;
cmp_ok($late, '>', $soon_ms, 'control: with a database whose readers wait '
    . 'for the commit, so do keys');
control(sprintf 'journal_mode truncate: 401 p99 %.0f ms; 8 MiB lost a sync: '
    . 'memory %+d KiB', $late, $leaked);

finish();
