#!/usr/bin/perl
# The time of day goes a year forward, a year back, an hour back under load.
# Keys expire when they say, identifiers stay unique, and nothing waits by a
# clock that can be set: no request stalls, no peer is cut off early or late.

use strict;
use warnings;
use Fcntl qw(:flock);
use Test::More;
use Time::HiRes qw(time);
use Strongroom;
use Strongroom::Figure;
use Strongroom::FastCGI qw(fcgi_connect fcgi_begin fcgi_params fcgi_send
    fcgi_stdin fcgi_closed fcgi_read parse_cgi);
use Strongroom::Json qw(decode);
use Strongroom::Preload;
use Strongroom::Proc qw(start run reap launch pause wait_until);

my ($faketime) = glob '/usr/lib/*/faketime/libfaketimeMT.so.1';
plan skip_all => 'no libfaketime' if !$faketime;
plan skip_all => 'sanitizers want to be preloaded first' if slow() > 1;
alarm(full() ? 3600 : 300);

# In seconds: a request, what has a time-out of 1.5 or 2, a stop.
use constant { LONGEST => 3, LATEST => 6, STOP => 15 };

my $house = house(conf => { io_timeout_ms => 1500 });
# Where the worker may read when its sandbox is closed.
my $clock = "$house->{dir}/data/clock";
my %env = (LD_PRELOAD => $faketime, FAKETIME_TIMESTAMP_FILE => $clock,
    FAKETIME_NO_CACHE => 1, FAKETIME_DONT_FAKE_MONOTONIC => 1,
    DONT_FAKE_MONOTONIC => 1, NO_FAKE_STAT => 1, TZ => 'UTC');

# Set the time of day: an offset, or "@moment" from which it goes on.
sub set_clock {
	spew("$clock.new", "$_[0]\n");
	rename "$clock.new", $clock or die "$clock: $!";
}

set_clock('+0');
$house->worker(env => \%env);
my $body = '{"name":"n","integration_type":"jira"}';

# -- expiry

my $key = sub {
	my $out = $house->admin_ok(qw(key create --user u --expires), $_[0]);
	chomp $out;
	return $out;
};
my %key = (forever => $house->key, 'an hour' => $key->('1h'),
    'a year' => $key->('365d'));
# The very moment, as the database has it.
my ($end_of) = map { $_->{expires_at} =~ s/T/ /r =~ s/\..*//r } $house->rows(
    'SELECT expires_at FROM api_keys WHERE expires_at IS NOT NULL '
    . 'ORDER BY expires_at DESC LIMIT 1');
my ($day, $h, $m, $s) = split /[ :]/, $end_of;
my $later = $s < 59 ? sprintf('%s %02d:%02d:%02d', $day, $h, $m, $s + 1)
    : "$day 23:59:59";
my @clocks = (
	['+0', forever => 200, 'an hour' => 200, 'a year' => 200],
	['+59m', forever => 200, 'an hour' => 200, 'a year' => 200],
	['+61m', forever => 200, 'an hour' => 401, 'a year' => 200],
	['+366d', forever => 200, 'an hour' => 401, 'a year' => 401],
	['-366d', forever => 200, 'an hour' => 200, 'a year' => 200],
	["\@$day 00:00:00", forever => 200, 'an hour' => 401, 'a year' => 200],
	["\@$later", forever => 200, 'an hour' => 401, 'a year' => 401],
	['+0', forever => 200, 'an hour' => 200, 'a year' => 200],
);
my ($asked, $wrong) = (0, 0);
for my $case (@clocks) {
	my ($at, %due) = @$case;
	set_clock($at);
	for my $name (sort keys %due) {
		for my $door (qw(fcgi cgi)) {
			my $got = $house->$door(key => $key{$name}, body => $body,
			    $door eq 'cgi' ? (env => \%env) : ());
			is($got->{status}, $due{$name},
			    "clock $at, key of $name: $due{$name} ($door)")
			    || $wrong++;
			$asked++;
		}
	}
}
set_clock('+366d');
my $new = $house->admin(qw(key create --user later --expires 1h),
    { env => \%env });
chomp $new->{out};
is($house->fcgi(key => $new->{out}, body => $body)->{status}, 200,
    'the command line goes by the same clock');
set_clock('+367d');
is($house->fcgi(key => $new->{out}, body => $body)->{status}, 401,
    'and its keys end by it');

# -- a step under load

