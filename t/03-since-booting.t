#!/usr/bin/perl
# The unit tests, on a machine that has booted at some other time: in a time
# namespace, where the monotonic clocks are set forward or back. The wall clock
# stays, so their difference, which differs from machine to machine, does too.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Proc qw(run);

my @units = grep { -x program($_) } map { s{.*/(t/unit/.*)\.c\z}{$1}r }
    glob '"' . source() . '/t/unit/*/*.c"';
plan skip_all => 'the unit tests are not built' if !@units;

my ($up) = split / /, slurp('/proc/uptime');
my %seconds = (
	'a second after booting' => 1 - int $up,
	# Where microseconds in 32 bits change their sign: whatever it is now,
	# it is the other one then. Milliseconds are negative besides.
	'weeks after booting' => (1 << 31) / 1_000_000 + (1 << 31) / 1000,
);

# Others than root need a namespace of users too, in which they stay who they
# are.
sub later {
	my ($seconds, @cmd) = @_;
	return run(cmd => ['unshare', $> == 0 ? () : '--map-current-user',
	    '--time', '--monotonic', int $seconds, '--boottime', int $seconds,
	    @cmd], seconds => 900 * slow());
}

# The control: the clock is another one.
my $there = later(100_000, 'cat', '/proc/uptime');
plan skip_all => 'no time namespace can be made: '
    . ($there->{err} =~ s/\s+\z//r) if $there->{exit} ne '0';
my ($then) = split / /, $there->{out};
cmp_ok($then - $up, '>=', 100_000, 'the clock can be set');

for my $when (sort keys %seconds) {
	my @failed;
	for my $unit (@units) {
		my $done = later($seconds{$when}, program($unit));
		next if $done->{exit} eq '0';
		push @failed, $unit;
		diag("$unit, exit $done->{exit}:\n$done->{out}$done->{err}");
	}
	is("@failed", '', "$when: " . @units . ' programs of tests pass');
}
done_testing();