# Clients that save until the file is there; then what each got.
sub under_load {
	my ($house, $steps, $seconds) = @_;
	my $over = "$house->{dir}/over";
	unlink $over;
	my $wait = launch(6, sub {
		my (@ids, $slowest, $failed);
		$slowest = $failed = 0;
		while (!-e $over) {
			my $from = time;
			my $got = $house->fcgi(body => $body, seconds => 30);
			my $took = time - $from;
			$slowest = $took if $took > $slowest;
			my ($id) = $got->{body} =~ /"integration_id":"([^"]+)"/;
			$got->{status} == 200 && $id ? push @ids, $id : $failed++;
		}
		return ($slowest, $failed, @ids);
	});
	for my $step (@$steps) {
		pause($seconds);
		set_clock($step);
	}
	pause($seconds);
	spew($over, '');
	my @said = $wait->();
	my ($slowest, $failed, @ids) = (0, 0);
	for my $client (@said) {
		my ($took, $bad, @more) = @$client;
		$slowest = $took if $took > $slowest;
		$failed += $bad;
		push @ids, @more;
	}
	return ($slowest, $failed, @ids);
}

set_clock('+0');
my ($slowest, $failed, @ids) = under_load($house,
    [full() ? (('-1h', '+0') x 20) : ('-1h', '+0', '-1h'), '+365d', '-365d'],
    0.5);
my %unique = map { $_ => 1 } @ids;
cmp_ok(scalar @ids, '>', 100, 'there is a load');
is(scalar keys %unique, scalar @ids, 'each identifier is another');
is($failed, 0, 'and no save failed');
cmp_ok($slowest, '<', LONGEST, 'none took long') || diag("$slowest s");
my ($rows) = $house->rows('SELECT count(DISTINCT integration_id) AS n, '
    . 'count(*) AS all_of_them FROM integrations');
is($rows->{n}, $rows->{all_of_them}, 'nor is one stored twice');
cmp_ok($rows->{n}, '>=', scalar @ids, 'all are stored');

# -- deadlines

my @params = $house->fcgi_params_of(body => $body);
my $half = fcgi_begin(0) . fcgi_params(@params);
for my $step ('+365d', '-365d') {
	set_clock('+0');
	my $slow = fcgi_connect($house->{worker}{socket});
	my $stalled = fcgi_connect($house->{worker}{socket});
	fcgi_send($_, $half) for $slow, $stalled;
	pause(0.3);
	set_clock($step);
	pause(0.4);
	fcgi_send($slow, fcgi_stdin($body));
	my $got = parse_cgi(fcgi_read($slow, 20)->{stdout});
	is($got->{status}, 200, "clock $step: a slow peer is served");
	my $cut = fcgi_closed($stalled, 20);
	ok(defined $cut && $cut < LATEST, "clock $step: a stalled one is cut off");

	# The lock is held by another.
	set_clock('+0');
	open my $lock, '+<', "$house->{database}.lock" or die "lock: $!";
	flock $lock, LOCK_EX or die "flock: $!";
	my $wait = launch(1, sub {
		close $lock;
		my $from = time;
		my $status = $house->fcgi(body => $body, seconds => 30)->{status};
		return ($status, time - $from);
	});
	pause(0.4);
	set_clock($step);
	pause(0.4);
	close $lock;
	my ($said) = $wait->();
	is($said->[0], 200, "clock $step: a save waits for the lock");
	open $lock, '+<', "$house->{database}.lock" or die "lock: $!";
	flock $lock, LOCK_EX or die "flock: $!";
	$wait = launch(1, sub {
		close $lock;
		my $from = time;
		my $status = $house->fcgi(body => $body, seconds => 30)->{status};
		return ($status, time - $from);
	});
	pause(0.2);
	set_clock('+0');
	($said) = $wait->();
	close $lock;
	is($said->[0], 503, "clock $step: but not for ever");
	cmp_ok($said->[1], '<', LATEST, 'for about as long as busy_timeout_ms');
}
my @odd = grep { $_ <= 0 || $_ > 30e6 }
    map { /\bduration_us=(\S+)/ ? $1 : () } $house->log_lines;
is("@odd", '', 'no request lasts as long as the clock was set by');

set_clock('-1h');
my $end = $house->stop_worker;
is($end->{exit}, 0, 'the worker ends in order');
cmp_ok($end->{seconds}, '<', STOP, 'and soon');
figure("$asked answers by keys with an end, $wrong wrong (0); " . @ids
    . ' saves around steps of the clock, ' . (@ids - keys %unique)
    . sprintf(' identifiers twice (0), %d failed (0), the slowest %.0f ms '
    . '(%d)', $failed, 1000 * $slowest, 1000 * LONGEST));

# The control: identifiers of the time of day alone.
set_clock('+0');
my $ids = "$house->{dir}/ids";
my $pid = start(cmd => [tool('clock_id'), 1000], stdout => $ids,
    stderr => $ids, env => Strongroom::clean_env(%env));
pause(0.5);
set_clock('-1h');
reap($pid, 60);
my @made = grep { /\A\d+\z/ } split /\n/, slurp($ids);
my ($newest, $back) = (0, 0);
for my $id (@made) {
	$back++ if $id <= $newest;
	$newest = $id if $id > $newest;
}
cmp_ok($back, '>', @made / 10, 'ids of the time of day alone go back with it');
control("of " . @made . " ids of the time of day alone, $back are not newer "
    . 'than one before');
finish();
